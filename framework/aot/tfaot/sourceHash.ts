/** What a model was compiled from, as digests, so that old scores are never taken for those of a changed model. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Exception } from "../../base/errors.js";
import { compileCommand, sha256, shortest, type ToolFile } from "./toolFile.js";

/** Hex digest of all files of a SavedModel, with their names. */
export function savedModelHash(directory: string): string {
  const hash = createHash("sha256");
  const names = readdirSync(directory, { recursive: true }).map((name) => String(name).replaceAll("\\", "/"));
  for (const name of names.sort()) {
    const path = join(directory, name);
    if (statSync(path).isFile()) hash.update(`${name}\0${statSync(path).size}\0`).update(readFileSync(path));
  }
  return hash.digest("hex");
}

export function configHash(file: string): string {
  return sha256(readFileSync(file));
}

/**
 * Compares a tool with the sources it names, where they still are.
 * @throws FormatIncompatibility naming what has changed and the compile command
 */
export function checkSources(tool: ToolFile, toolFile: string): void {
  const { source, model } = tool;
  const sources = [
    { path: source.config, hash: source.configHash, digest: configHash },
    { path: source.savedModel, hash: source.savedModelHash, digest: savedModelHash },
  ];
  for (const { path, hash, digest } of sources) {
    const found = path === undefined ? undefined : resolve(dirname(toolFile), path);
    if (found === undefined || !existsSync(found) || digest(found) === hash) continue;
    throw new Exception(
      "FormatIncompatibility",
      `compiled model '${model.name}' no longer fits '${shortest(found)}', which has changed since; compile again: ` +
        compileCommand(tool, toolFile),
    );
  }
}
