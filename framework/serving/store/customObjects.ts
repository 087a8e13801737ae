/** Files kept with a model: vocabularies, thresholds, whatever the one who runs it needs beside the graph. */
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Exception } from "../../base/errors.js";
import { customObjectsFolder } from "./Model.js";
import { isObject } from "../runner/methodSignatures.js";

/** A text is the path of a file or folder, bytes are a file's contents, anything else becomes NAME.json. */
export type CustomObject = string | Uint8Array | number | boolean | null | object;
export type CustomObjects = Readonly<Record<string, CustomObject>>;

const fileName = /^[A-Za-z0-9_][-.\w]*$/;

/** What will be written, by file name: checked before anything is. @throws Configuration, FileOpenError */
export function checkCustomObjects(given: unknown, where: string): ReadonlyMap<string, string | Uint8Array> {
  if (!isObject(given)) throw wrong(where, "customObjects must be an object: {vocabulary: 'vocabulary.txt'}");
  const files = new Map<string, string | Uint8Array>();
  for (const [name, object] of Object.entries(given)) {
    if (!fileName.test(name))
      throw wrong(
        where,
        `custom object '${name}': the name must be that of a file, of letters, digits, _, - and .`,
      );
    const [file, contents] = asFile(name, object, where);
    if (files.has(file)) throw wrong(where, `custom objects '${name}' and another one are both '${file}'`);
    files.set(file, contents);
  }
  return files;
}

function asFile(name: string, object: unknown, where: string): [string, string | Uint8Array] {
  if (object instanceof Uint8Array) return [name, object];
  if (typeof object === "string") {
    if (existsSync(object)) return [name, object];
    const problem = `custom object '${name}': there is no file '${object}'; a text itself is given as Buffer.from(text)`;
    throw new Exception("FileOpenError", `${where}: ${problem}.`);
  }
  let json: string | undefined;
  try {
    json = JSON.stringify(object, undefined, 1);
  } catch (error) {
    throw wrong(where, `custom object '${name}' cannot be written as JSON: ${(error as Error).message}`);
  }
  if (json === undefined)
    throw wrong(
      where,
      `custom object '${name}' is of type ${typeof object}; give a path, bytes or a JSON value`,
    );
  return [name.endsWith(".json") ? name : `${name}.json`, Buffer.from(`${json}\n`)];
}

/** @param folder the model's */
export function writeCustomObjects(files: ReadonlyMap<string, string | Uint8Array>, folder: string): void {
  if (files.size === 0) return;
  const target = join(folder, customObjectsFolder);
  mkdirSync(target);
  for (const [name, contents] of files) {
    const path = join(target, name);
    if (typeof contents === "string") cpSync(contents, path, { recursive: true, dereference: true });
    else writeFileSync(path, contents);
  }
}

function wrong(where: string, what: string): Exception {
  return new Exception("Configuration", `${where}: ${what}.`);
}
