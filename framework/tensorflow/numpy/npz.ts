/** NumPy's .npz files (np.savez, np.savez_compressed): a zip of .npy files, and the reading of either kind from disk. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { crc32 } from "node:zlib";
import type * as Fflate from "fflate";
import { Exception } from "../../base/errors.js";
import { replaceFile } from "../../base/replaceFile.js";
import { Tensor, type TensorLike } from "../Tensor.js";
import { decodeNpy, encodeNpy } from "./npy.js";

/** No time enters the file; zip's years begin here. */
const noTime = new Date(1980, 0, 1);
/** A zip without its 64-bit extension is no longer than this. */
const maxZipBytes = 2 ** 32 - 1;
const endOfDirectory = 0x06054b50;
const directoryEntry = 0x02014b50;

/** Loaded when the first file is: jobs without one need not pay for it. */
const fflate = () => createRequire(import.meta.url)("fflate") as typeof Fflate;

/**
 * The arrays of a .npz file by their names, in the file's order.
 * @throws FileOpenError when it cannot be opened; InvalidSession naming the file when it is damaged or holds what is
 *   no array of numbers or strings
 */
export function loadNpz(path: string): Map<string, Tensor> {
  return aboutFile(path, (bytes) => {
    const members = Object.entries(unzip(bytes)).filter(([name]) => name.endsWith(".npy"));
    return new Map(
      members.map(([name, member]) => {
        const key = name.slice(0, -".npy".length);
        const array = naming(key, () => decodeNpy(member));
        if (array instanceof Tensor) return [key, array];
        throw invalid(`'${key}' is a pickled dictionary; save its arrays with np.savez`);
      }),
    );
  });
}

/**
 * The array in a .npy file; of a dictionary that np.save was given, its arrays by their names.
 * @throws as loadNpz
 */
export function loadNpy(path: string): Tensor | Map<string, Tensor> {
  return aboutFile(path, decodeNpy);
}

/**
 * Writes arrays so that np.load reads them; the same arrays give the same bytes.
 * @param arrays sorted by their names in the file
 * @throws InvalidTensor as encodeNpy; FileWriteError
 */
export function saveNpz(
  path: string,
  arrays: ReadonlyMap<string, TensorLike> | Readonly<Record<string, TensorLike>>,
  { compressed = false }: { readonly compressed?: boolean } = {},
): void {
  const sorted = [...(arrays instanceof Map ? arrays : Object.entries(arrays))] as [string, TensorLike][];
  sorted.sort(([a], [b]) => (a < b ? -1 : 1));
  const members = sorted.map(
    ([name, array]) => [`${name}.npy`, naming(name, () => encodeNpy(array))] as const,
  );
  const sizeBytes = members.reduce((sum, [name, bytes]) => sum + bytes.length + 2 * name.length + 200, 0);
  if (sizeBytes > maxZipBytes) {
    throw new Exception("FileWriteError", `'${path}' would be longer than 4 GB; write a checkpoint instead.`);
  }
  const zip = fflate().zipSync(Object.fromEntries(members), { level: compressed ? 6 : 0, mtime: noTime });
  try {
    replaceFile(path, zip);
  } catch (error) {
    throw new Exception("FileWriteError", `'${path}' cannot be written: ${(error as Error).message}.`);
  }
}

function unzip(bytes: Uint8Array): Record<string, Uint8Array> {
  const expected = checksums(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  let members: Record<string, Uint8Array>;
  try {
    members = fflate().unzipSync(bytes);
  } catch (error) {
    throw invalid(`it is damaged (${(error as Error).message})`);
  }
  for (const [name, member] of Object.entries(members)) {
    if (crc32(member) !== expected.get(name)) throw invalid(`the checksum of '${name}' is wrong`);
  }
  return members;
}

/** From the zip's directory: fflate does not check them. */
function checksums(file: Buffer): Map<string, number> {
  let at = file.length - 22;
  while (at >= 0 && file.readUInt32LE(at) !== endOfDirectory) at--;
  if (at < 0) throw invalid("it is no complete zip file, as np.savez writes them");
  const found = new Map<string, number>();
  const count = file.readUInt16LE(at + 10);
  at = file.readUInt32LE(at + 16);
  for (let i = 0; i < count; i++) {
    if (at + 46 > file.length || file.readUInt32LE(at) !== directoryEntry)
      throw invalid("its directory is damaged");
    const nameEnd = at + 46 + file.readUInt16LE(at + 28);
    found.set(file.toString("utf8", at + 46, nameEnd), file.readUInt32LE(at + 16));
    at = nameEnd + file.readUInt16LE(at + 30) + file.readUInt16LE(at + 32);
  }
  return found;
}

function aboutFile<T>(path: string, read: (bytes: Uint8Array) => T): T {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new Exception("FileOpenError", `'${path}' cannot be read: ${(error as Error).message}.`);
  }
  return naming(path, () => read(bytes));
}

function naming<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof Exception)) throw error;
    throw new Exception(error.category, `'${what}': ${error.message.replace(/\.$/, "")}.`, { cause: error });
  }
}

function invalid(what: string): Exception {
  return new Exception("InvalidSession", what);
}
