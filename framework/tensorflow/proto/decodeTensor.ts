/**
 * TensorProto → tensor, in both encodings that TensorFlow writes: raw bytes (tensor_content) or a list of values of
 * which the last one repeats up to the shape's size. A declared size is checked before anything is allocated.
 */
import { Exception } from "../../base/errors.js";
import {
  type BigArray,
  bytesPerElement,
  type DType,
  dtypeFromNumber,
  newData,
  type NumberArray,
} from "../dtypes.js";
import { elementCount, showShape, Tensor } from "../Tensor.js";

/** A 64-bit integer as protobufjs gives it: a Long, or a plain number where it has no Long. */
export type ProtoInt64 = number | { readonly low: number; readonly high: number };

export interface TensorShapeMessage {
  readonly dim: readonly { readonly size: ProtoInt64 }[];
  readonly unknown_rank: boolean;
}

export interface TensorMessage {
  readonly dtype: number;
  readonly tensor_shape?: TensorShapeMessage | null;
  readonly tensor_content: Uint8Array;
  readonly float_val: readonly number[];
  readonly double_val: readonly number[];
  readonly int_val: readonly number[];
  readonly string_val: readonly Uint8Array[];
  readonly int64_val: readonly ProtoInt64[];
  readonly bool_val: readonly boolean[];
  readonly half_val: readonly number[];
  readonly uint32_val: readonly number[];
  readonly uint64_val: readonly ProtoInt64[];
}

/** Elements that a constant may have beyond the values the file holds: a splat of more is taken for damage. */
const maxRepeatedElements = 2 ** 24;

const fields: { readonly [D in DType]: keyof TensorMessage } = {
  float32: "float_val",
  float64: "double_val",
  int8: "int_val",
  int16: "int_val",
  int32: "int_val",
  uint8: "int_val",
  uint16: "int_val",
  int64: "int64_val",
  uint32: "uint32_val",
  uint64: "uint64_val",
  bool: "bool_val",
  half: "half_val",
  bfloat16: "half_val",
  string: "string_val",
};

/** @throws InvalidGraphDef when dtype, shape and values do not fit each other. */
export function decodeTensor(message: TensorMessage): Tensor {
  const dtype = dtypeFromNumber(message.dtype);
  if (dtype === undefined) throw invalid(`element type number ${message.dtype} is not supported`);
  const shape = decodeShape(message.tensor_shape);
  if (shape === null || shape.some((size) => size < 0)) throw invalid("its shape is not fully known");
  const count = elementCount(shape);
  if (message.tensor_content.length > 0) return decodeContent(dtype, shape, count, message.tensor_content);
  const values = message[fields[dtype]] as readonly unknown[];
  if (values.length > count) throw invalid(`${values.length} values do not fit shape ${showShape(shape)}`);
  if (count - values.length > maxRepeatedElements) {
    throw invalid(`shape ${showShape(shape)} means ${count} elements, but the file holds ${values.length}`);
  }
  const data = newData(dtype, count);
  if (values.length === 0) return new Tensor(dtype, shape, data);
  const convert = converter(dtype);
  const target = data as { [i: number]: unknown };
  for (let i = 0; i < values.length; i++) target[i] = convert(values[i]);
  if (Array.isArray(data)) data.fill(data[values.length - 1] as Uint8Array, values.length);
  else (data as Uint8Array).fill((data as Uint8Array)[values.length - 1] as number, values.length);
  return new Tensor(dtype, shape, data as NumberArray | BigArray);
}

/** The dimensions, -1 where unknown; null when not even the rank is known. */
export function decodeShape(message: TensorShapeMessage | null | undefined): number[] | null {
  if (!message) return [];
  if (message.unknown_rank) return null;
  return message.dim.map((dim) => toNumber(dim.size));
}

/** A protobuf int64 as a bigint. */
export function toBigInt(value: ProtoInt64): bigint {
  if (typeof value === "number") return BigInt(value);
  return BigInt.asIntN(64, (BigInt(value.high) << 32n) | BigInt(value.low >>> 0));
}

/** A protobuf int64 as a number, the nearest where none is exact. */
export function toNumber(value: ProtoInt64): number {
  return typeof value === "number" ? value : value.high * 2 ** 32 + (value.low >>> 0);
}

function decodeContent(dtype: DType, shape: number[], count: number, content: Uint8Array): Tensor {
  const expected = count * bytesPerElement(dtype);
  if (dtype === "string" || content.length !== expected) {
    throw invalid(
      `${dtype} of shape ${showShape(shape)} takes ${expected} bytes, the file has ${content.length}`,
    );
  }
  const data = newData(dtype, count) as NumberArray;
  new Uint8Array(data.buffer).set(content);
  return new Tensor(dtype, shape, data);
}

function converter(dtype: DType): (value: unknown) => unknown {
  if (dtype === "int64" || dtype === "uint64") return (value) => toBigInt(value as ProtoInt64);
  if (dtype === "bool") return (value) => (value ? 1 : 0);
  // The parsed bytes are a window on the whole file: copied, so that the file can be released.
  if (dtype === "string") return (value) => new Uint8Array(value as Uint8Array);
  return (value) => value;
}

function invalid(what: string): Exception {
  return new Exception("InvalidGraphDef", what);
}
