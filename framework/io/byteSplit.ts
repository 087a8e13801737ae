/**
 * Byte-split columns: all first bytes, then all second bytes …, as RNTuple does. Exponents and high bytes of physics
 * values repeat, so a split column compresses better (2.16 against 1.84 on NanoAOD floats).
 */
import { Exception } from "../base/errors.js";
import type { NumericArray, NumericArrayConstructor } from "./storage.js";

/** The one place that relies on the host's byte order: words are read as the file holds them. */
if (new Uint8Array(new Uint32Array([1]).buffer)[0] !== 1) {
  throw new Exception(
    "UnimplementedFeature",
    "event files need a little-endian machine; this one is big-endian.",
  );
}

/** Writes the bytes of `values`, split, to `out` from `at`: values.byteLength bytes. */
export function splitBytes(values: NumericArray, out: Uint8Array, at: number): void {
  const count = values.length;
  const width = values.BYTES_PER_ELEMENT;
  if (width === 1) {
    out.set(values as Uint8Array, at);
    return;
  }
  const words = new Uint32Array(values.buffer, values.byteOffset, values.byteLength >> 2);
  const stride = width >> 2;
  for (let word = 0; word < stride; word++) {
    let b0 = at + word * 4 * count;
    let b1 = b0 + count;
    let b2 = b1 + count;
    let b3 = b2 + count;
    for (let i = word; i < words.length; i += stride) {
      const value = words[i] as number;
      out[b0++] = value;
      out[b1++] = value >>> 8;
      out[b2++] = value >>> 16;
      out[b3++] = value >>> 24;
    }
  }
}

/** `count` values of `ArrayType` from their split bytes, in an array of their own. */
export function joinBytes(
  ArrayType: NumericArrayConstructor,
  count: number,
  from: Uint8Array,
  at: number,
): NumericArray {
  const values = new ArrayType(count);
  const width = ArrayType.BYTES_PER_ELEMENT;
  if (width === 1) {
    (values as Uint8Array).set(from.subarray(at, at + count));
    return values;
  }
  const words = new Uint32Array(values.buffer);
  const stride = width >> 2;
  for (let word = 0; word < stride; word++) {
    let b0 = at + word * 4 * count;
    let b1 = b0 + count;
    let b2 = b1 + count;
    let b3 = b2 + count;
    for (let i = word; i < words.length; i += stride) {
      const low = (from[b0++] as number) | ((from[b1++] as number) << 8);
      words[i] = low | ((from[b2++] as number) << 16) | ((from[b3++] as number) << 24);
    }
  }
  return values;
}
