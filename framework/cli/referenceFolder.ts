/**
 * A kept reference: data/references/<config name>/ of the config's package, with one event file for each output module
 * and reference.json, which says how they were made. Nothing in it depends on when, where or by how many threads.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Exception } from "../base/errors.js";

/** Name of a file, as found on the search path, to the sha256 of its contents. */
export type FileHashes = { readonly [name: string]: string };

export const hashKinds = ["configs", "models", "inputs"] as const;

export interface Reference {
  /** Relative to the package, as are all names of files that are in it. */
  readonly config: string;
  readonly arguments: readonly string[];
  /** The version of cmsrun that recorded it. */
  readonly cmsrun: string;
  /** For floating-point fields; 0 and 0: every value must be the same. May be edited: recording again keeps them. */
  readonly tolerances: { readonly rtol: number; readonly atol: number };
  /** The output modules by label, and their files in this folder. */
  readonly outputs: { readonly [label: string]: string };
  /** The config with what it imports and loads; every FileInPath; the source's files. */
  readonly hashes: { readonly [kind in (typeof hashKinds)[number]]: FileHashes };
}

const fileName = "reference.json";
export const referencesFolder = (packageFolder: string) => join(packageFolder, "data", "references");
export const configName = (config: string) => basename(config).replace(/\.[cm]?[jt]s$/, "");

/** The names of a package's references, sorted. */
export function listReferences(packageFolder: string): string[] {
  const folder = referencesFolder(packageFolder);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => !name.startsWith(".") && existsSync(join(folder, name, fileName)))
    .sort();
}

/** Undefined when there is none. @throws FileReadError when its reference.json is damaged. */
export function readReference(folder: string): Reference | undefined {
  const path = join(folder, fileName);
  if (!existsSync(path)) return undefined;
  const problem = (why: string) =>
    new Exception(
      "FileReadError",
      `'${path}' cannot be used: ${why}; record it again: cmsrun --record CONFIG`,
    );
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw problem((error as Error).message);
  }
  const wrong = Object.entries(shape).find(
    ([name, fits]) => !fits((parsed as Record<string, unknown> | null)?.[name]),
  );
  if (wrong) throw problem(`'${wrong[0]}' is missing or of the wrong form`);
  return parsed as Reference;
}

const isText = (value: unknown) => typeof value === "string";
const isTexts = (value: unknown) =>
  typeof value === "object" && value !== null && Object.values(value).every(isText);
const isTolerance = (value: unknown) => typeof value === "number" && value >= 0;
const shape: { readonly [name in keyof Reference]: (value: unknown) => boolean } = {
  config: isText,
  arguments: (value) => Array.isArray(value) && isTexts(value),
  cmsrun: isText,
  tolerances: (value) =>
    ["rtol", "atol"].every((name) => isTolerance((value as Record<string, unknown> | null)?.[name])),
  outputs: isTexts,
  hashes: (value) => hashKinds.every((kind) => isTexts((value as Record<string, unknown> | null)?.[kind])),
};

/** The empty folder in which a new reference is made, beside the one it will replace. */
export function temporaryReference(folder: string): string {
  const temporary = join(folder, "..", `.${basename(folder)}.${process.pid}`);
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { recursive: true });
  return temporary;
}

/** Completes what was made in `temporary` and puts it in the place of `folder`. */
export function keepReference(folder: string, temporary: string, reference: Reference): void {
  writeFileSync(join(temporary, fileName), `${JSON.stringify(reference, undefined, 2)}\n`);
  const old = `${temporary}.old`;
  if (existsSync(folder)) renameSync(folder, old);
  renameSync(temporary, folder);
  rmSync(old, { recursive: true, force: true });
}
