/** Snappy's raw format, as the blocks of a checkpoint's index may have it: literals and copies of what is out already. */
import { Exception } from "../../base/errors.js";
import { ByteReader } from "./ByteReader.js";

/** A block of an index is some kilobytes; a declared size beyond this is damage. */
const maxSizeBytes = 2 ** 28;

/** @throws InvalidSession when the data is not whole. */
export function uncompressSnappy(compressed: Uint8Array): Uint8Array {
  const input = new ByteReader(compressed);
  const sizeBytes = input.varint();
  if (sizeBytes > Math.min(maxSizeBytes, compressed.length * 64)) throw damaged();
  const output = new Uint8Array(sizeBytes);
  let length = 0;
  while (!input.isAtEnd) {
    const tag = input.byte();
    if ((tag & 3) === 0) {
      const literal = input.bytes(literalLength(input, tag >> 2));
      if (length + literal.length > sizeBytes) throw damaged();
      output.set(literal, length);
      length += literal.length;
      continue;
    }
    const { count, distance } = copyOf(input, tag);
    if (distance === 0 || distance > length || length + count > sizeBytes) throw damaged();
    // Byte by byte: a copy may read what it has just written.
    for (let i = 0; i < count; i++, length++) output[length] = output[length - distance] as number;
  }
  if (length !== sizeBytes) throw damaged();
  return output;
}

/** Lengths from 61 on are in the next one to four bytes. */
function literalLength(input: ByteReader, code: number): number {
  return 1 + (code < 60 ? code : input.littleEndian(code - 59));
}

function copyOf(input: ByteReader, tag: number): { count: number; distance: number } {
  const kind = tag & 3;
  if (kind === 1) return { count: 4 + ((tag >> 2) & 7), distance: ((tag >> 5) << 8) | input.byte() };
  return { count: 1 + (tag >> 2), distance: input.littleEndian(kind === 2 ? 2 : 4) };
}

function damaged(): Exception {
  return new Exception("InvalidSession", "a compressed block is damaged");
}
