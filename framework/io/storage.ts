/** How each protobuf kind is held in memory and, in the same bytes, in a column of an event file. */
import type { FieldDescription } from "../data/ProductType.js";

/** Kinds of the same storage are interchangeable between a file and its reader (int32, sint32, enum, …). */
export type NumericStorage = "float32" | "float64" | "int32" | "uint32" | "int64" | "uint64" | "bool";
export type Storage = NumericStorage | "string" | "bytes" | "message";

export type NumericArray =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

export interface NumericArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  readonly name: string;
  new (length: number): NumericArray;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): NumericArray;
}

const storages: Record<FieldDescription["kind"], Storage> = {
  double: "float64",
  float: "float32",
  int32: "int32",
  sint32: "int32",
  sfixed32: "int32",
  enum: "int32",
  uint32: "uint32",
  fixed32: "uint32",
  int64: "int64",
  sint64: "int64",
  sfixed64: "int64",
  uint64: "uint64",
  fixed64: "uint64",
  bool: "bool",
  string: "string",
  bytes: "bytes",
  message: "message",
};

const arrayTypes: Record<NumericStorage, NumericArrayConstructor> = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
};

export function storageOf(field: FieldDescription): Storage {
  return storages[field.kind];
}

/** The typed array of a numeric field, undefined for strings, bytes and messages. */
export function arrayTypeOf(field: FieldDescription): NumericArrayConstructor | undefined {
  return arrayTypes[storages[field.kind] as NumericStorage];
}

/** What a field holds that the file does not have: empty, 0, false; a nested message of such fields. */
export function defaultValue(field: FieldDescription): unknown {
  const ArrayType = arrayTypeOf(field);
  if (field.repeated) return ArrayType ? new ArrayType(0) : [];
  if (field.kind === "message") {
    return Object.fromEntries((field.fields ?? []).map((nested) => [nested.name, defaultValue(nested)]));
  }
  const storage = storageOf(field);
  if (storage === "string") return "";
  if (storage === "bytes") return new Uint8Array(0);
  if (storage === "bool") return false;
  return storage === "int64" || storage === "uint64" ? 0n : 0;
}
