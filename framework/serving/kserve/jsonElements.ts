/**
 * The elements of tensors in JSON. Integers are exact at any size; what JSON has no number for is a string: "NaN",
 * "Infinity", "-Infinity".
 */
import { isUtf8 } from "node:buffer";
import { Exception } from "../../base/errors.js";
import { type DType, newData, type TensorData } from "../../tensorflow/dtypes.js";
import { plainElements, setElement } from "../../tensorflow/elements.js";
import { showShape } from "../../tensorflow/Tensor.js";
import { datatypeOf } from "./datatypes.js";
import { shownValue } from "./shown.js";

/** Types whose elements are JSON's numbers as they stand, with what they can hold. */
const plainRanges: { readonly [D in DType]?: readonly [number, number] } = {
  float32: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  float64: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  int8: [-(2 ** 7), 2 ** 7 - 1],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint8: [0, 2 ** 8 - 1],
  uint16: [0, 2 ** 16 - 1],
  uint32: [0, 2 ** 32 - 1],
};

/**
 * `value`, a flat list or lists nested as the shape says, as `count` elements. Nothing is allocated before the lengths
 * are right.
 * @param exact the same value with long integers as strings: a JSON number holds them to 2^53 only
 * @throws InvalidTensor naming the element, or the lengths
 */
export function readJsonElements(
  dtype: DType,
  shape: readonly number[],
  count: number,
  value: unknown,
  exact: () => unknown,
): TensorData {
  if (!Array.isArray(value)) throw invalid("its data is no list");
  const isFlat = !Array.isArray(value[0]);
  if (isFlat ? value.length !== count : !isNested(value, shape, 0)) throw wrongCount(value, shape, count);
  const isLong = dtype === "int64" || dtype === "uint64";
  const source = isLong && !value.flat(shape.length).every(isSafe) ? (exact() as unknown[]) : value;
  const data = newData(dtype, count);
  if (isFlat) fill(dtype, data, 0, source);
  else fillNested(dtype, data, 0, source, shape.length);
  return data;
}

/** Elements separated by commas. @throws InvalidTensor for bytes that are no text */
export function jsonElements(dtype: DType, data: TensorData): string {
  if (dtype === "float32" || dtype === "float64") return jsonFloats(data as Float32Array);
  if (dtype === "string") return (data as Uint8Array[]).map(jsonText).join(",");
  if (dtype === "bool" || dtype === "half" || dtype === "bfloat16")
    return plainElements(dtype, data)
      .map((element) => JSON.stringify(element))
      .join(",");
  return (data as Int32Array).join(",");
}

/** JSON.parse, with integers of 16 digits and more as strings. */
export function parseJsonExactly(text: string): unknown {
  const stringOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;
  const isLong = /^-?\d{16,}$/;
  return JSON.parse(text.replace(stringOrNumber, (token) => (isLong.test(token) ? `"${token}"` : token)));
}

function isNested(value: unknown, shape: readonly number[], axis: number): boolean {
  if (!Array.isArray(value) || value.length !== shape[axis]) return false;
  if (axis === shape.length - 1) return true;
  for (let i = 0; i < value.length; i++) if (!isNested(value[i], shape, axis + 1)) return false;
  return true;
}

function fillNested(dtype: DType, data: TensorData, from: number, list: unknown[], depth: number): number {
  if (depth === 1) return fill(dtype, data, from, list);
  let at = from;
  for (let i = 0; i < list.length; i++) at = fillNested(dtype, data, at, list[i] as unknown[], depth - 1);
  return at;
}

/** @returns where the next elements go */
function fill(dtype: DType, data: TensorData, from: number, list: readonly unknown[]): number {
  if (data instanceof Float32Array) return fillFloats(data, from, list);
  const range = plainRanges[dtype];
  const isFloat = dtype === "float64";
  for (let i = 0; i < list.length; i++) {
    const value = list[i];
    const isPlain = typeof value === "number" && range !== undefined && (isFloat || Number.isInteger(value));
    if (isPlain && value >= range[0] && value <= range[1]) (data as Float64Array)[from + i] = value;
    else if (!setElement(dtype, data, from + i, value)) throw wrongElement(dtype, from + i, value);
  }
  return from + list.length;
}

/** The case that matters most, on an array whose kind V8 knows. */
function fillFloats(data: Float32Array, from: number, list: readonly unknown[]): number {
  for (let i = 0; i < list.length; i++) {
    const value = list[i];
    if (typeof value === "number") data[from + i] = value;
    else if (!setElement("float32", data, from + i, value)) throw wrongElement("float32", from + i, value);
  }
  return from + list.length;
}

function jsonFloats(data: Float32Array): string {
  let text = "";
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (i > 0) text += ",";
    if (value - value !== 0) text += `"${value}"`;
    else text += value === 0 && 1 / value < 0 ? "-0.0" : value;
  }
  return text;
}

function jsonText(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return JSON.stringify(Buffer.from(bytes).toString("utf8"));
  throw invalid("it has bytes that are no UTF-8, which JSON cannot hold: ask for it with binary_data true");
}

function isSafe(value: unknown): boolean {
  return typeof value !== "number" || Number.isSafeInteger(value);
}

function wrongCount(value: readonly unknown[], shape: readonly number[], count: number): Exception {
  const given = Array.isArray(value[0]) ? "lists that are nested in another way" : `${value.length} elements`;
  return invalid(`its shape ${showShape(shape)} means ${count} elements, its data has ${given}`);
}

function wrongElement(dtype: DType, index: number, value: unknown): Exception {
  return invalid(`element ${index} of its data is ${shownValue(value)}, which is no ${datatypeOf(dtype)}`);
}

function invalid(what: string): Exception {
  return new Exception("InvalidTensor", what);
}
