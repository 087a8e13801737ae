/** What inferencers found, as files: histograms as UHI JSON, scalars as plain JSON. Equal results give equal bytes. */
import { accessSync, constants } from "node:fs";
import { dirname, resolve } from "node:path";
import { Exception } from "../base/errors.js";
import { replaceFile } from "../base/replaceFile.js";
import type { InferenceResult } from "./Inferencer.js";

/** Histograms by name, as uhi.io.json reads them in Python. @throws FileWriteError; nothing half-written stays */
export function writeHistograms(path: string, { histograms }: InferenceResult): void {
  write(path, histograms);
}

/** Scalars by name; null for those that are not finite. @throws FileWriteError; nothing half-written stays */
export function writeScalars(path: string, { scalars }: InferenceResult): void {
  write(path, scalars);
}

/** For the start of a job that writes `path` at its end. @throws FileWriteError when its folder cannot be written to */
export function mustBeWritable(path: string): void {
  try {
    accessSync(dirname(resolve(path)), constants.W_OK);
  } catch (error) {
    throw refused(path, error);
  }
}

function write(path: string, value: object): void {
  try {
    replaceFile(path, `${JSON.stringify(value, null, 1)}\n`);
  } catch (error) {
    throw refused(path, error);
  }
}

function refused(path: string, error: unknown): Exception {
  const why = (error as Error).message;
  return new Exception(
    "FileWriteError",
    `'${path}' cannot be written: ${why}; name a file in a folder of yours.`,
  );
}
