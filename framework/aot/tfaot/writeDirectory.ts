/** Puts a directory in place whole: whoever reads it sees the old files or the new ones, never some of each. */
import { existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { Exception } from "../../base/errors.js";
import type { Files } from "./packageFiles.js";

/**
 * Writes `files` as the whole contents of `directory`, which may hold an earlier compilation of the same tool.
 * @throws Configuration when it holds anything else, which is left alone; FileWriteError
 */
export function writeDirectory(directory: string, tool: string, files: Files): void {
  const target = realDirectory(directory);
  checkReplaceable(target, directory, tool);
  const fresh = `${target}.${process.pid}.new`;
  const old = `${target}.${process.pid}.old`;
  try {
    for (const [path, contents] of files) {
      mkdirSync(dirname(join(fresh, path)), { recursive: true });
      writeFileSync(join(fresh, path), contents);
    }
    if (existsSync(target)) renameSync(target, old);
    renameSync(fresh, target);
    rmSync(old, { recursive: true, force: true });
  } catch (error) {
    if (existsSync(old) && !existsSync(target)) renameSync(old, target);
    const why = (error as Error).message;
    throw new Exception("FileWriteError", `output directory '${directory}' cannot be written: ${why}.`);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** Full path without links, also of a directory that is still to come. */
export function realDirectory(directory: string): string {
  const path = resolve(directory);
  if (existsSync(path)) return realpathSync(path);
  const above = dirname(path);
  return above === path ? path : join(realDirectory(above), basename(path));
}

function checkReplaceable(target: string, shown: string, tool: string): void {
  const foreign = existsSync(target) ? foreignEntries(target, tool) : [];
  if (foreign.length === 0) return;
  const what = foreign.length > 3 ? `${foreign.slice(0, 3).join(", ")}, …` : foreign.join(", ");
  throw new Exception(
    "Configuration",
    `output directory '${shown}' holds what is not of ${tool} (${what}); give each model an empty directory of its own.`,
  );
}

/** Entries that no earlier compilation of the tool has written. */
function foreignEntries(directory: string, tool: string): string[] {
  const entries = readdirSync(directory);
  if (!entries.includes(`${tool}.json`)) return entries;
  const own = new Set([
    "lib",
    "include",
    "model.ts",
    "model.js",
    "model.d.ts",
    "package.json",
    `${tool}.json`,
  ]);
  return entries.filter((entry) => !own.has(entry) && !/(_bs\d+\.(wasm|node)|\.weights)$/.test(entry));
}
