/**
 * The `.weights` file of a compiled model: the constants of all its batch sizes, each once, behind a directory.
 * Bytes: magic, u32 length of the directory (little-endian), the directory as JSON, then the blocks at their offsets.
 */
import { Exception } from "../../base/errors.js";
import type { CompiledCode, ConstantBlock } from "../Unit.js";

const magic = "TFAOTWT1";
const headBytes = magic.length + 4;
/** Of each block in the file, so that it can be mapped or viewed as any element type. */
const alignment = 64;

interface Entry extends ConstantBlock {
  /** In bytes from the end of the directory, rounded up to the alignment. */
  readonly offset: number;
}

/** The constants of all `codes`, one block a hash. */
export function encodeWeights(codes: Iterable<CompiledCode>): Uint8Array {
  const blocks = new Map<string, Uint8Array>();
  for (const { layout, constants } of codes)
    for (const [i, { hash }] of layout.constants.entries()) blocks.set(hash, constants[i] as Uint8Array);
  let end = 0;
  const directory = [...blocks].map(([hash, { byteLength }]): Entry => {
    const offset = end;
    end = roundUp(offset + byteLength);
    return { hash, sizeBytes: byteLength, offset };
  });
  const json = Buffer.from(JSON.stringify(directory));
  const start = roundUp(headBytes + json.length);
  const file = Buffer.alloc(start + end);
  file.write(magic, "latin1");
  file.writeUInt32LE(json.length, magic.length);
  json.copy(file, headBytes);
  for (const { hash, offset } of directory) file.set(blocks.get(hash) as Uint8Array, start + offset);
  return file;
}

/** The blocks by their hash, as views of `bytes`. @throws FileReadError for bytes that are no such file, or cut short */
export function decodeWeights(bytes: Uint8Array, path: string): ReadonlyMap<string, Uint8Array> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < headBytes || file.toString("latin1", 0, magic.length) !== magic)
    throw new Exception("FileReadError", `'${path}' is no weights file of a compiled model.`);
  const end = headBytes + file.readUInt32LE(magic.length);
  const start = roundUp(end);
  const directory = JSON.parse(file.toString("utf8", headBytes, end)) as readonly Entry[];
  return new Map(
    directory.map(({ hash, offset, sizeBytes }) => {
      if (start + offset + sizeBytes > file.length)
        throw new Exception("FileReadError", `'${path}' ends before its block ${hash}; is it complete?`);
      return [hash, file.subarray(start + offset, start + offset + sizeBytes)];
    }),
  );
}

function roundUp(offset: number): number {
  return Math.ceil(offset / alignment) * alignment;
}
