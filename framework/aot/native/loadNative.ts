/**
 * Loads compiled native code into this thread: through a file of the user's own folder, named by what it contains, and
 * binds it to the memory of a model. What it gives back is a JavaScript function without arguments.
 */
import { chmodSync, lstatSync, mkdirSync, readFileSync, utimesSync } from "node:fs";
import { constants, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { Exception } from "../../base/errors.js";
import { replaceFile } from "../../base/replaceFile.js";
import { withNativeLock } from "../../base/nativeLock.js";
import { removeOld } from "../engine/removeOld.js";
import { checkSeal } from "./seal.js";

interface Addon {
  bind(bytes: Uint8Array, arena: number, constants: Float64Array): () => void;
}

/** What is used of a WebAssembly.Memory: its base address stays where it is when it grows. */
export interface NativeMemory {
  readonly buffer: ArrayBufferLike;
}

export interface LoadOptions {
  /** Where the files lie that the system loads; made when missing, must be the user's alone. */
  readonly directory?: string;
}

/** Runs the program once, on the arena that it was bound to; keeps the memory alive. */
export type NativeRun = (() => void) & { readonly memory: NativeMemory };

/**
 * Gives what binds the program to an arena (a byte offset in the memory, as are constantAddresses).
 *
 * @throws FileReadError when the bytes are damaged or not this program's, UnavailableAccelerator when the CPU lacks
 * what they were compiled for, FileWriteError when the folder cannot be used
 */
export function loadNative(
  code: Uint8Array,
  memory: NativeMemory,
  constantAddresses: readonly number[],
  options: LoadOptions = {},
): (arena: number) => NativeRun {
  const addon = openAddon(fileOf(code, options.directory ?? defaultDirectory()));
  const addresses = Float64Array.from(constantAddresses);
  return (arena) => {
    const run = addon.bind(new Uint8Array(memory.buffer), arena, addresses);
    return Object.assign(run, { memory });
  };
}

const dayMs = 86_400_000;
/** What no process has loaded for so long is written again where it is wanted. */
const keptDays = 30;

function defaultDirectory(): string {
  return join(tmpdir(), `cmsrun-native-${userInfo().uid}`);
}

/** The path of a file with these bytes: written under another name first, so that no thread loads half of one. */
function fileOf(code: Uint8Array, directory: string): string {
  const path = join(directory, `${checkSeal(code)}.node`);
  try {
    makePrivate(directory);
    if (isSame(path, code)) return stillUsed(path);
    replaceFile(path, code, 0o600);
    removeOld(directory, keptDays);
  } catch (error) {
    if (error instanceof Exception) throw error;
    throw new Exception("FileWriteError", `cannot write native code "${path}": ${(error as Error).message}.`);
  }
  return path;
}

/** Dates the file anew once a day, so that no other process removes it as an old one. */
function stillUsed(path: string): string {
  const now = Date.now();
  if (now - lstatSync(path).mtimeMs > dayMs) utimesSync(path, now / 1000, now / 1000);
  return path;
}

/** Code that others could have written is not loaded. */
function makePrivate(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const stats = lstatSync(directory);
  const { uid } = userInfo();
  if (!stats.isDirectory() || (uid >= 0 && stats.uid !== uid))
    throw new Exception("FileWriteError", `"${directory}" is not a folder of user ${uid}; remove it.`);
  if ((stats.mode & 0o077) !== 0) chmodSync(directory, 0o700);
}

function isSame(path: string, code: Uint8Array): boolean {
  try {
    return lstatSync(path).isFile() && readFileSync(path).equals(code);
  } catch {
    return false;
  }
}

function openAddon(path: string): Addon {
  const module = { exports: {} as Addon };
  try {
    withNativeLock(() => process.dlopen(module, path, constants.dlopen.RTLD_NOW));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "MISSING_FEATURE")
      throw new Exception(
        "UnavailableAccelerator",
        `native code was compiled for a CPU with ${message}, which this one lacks; compile on this machine or use engineTarget "wasm".`,
      );
    throw new Exception(
      "FileReadError",
      `native code "${path}" cannot be loaded: ${message}; compile on this machine or use engineTarget "wasm".`,
    );
  }
  return module.exports;
}
