/** The hashes that a reference keeps of all that its job read, and what has changed since. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { isAbsolute, join, relative, sep } from "node:path";
import { contentHash } from "../base/contentHash.js";
import { Exception } from "../base/errors.js";
import { configFiles } from "../config/origin.js";
import type { ComponentDescription, ProcessDescription } from "../config/ProcessDescription.js";
import { resolveInputFile } from "../modules/inputFiles.js";
import { definedPlugin } from "../modules/PluginFactory.js";
import { fullPath } from "../parameters/fileInPath.js";
import { validateParameters } from "../parameters/validateParameters.js";
import type { Parameters, TypedValue } from "../parameters/values.js";
import { type FileHashes, hashKinds, type Reference } from "./referenceFolder.js";

/** Of a job that has run, so that its plugins are loaded: their defaults count too. */
export function referenceHashes(
  description: ProcessDescription,
  searchPath: readonly string[],
): Reference["hashes"] {
  const components = [
    ...description.modules,
    ...description.services,
    ...description.esModules,
    description.source,
  ];
  const models = components.flatMap((component) => modelFiles(allParameters(component)));
  const inputs = inputFiles(allParameters(description.source));
  return {
    configs: hashed(configFiles(), searchPath),
    models: hashed(models, searchPath),
    inputs: hashed(inputs, searchPath),
  };
}

function allParameters({ type, parameters, where }: ComponentDescription): Parameters {
  const plugin = definedPlugin(type);
  return plugin
    ? validateParameters({ name: type, where }, plugin.description, parameters, false)
    : parameters;
}

/** Every file that a FileInPath names, at any depth; all files of a folder (a SavedModel). */
function modelFiles(parameters: Parameters): string[] {
  return Object.values(parameters).flatMap(({ kind, value }: TypedValue) => {
    if (kind === "FileInPath") return filesIn(fullPath(value as string));
    if (kind === "PSet") return modelFiles(value as Parameters);
    return kind === "VPSet" ? (value as readonly Parameters[]).flatMap(modelFiles) : [];
  });
}

function filesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path, { recursive: true }).map(String);
  return names.map((name) => join(path, name)).filter((file) => statSync(file).isFile());
}

/** What the source reads, by CMSSW's names: fileNames, secondaryFileNames, fileName. */
function inputFiles(parameters: Parameters): string[] {
  const named = Object.entries(parameters).filter(
    ([name, { kind }]) => /fileNames?$/i.test(name) && /^v?string$/.test(kind),
  );
  return named.flatMap(([name, { value }]) =>
    [value as string | readonly string[]].flat().map((file) => resolveInputFile(file, name)),
  );
}

function hashed(files: readonly string[], searchPath: readonly string[]): FileHashes {
  const named = new Map(files.map((file) => [searchName(file, searchPath), file]));
  return Object.fromEntries(
    [...named].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, file]) => [name, contentHash(file)]),
  );
}

/** `file` as every machine can find it. @throws Configuration when it lies outside of the search path. */
function searchName(file: string, searchPath: readonly string[]): string {
  for (const directory of searchPath) {
    const name = relative(directory, file);
    if (!name.startsWith("..") && !isAbsolute(name)) return name.split(sep).join("/");
  }
  const remedy = `move it into ${searchPath[0]}, or add its folder to CMSRUN_SEARCH_PATH`;
  throw new Exception(
    "Configuration",
    `the job reads '${file}', which nobody else who runs the reference will have; ${remedy}.`,
  );
}

/** What is no longer as recorded, each as `model data/models/x.pb changed`. */
export function changesSince({ hashes }: Reference, searchPath: readonly string[]): string[] {
  return hashKinds.flatMap((kind) =>
    Object.entries(hashes[kind]).flatMap(([name, hash]) => {
      const file = searchPath.map((directory) => join(directory, name)).find((path) => existsSync(path));
      const what = `${kind.slice(0, -1)} ${name}`;
      if (file === undefined) return [`${what} is gone`];
      return contentHash(file) === hash ? [] : [`${what} changed`];
    }),
  );
}
