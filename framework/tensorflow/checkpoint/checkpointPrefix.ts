/** Which checkpoint a path means: any of its files, the state file `checkpoint`, its folder, or a SavedModel's. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { Exception } from "../../base/errors.js";
import { latestCheckpoint } from "./checkpointState.js";
import { VariablesBundle } from "./VariablesBundle.js";

const suffix = /\.(index|meta|data-\d{5}-of-\d{5})$/;

/**
 * The path that a checkpoint's files begin with.
 * @throws InvalidSession when there is none, saying what is missing, and when a folder has several and no latest
 */
export function checkpointPrefix(path: string): string {
  const found = findCheckpoint(path);
  if (found !== undefined) return found;
  const prefix = path.replace(suffix, "");
  if (isFolder(path)) {
    const indexes = indexesIn(path);
    if (indexes.length > 1) throw invalid(path, "has several and no file 'checkpoint'", indexes);
    throw invalid(path, "is a folder without a checkpoint: there is neither 'checkpoint' nor an .index file");
  }
  if (prefix !== path && existsSync(path))
    throw invalid(path, `is part of it, but '${prefix}.index' is missing`);
  if (existsSync(path)) {
    throw invalid(
      path,
      "is no file of TensorFlow's V2 format (.index and .data-…); one of the old format is rewritten by a Saver",
    );
  }
  throw invalid(path, `is not there: '${prefix}.index' is missing`);
}

/** The prefix of an existing checkpoint; undefined where the path is something else. @throws as latestCheckpoint */
export function findCheckpoint(path: string): string | undefined {
  const prefix = [path, path.replace(suffix, "")].find((candidate) => VariablesBundle.exists(candidate));
  if (prefix !== undefined) return prefix;
  if (!isFolder(path)) {
    const isState = basename(path) === "checkpoint" && existsSync(path);
    return isState ? latestCheckpoint(path) : undefined;
  }
  if (existsSync(join(path, "checkpoint"))) return latestCheckpoint(join(path, "checkpoint"));
  const variables = join(path, "variables", "variables");
  if (VariablesBundle.exists(variables)) return variables;
  const indexes = indexesIn(path);
  return indexes.length === 1 ? join(path, (indexes[0] as string).slice(0, -".index".length)) : undefined;
}

function indexesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith(".index"));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function invalid(path: string, what: string, names: readonly string[] = []): Exception {
  const shown = names.map((name) => `'${name.replace(/\.index$/, "")}'`).sort();
  const which = shown.length > 0 ? `; name one of ${shown.slice(0, 12).join(", ")}` : "";
  return new Exception("InvalidSession", `checkpoint '${path}' ${what}${which}.`);
}
