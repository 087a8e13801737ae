/** Rows in and out of the buffers of compiled code: flat typed arrays or nested ones, padding as zeros. */
import type { DType, TensorData } from "../../tensorflow/dtypes.js";
import { elementsPerRow, isBatched, type TensorDescription } from "./descriptor.js";

/** Where a copy by the engine beats a loop: measured, 18 ns for a whole array, 55 for a view of a part, 1.1 an element. */
const wholeElements = 16;
const partElements = 64;

type Elements = { [index: number]: number | bigint };
/** An argument as a plugin gives it; checkArguments.ts has checked it. */
export type Argument = TensorData | readonly unknown[] | number | bigint | boolean;

/**
 * Whether these are float32 arrays with all elements of a batch: the common case, told without the 50 ns that a test of
 * any kind of array takes (measured). What it does not know is for checkArguments.ts to judge.
 */
export function areWholeFloats(
  descriptions: readonly TensorDescription[],
  batchSize: number,
  given: readonly unknown[],
): boolean {
  if (given.length !== descriptions.length || batchSize === 0) return false;
  for (let i = 0; i < given.length; i++) {
    const array = given[i];
    const description = descriptions[i] as TensorDescription;
    if (!(array instanceof Float32Array && description.dtype === "float32")) return false;
    const rows = isBatched(description) ? batchSize : 1;
    if (array.length !== rows * elementsPerRow(description)) return false;
  }
  return true;
}

/**
 * Writes rows `first` to `first + rows` of an argument into the buffer of a run of `size` rows; those that are left are
 * padding.
 */
export function writeRows(
  data: TensorData,
  input: TensorDescription,
  given: Argument,
  first: number,
  rows: number,
  size: number,
): void {
  const { dtype } = input;
  const count = elementsPerRow(input);
  if (ArrayBuffer.isView(given)) {
    copyIn(data, dtype, given as TensorData, first * count, rows * count);
  } else {
    const list = given as readonly ArrayLike<unknown>[];
    for (let r = 0; r < rows; r++)
      writeElements(data, dtype, list[first + r] as ArrayLike<unknown>, r * count);
  }
  if (rows < size) zero(data, rows * count, size * count);
}

/** Writes an argument without a batch dimension: its elements, or the scalar. */
export function writeWhole(data: TensorData, dtype: DType, given: Argument): void {
  if (ArrayBuffer.isView(given)) copyIn(data, dtype, given as TensorData, 0, data.length);
  else if (typeof given === "object") writeElements(data, dtype, given as readonly unknown[], 0);
  else (data as unknown as Elements)[0] = toElement(dtype, given);
}

/** Copies `count` elements of a result behind those that are there. */
export function readFlat(data: TensorData, result: TensorData, at: number, count: number): void {
  copy(result, at, data, 0, count);
}

/** `rows` rows of a result as plain arrays: bool as true and false, int64 as bigint. */
export function readRows(data: TensorData, dtype: DType, count: number, rows: number): unknown[][] {
  return Array.from({ length: rows }, (_, row) => readElements(data, dtype, row * count, count));
}

export function readElements(data: TensorData, dtype: DType, from: number, count: number): unknown[] {
  const source = data as unknown as Elements;
  const elements = new Array<unknown>(count);
  for (let i = 0; i < count; i++) elements[i] = dtype === "bool" ? source[from + i] !== 0 : source[from + i];
  return elements;
}

function copyIn(data: TensorData, dtype: DType, given: TensorData, from: number, count: number): void {
  if (dtype !== "bool") {
    copy(data, 0, given, from, count);
    return;
  }
  // Compiled code counts on 0 and 1.
  const [target, source] = [data as Uint8Array, given as Uint8Array];
  for (let i = 0; i < count; i++) target[i] = source[from + i] === 0 ? 0 : 1;
}

/** A loop for float32 alone: on arrays of any kind an element costs 5 ns (measured). */
function copy(target: TensorData, to: number, source: TensorData, from: number, count: number): void {
  const [out, input] = [target as Float32Array, source as Float32Array];
  if (count === input.length && count >= wholeElements) out.set(input, to);
  else if (count >= partElements) out.set(input.subarray(from, from + count), to);
  else if (source instanceof Float32Array && target instanceof Float32Array)
    for (let i = 0; i < count; i++) target[to + i] = source[from + i] as number;
  else for (let i = 0; i < count; i++) out[to + i] = input[from + i] as number;
}

function writeElements(data: TensorData, dtype: DType, given: ArrayLike<unknown>, to: number): void {
  const target = data as unknown as Elements;
  for (let i = 0; i < given.length; i++) target[to + i] = toElement(dtype, given[i]);
}

function toElement(dtype: DType, value: unknown): number | bigint {
  if (dtype === "bool") return value ? 1 : 0;
  if (dtype === "int64" || dtype === "uint64")
    return typeof value === "bigint" ? value : BigInt(value as number);
  return Number(value);
}

function zero(data: TensorData, from: number, to: number): void {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.fill(0n, from, to);
  else (data as Float32Array).fill(0, from, to);
}
