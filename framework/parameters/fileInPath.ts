/**
 * FileInPath: a path that is looked for in a list of directories, as CMSSW's search path. The list is set once per
 * thread by the host (package of the config, working directory, the site's list, cmsrun's own package).
 * "model:NAME:VERSION" is the folder of a model in the model store.
 */
import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { Exception } from "../base/errors.js";
import { isModelReference, resolveModelPath } from "../base/modelPath.js";

let searchPath: readonly string[] = [];

export function setSearchPath(directories: readonly string[]): void {
  searchPath = directories;
}

export function getSearchPath(): readonly string[] {
  return searchPath;
}

/** The full path of the first file found. @throws FileInPathError naming every directory looked in; ModelNotFound */
export function fullPath(path: string): string {
  if (isModelReference(path)) return resolveModelPath(path);
  if (isAbsolute(path)) {
    if (existsSync(path)) return path;
  } else {
    for (const directory of searchPath) {
      const candidate = join(directory, path);
      if (existsSync(candidate)) return candidate;
    }
  }
  const looked = isAbsolute(path) ? "" : ` Looked in: ${searchPath.join(", ")}.`;
  throw new Exception(
    "FileInPathError",
    `cms.FileInPath: file '${path}' not found.${looked} Correct the path, or add its directory to CMSRUN_SEARCH_PATH.`,
  );
}
