/** Elements as the bytes that they are in memory, little-endian: the binary extension of REST, and raw contents of gRPC. */
import { Exception } from "../../base/errors.js";
import { bytesPerElement, type DType, newData, type TensorData } from "../../tensorflow/dtypes.js";
import type { TensorLike } from "../../tensorflow/Tensor.js";
import { readBytesTensor, writeBytesTensor } from "./bytesTensor.js";
import { datatypeOf } from "./datatypes.js";

/** A copy of the bytes as elements. @throws InvalidTensor when they are not `count` elements */
export function readRawElements(dtype: DType, count: number, raw: Uint8Array): TensorData {
  if (dtype === "string") return readBytesTensor(raw, count);
  const expected = count * bytesPerElement(dtype);
  if (raw.length !== expected) {
    const what = `got unexpected byte size ${raw.length}, expected ${expected}`;
    throw new Exception("InvalidTensor", `${what} for ${count} elements of ${datatypeOf(dtype)}`);
  }
  const data = newData(dtype, count) as Uint8Array;
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength).set(raw);
  // A kernel may take a truth for 0 or 1.
  if (dtype === "bool") for (let i = 0; i < count; i++) if (data[i] !== 0) data[i] = 1;
  return data;
}

/** The bytes of a tensor: a view of its elements, but for BYTES. */
export function rawElements({ dtype, data }: TensorLike): Buffer {
  if (dtype === "string") return writeBytesTensor(data as Uint8Array[]);
  const { buffer, byteOffset, byteLength } = data as Uint8Array;
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}
