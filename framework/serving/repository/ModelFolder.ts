/**
 * Where a model's files lie: Triton's layout, <name>/config.pbtxt with <name>/<version>/model.savedmodel (or a frozen
 * graph), or one model without versions. Read anew at every load.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { Exception } from "../../base/errors.js";
import { isSavedModel } from "../../tensorflow/savedmodel/SavedModel.js";
import { type ModelConfig, parseConfigText } from "./ModelConfig.js";

export interface ModelVersion {
  readonly version: string;
  /** A SavedModel's directory or a frozen graph. */
  readonly path: string;
}

/** What loadGraph reads, by the names that it has in a version's directory. */
const fileNames = [
  "model.savedmodel",
  "model.pb",
  "graph.pb",
  "model.graphdef",
  "model.pbtxt",
  "graph.pb.txt",
];
const configName = "config.pbtxt";

export class ModelFolder {
  constructor(
    readonly name: string,
    /** The folder of the model's versions, or a model itself. */
    readonly path: string,
  ) {}

  /** @throws Configuration */
  readConfig(): ModelConfig {
    const path = join(this.path, configName);
    if (!isDirectory(this.path) || !existsSync(path)) return {};
    const config = parseConfigText(readFileSync(path, "utf8"), `'${path}'`);
    if (config.name === undefined || config.name === this.name) return config;
    throw new Exception(
      "Configuration",
      `'${path}' is of a model '${config.name}', but lies in the folder of '${this.name}': give both one name.`,
    );
  }

  /** Ascending. A model without versions is version 1. */
  versions(config: ModelConfig): ModelVersion[] {
    if (!isDirectory(this.path) || isSavedModel(this.path)) return [{ version: "1", path: this.path }];
    return versionNames(this.path).map((version) => ({ version, path: this.#file(version, config) }));
  }

  /** A file that the configuration names. @throws Configuration when there is none */
  readFile(name: string, what: string): Buffer {
    const path = join(this.path, name);
    // A configuration may come from a client: it reads nothing outside of its model.
    if (!name.split(/[\\/]/).includes("..") && existsSync(path)) return readFileSync(path);
    throw new Exception(
      "Configuration",
      `model '${this.name}': ${what} '${name}' is no file in '${this.path}'.`,
    );
  }

  #file(version: string, { default_model_filename: wanted }: ModelConfig): string {
    const directory = join(this.path, version);
    if (wanted !== undefined && wanted === basename(wanted)) return join(directory, wanted);
    const found = fileNames.find((name) => existsSync(join(directory, name)));
    // As TensorFlow Serving has it: the version's directory is the SavedModel.
    return found === undefined && isSavedModel(directory)
      ? directory
      : join(directory, found ?? "model.savedmodel");
  }
}

/** The models of a folder, by name. @throws Configuration when it is none */
export function modelsIn(folder: string): ModelFolder[] {
  if (!isDirectory(folder))
    throw new Exception("Configuration", `the model repository '${folder}' is no directory.`);
  return readdirSync(folder)
    .filter((name) => !name.startsWith(".") && isDirectory(join(folder, name)))
    .sort()
    .map((name) => new ModelFolder(name, join(folder, name)));
}

/** Those that the policy wants; without one the newest. @throws Configuration for one that is not there */
export function chosenVersions(
  found: readonly ModelVersion[],
  { version_policy: policy }: ModelConfig,
): ModelVersion[] {
  if (policy?.all) return [...found];
  if (policy?.specific) {
    return (policy.specific.versions ?? []).map((wanted) => {
      const version = found.find((one) => one.version === String(wanted));
      if (version) return version;
      const there = found.map((one) => one.version).join(", ") || "none";
      throw new Exception("Configuration", `version ${wanted} is wanted, but there is ${there}.`);
    });
  }
  const count = Math.max(1, policy?.latest?.num_versions ?? 1);
  return found.slice(-count);
}

function versionNames(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /^[1-9]\d{0,17}$/.test(name) && isDirectory(join(folder, name)))
    .sort((a, b) => Number(a) - Number(b));
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
