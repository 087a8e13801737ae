/** One model of a store: its folder, what its model.yaml says, and the files kept with it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suggestion } from "../../base/didYouMean.js";
import { contentHash } from "../../base/contentHash.js";
import { Exception } from "../../base/errors.js";
import type { ConcreteFunction } from "../../tensorflow/ConcreteFunction.js";
import { concreteFunctionOf, loadMetaGraphDef } from "../../tensorflow/savedmodel/SavedModel.js";
import { Runner } from "../runner/Runner.js";
import type { RunnerOptions } from "../runner/runnerOptions.js";
import type { RunnerMethod } from "../runner/RunnerMethod.js";
import { infoFile, type ModelInfo, parseInfo } from "./ModelInfo.js";
import { signatureKey } from "../runner/methodSignatures.js";
import type { Tag } from "./Tag.js";

/** The folder of custom objects in a model's own. */
export const customObjectsFolder = "custom_objects";
/** BentoML's: a pickle, listed and not read. */
const pickledObjects = "custom_objects.pkl";

export class Model {
  /** @throws InvalidModel when the folder has no model.yaml that can be read */
  constructor(
    /** A SavedModel's directory, with model.yaml in it. */
    readonly path: string,
    readonly info: ModelInfo = readInfo(path),
  ) {}

  get tag(): Tag {
    return this.info.tag;
  }

  /** How its methods may be called, by their names. */
  get signatures(): ModelInfo["signatures"] {
    return this.info.signatures;
  }

  get labels(): ModelInfo["labels"] {
    return this.info.labels;
  }

  get metadata(): ModelInfo["metadata"] {
    return this.info.metadata;
  }

  get creationTime(): Date {
    return new Date(this.info.creationTimeUs / 1000);
  }

  /** The files kept with the model, name → path. */
  get customObjects(): Readonly<Record<string, string>> {
    const folder = join(this.path, customObjectsFolder);
    const names = existsSync(folder) ? readdirSync(folder).sort() : [];
    const pickled = join(this.path, pickledObjects);
    return {
      ...Object.fromEntries(names.map((name) => [name, join(folder, name)])),
      ...(existsSync(pickled) ? { [pickledObjects]: pickled } : {}),
    };
  }

  /** The bytes of a custom object; what was a JSON value, under NAME.json or NAME, is parsed. @throws NotFound */
  readCustomObject(name: string): unknown {
    const objects = this.customObjects;
    const path = objects[name] ?? objects[`${name}.json`];
    if (path === undefined)
      throw new Exception(
        "NotFound",
        `model '${this.tag}' has no custom object '${name}'${suggestion(name, Object.keys(objects))}`,
      );
    const bytes = readFileSync(path);
    return path.endsWith(".json") ? JSON.parse(bytes.toString("utf8")) : bytes;
  }

  /** The sha256 of all its files as they are now, but for model.yaml. */
  hash(): string {
    return contentHash(this.path, [infoFile]);
  }

  /** @throws InvalidModel when its files are not those that were saved */
  check(): void {
    const { contentHash: saved } = this.info;
    const found = this.hash();
    if (saved === undefined || saved === found) return;
    throw new Exception(
      "InvalidModel",
      `model '${this.tag}' is damaged: its files have sha256 ${found}, those that were saved ${saved}; ` +
        "delete it, and import or save it again.",
    );
  }

  /**
   * A runner of its methods; `toRunner<"predict">()` tells TypeScript their names.
   * @throws Configuration for options that are not allowed; nothing is loaded before Runner.initLocal
   */
  toRunner<Method extends string = "__call__">(
    options?: RunnerOptions,
  ): Runner & { readonly [M in Method]: RunnerMethod } {
    return new Runner(this, options) as Runner & { readonly [M in Method]: RunnerMethod };
  }

  /**
   * The function of a method: the SavedModel's signature of that name; for __call__ also serving_default, or the only one.
   * @throws InvalidMetaGraphDef when there is no such signature
   */
  concreteFunction(method = "__call__"): ConcreteFunction {
    const metaGraph = loadMetaGraphDef(this.path);
    const key = signatureKey(
      metaGraph.signatures.map(({ key }) => key),
      method,
    );
    return concreteFunctionOf(metaGraph, this.path, key);
  }
}

function readInfo(path: string): ModelInfo {
  const file = join(path, infoFile);
  try {
    return parseInfo(readFileSync(file, "utf8"), file);
  } catch (error) {
    if (error instanceof Exception) throw error;
    throw new Exception("InvalidModel", `'${path}' is no model of a store: there is no ${infoFile} in it.`, {
      cause: error,
    });
  }
}
