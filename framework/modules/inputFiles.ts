/** The files a source is given, as paths on this machine. */
import { existsSync, statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { Exception } from "../base/errors.js";
import { getSearchPath } from "../parameters/fileInPath.js";

/**
 * The full path of an input file: as given, else below a directory of the search path; `file:` in front is dropped.
 * @throws FileOpenError when it is not there or is a directory.
 */
export function resolveInputFile(name: string, source: string): string {
  const path = name.replace(/^file:/, "");
  const candidates = isAbsolute(path) ? [path] : [resolve(path), ...getSearchPath().map((directory) => join(directory, path))];
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found === undefined) {
    throw new Exception("FileOpenError", `${source}: input file '${name}' is not there; check fileNames (looked for ${candidates[0]}).`);
  }
  if (statSync(found).isDirectory()) throw new Exception("FileOpenError", `${source}: input file '${found}' is a directory; name the files in it.`);
  return found;
}
