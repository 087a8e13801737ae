/** The raw form of BYTES tensors: each element is its length (u32, little-endian), then its bytes. */
import { Exception } from "../../base/errors.js";

const lengthBytes = 4;

/** Copies of the elements. @throws InvalidTensor where the bytes end early, or hold more or fewer elements */
export function readBytesTensor(raw: Uint8Array, count: number): Uint8Array[] {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  // Not allocated by the count, which may be anything.
  if (count * lengthBytes > raw.length) throw invalid(raw, count, Math.floor(raw.length / lengthBytes));
  const elements: Uint8Array[] = [];
  let at = 0;
  while (at < raw.length) {
    if (elements.length === count || at + lengthBytes > raw.length)
      throw invalid(raw, count, elements.length);
    const end = at + lengthBytes + view.getUint32(at, true);
    if (end > raw.length)
      throw new Exception(
        "InvalidTensor",
        `element ${elements.length} of its BYTES says that it has ${end - at - lengthBytes} bytes, but only ` +
          `${raw.length - at - lengthBytes} follow`,
      );
    // slice() of a Buffer would be a window on the whole request.
    elements.push(new Uint8Array(raw.subarray(at + lengthBytes, end)));
    at = end;
  }
  if (elements.length !== count) throw invalid(raw, count, elements.length);
  return elements;
}

export function writeBytesTensor(elements: readonly Uint8Array[]): Buffer {
  const sizeBytes = elements.reduce((sum, { length }) => sum + lengthBytes + length, 0);
  const raw = Buffer.allocUnsafe(sizeBytes);
  let at = 0;
  for (const element of elements) {
    at = raw.writeUInt32LE(element.length, at);
    raw.set(element, at);
    at += element.length;
  }
  return raw;
}

function invalid(raw: Uint8Array, count: number, found: number): Exception {
  const what = `${raw.length} bytes do not hold ${count} BYTES elements: ${found} are complete`;
  return new Exception("InvalidTensor", what);
}
