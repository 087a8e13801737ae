/**
 * Shreds messages into columns. For n elements and each field in order: a repeated field writes n counts (uint32), then
 * its items; numbers are byte-split, strings and bytes are lengths then contents, messages are shredded in turn.
 */
import { Exception } from "../base/errors.js";
import type { FieldDescription } from "../data/ProductType.js";
import type { ByteBuffer } from "./ByteBuffer.js";
import { splitBytes } from "./byteSplit.js";
import { arrayTypeOf, storageOf, type NumericArray, type NumericArrayConstructor } from "./storage.js";

/** @param path what errors call the message: the branch, then the fields that lead to it. */
export function encodeFields(
  fields: readonly FieldDescription[],
  elements: readonly unknown[],
  raw: ByteBuffer,
  path: string,
): void {
  for (const element of elements) {
    if (typeof element !== "object" || element === null) throw unfit(path, "a message", element);
  }
  for (const field of fields) {
    const values = (elements as Record<string, unknown>[]).map((element) => element[field.name]);
    const fieldPath = `${path} field '${field.name}'`;
    if (field.repeated) encodeRepeated(field, values, raw, fieldPath);
    else encodeItems(field, values, raw, fieldPath);
  }
}

function encodeRepeated(field: FieldDescription, lists: unknown[], raw: ByteBuffer, path: string): void {
  const ListType = arrayTypeOf(field) ?? Array;
  const counts = new Uint32Array(lists.length);
  let total = 0;
  for (let i = 0; i < lists.length; i++) {
    const list = lists[i];
    if (!(list instanceof ListType)) throw unfit(path, ListType.name, list);
    counts[i] = list.length;
    total += list.length;
  }
  encodeNumbers(counts, raw);
  if (ListType === Array) encodeItems(field, (lists as unknown[][]).flat(1), raw, path);
  else encodeNumbers(concatenate(ListType as NumericArrayConstructor, lists as NumericArray[], total), raw);
}

function concatenate(
  ArrayType: NumericArrayConstructor,
  arrays: NumericArray[],
  total: number,
): NumericArray {
  const all = new ArrayType(total) as Float64Array; // any of the types: `set` only takes its like
  let at = 0;
  for (const array of arrays as Float64Array[]) {
    all.set(array, at);
    at += array.length;
  }
  return all as NumericArray;
}

/** One value an element. */
function encodeItems(field: FieldDescription, values: unknown[], raw: ByteBuffer, path: string): void {
  switch (storageOf(field)) {
    case "message":
      encodeFields(field.fields ?? [], values, raw, path);
      break;
    case "string":
      encodeStrings(values, raw, path);
      break;
    case "bytes":
      encodeBytes(values, raw, path);
      break;
    case "bool":
      encodeNumbers(
        Uint8Array.from(values, (value) => (checked(value, "boolean", path) ? 1 : 0)),
        raw,
      );
      break;
    default:
      encodeScalars(arrayTypeOf(field) as NumericArrayConstructor, values, raw, path);
  }
}

function encodeScalars(
  ArrayType: NumericArrayConstructor,
  values: unknown[],
  raw: ByteBuffer,
  path: string,
): void {
  const numbers = new ArrayType(values.length) as Int32Array;
  const wanted = ArrayType.name.startsWith("Big") ? "bigint" : "number";
  const isExact = !ArrayType.name.startsWith("Float");
  for (let i = 0; i < values.length; i++) {
    const value = checked(values[i], wanted, path) as number;
    numbers[i] = value;
    if (isExact && numbers[i] !== value)
      throw unfit(path, `a value that an ${ArrayType.name} can hold`, value);
  }
  encodeNumbers(numbers as NumericArray, raw);
}

function encodeNumbers(numbers: NumericArray, raw: ByteBuffer): void {
  const at = raw.reserve(numbers.byteLength);
  splitBytes(numbers, raw.bytes, at);
}

function encodeStrings(values: unknown[], raw: ByteBuffer, path: string): void {
  const lengths = Uint32Array.from(values, (value) =>
    Buffer.byteLength(checked(value, "string", path) as string),
  );
  encodeNumbers(lengths, raw);
  for (let i = 0; i < values.length; i++) {
    const length = lengths[i] as number;
    const at = raw.reserve(length);
    Buffer.from(raw.bytes.buffer, at, length).write(values[i] as string);
  }
}

function encodeBytes(values: unknown[], raw: ByteBuffer, path: string): void {
  for (const value of values) if (!(value instanceof Uint8Array)) throw unfit(path, "Uint8Array", value);
  const arrays = values as Uint8Array[];
  encodeNumbers(
    Uint32Array.from(arrays, (array) => array.length),
    raw,
  );
  for (const array of arrays) raw.append(array);
}

function checked(value: unknown, type: string, path: string): unknown {
  if (typeof value !== type) throw unfit(path, type, value);
  return value;
}

function unfit(path: string, wanted: string, value: unknown): Exception {
  const isObject = typeof value === "object" && value !== null;
  const found = isObject
    ? `an object of class ${value.constructor?.name ?? "?"}`
    : `${typeof value} ${String(value)}`;
  return new Exception(
    "InsertFailure",
    `${path} must be ${wanted} but is ${found}; the producer must fill each field as its .proto file declares it.`,
  );
}
