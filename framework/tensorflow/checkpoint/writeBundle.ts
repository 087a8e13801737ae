/**
 * Writes tensors as TensorFlow's tensor bundle, the files of a checkpoint and of a SavedModel's variables: a sorted
 * index and one shard with the bytes. The same tensors give the same bytes, in whatever order they come.
 */
import { closeSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { threadId } from "node:worker_threads";
import { extendCrc32c, maskCrc32c } from "../../base/crc32c.js";
import { Exception } from "../../base/errors.js";
import { dtypeNumber, holds } from "../dtypes.js";
import { bundleEntryType, bundleHeaderType } from "../proto/savedModelSchema.js";
import { elementCount, showShape, type TensorLike } from "../Tensor.js";
import { varint, writeTable } from "./writeTable.js";

/** What one call of the file system may be given. */
const chunkBytes = 2 ** 30;
/** The version of the format that TensorFlow writes. */
const bundleVersion = 1;

/**
 * Writes `prefix`.index and `prefix`.data-00000-of-00001, under temporary names first; the index comes last.
 * @param tensors by the names under which they are restored
 * @throws InvalidTensor naming one that cannot be written; FileWriteError
 */
export function writeBundle(prefix: string, tensors: ReadonlyMap<string, TensorLike>): void {
  const sorted = [...tensors].map(([name, tensor]) => {
    checkTensor(name, tensor);
    return [Buffer.from(name).toString("latin1"), tensor] as const;
  });
  sorted.sort(([a], [b]) => (a < b ? -1 : 1));
  const paths = [`${prefix}.data-00000-of-00001`, `${prefix}.index`] as const;
  const [data, index] = paths.map((path) => `${path}.${process.pid}.${threadId}`) as [string, string];
  try {
    const entries = writeShard(data, sorted);
    const header = bundleHeaderType().encode({ num_shards: 1, version: { producer: bundleVersion } });
    writeFileSync(index, writeTable([["", header.finish()], ...entries]));
    renameSync(data, paths[0]);
    renameSync(index, paths[1]);
  } catch (error) {
    const what = `'${prefix}' cannot be written: ${(error as Error).message}; does its folder exist?`;
    throw new Exception("FileWriteError", what, { cause: error });
  } finally {
    rmSync(data, { force: true });
    rmSync(index, { force: true });
  }
}

function checkTensor(name: string, { dtype, shape, data }: TensorLike): void {
  const invalid = (what: string) => new Exception("InvalidTensor", `tensor '${name}' ${what}.`);
  if (name === "" || name.startsWith("\0")) throw invalid("needs a name that a checkpoint can hold");
  if (!holds(dtype, data)) throw invalid(`says that it is ${dtype}, but holds a ${data.constructor.name}`);
  if (elementCount(shape) === data.length) return;
  throw invalid(`has shape ${showShape(shape)} and ${data.length} elements`);
}

function writeShard(path: string, sorted: readonly (readonly [string, TensorLike])[]) {
  const file = openSync(path, "w");
  try {
    const entries: [key: string, entry: Uint8Array][] = [];
    let offset = 0;
    for (const [key, tensor] of sorted) {
      const { parts, crc } = tensor.dtype === "string" ? stringParts(tensor) : numberParts(tensor);
      for (const part of parts) writeWhole(file, part);
      const size = parts.reduce((sum, part) => sum + part.length, 0);
      entries.push([key, encodeEntry(tensor, offset, size, maskCrc32c(crc))]);
      offset += size;
    }
    return entries;
  } finally {
    closeSync(file);
  }
}

interface Stored {
  readonly parts: readonly Uint8Array[];
  /** Not yet masked. */
  readonly crc: number;
}

function numberParts({ data }: TensorLike): Stored {
  const { buffer, byteOffset, byteLength } = data as Uint8Array;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  return { parts: [bytes], crc: extendCrc32c(0, bytes) };
}

/** Lengths, their checksum, then the bytes; the checksums take a length as 4 bytes, though the file has a varint. */
function stringParts({ data }: TensorLike): Stored {
  const strings = data as readonly Uint8Array[];
  const lengths = Buffer.alloc(4 * strings.length);
  for (const [i, { length }] of strings.entries()) lengths.writeUInt32LE(length, 4 * i);
  const check = Buffer.alloc(4);
  const lengthsCrc = extendCrc32c(0, lengths);
  check.writeUInt32LE(maskCrc32c(lengthsCrc));
  const bytes = Buffer.concat(strings);
  const crc = extendCrc32c(extendCrc32c(lengthsCrc, check), bytes);
  return { parts: [Buffer.from(strings.flatMap(({ length }) => varint(length))), check, bytes], crc };
}

function writeWhole(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(file, bytes, done, Math.min(chunkBytes, bytes.length - done));
}

/** Zeros are left out, as proto3 has it. */
function encodeEntry({ dtype, shape }: TensorLike, offset: number, size: number, crc32c: number): Uint8Array {
  const dim = shape.map((length) => (length === 0 ? {} : { size: length }));
  const numbers = { ...(offset > 0 && { offset }), ...(size > 0 && { size }) };
  return bundleEntryType()
    .encode({ dtype: dtypeNumber(dtype), shape: { dim }, ...numbers, crc32c })
    .finish();
}
