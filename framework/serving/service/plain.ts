/** What functions give, as JSON has it: tensors as nested lists, typed arrays as lists, long integers as numbers or strings. */
import { isTensor } from "../../tensorflow/asTensor.js";
import type { DType, TensorData } from "../../tensorflow/dtypes.js";
import { plainElements } from "../../tensorflow/elements.js";
import type { TensorLike } from "../../tensorflow/Tensor.js";

/** Deeper values are handed on as they are. */
const maxDepth = 32;

/** The value itself where there is nothing to convert. */
export function plain(value: unknown, depth = 0): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value !== "object" || value === null || depth > maxDepth) return value;
  if (Array.isArray(value)) return isFlat(value) ? value : value.map((part) => plain(part, depth + 1));
  if (isTensor(value)) return nestedLists(value);
  if (ArrayBuffer.isView(value)) return plainList(value as unknown as TensorData);
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part, depth + 1)]));
}

/** Lists of numbers are what most outputs are. */
function isFlat(list: readonly unknown[]): boolean {
  for (let i = 0; i < list.length; i++) if (typeof list[i] !== "number") return false;
  return true;
}

export function nestedLists({ dtype, shape, data }: TensorLike): unknown {
  return nest(listOf(dtype, data), shape);
}

/** The elements of a flat list in lists nested as the shape says; a scalar is the element itself. */
function nest(elements: readonly unknown[], shape: readonly number[]): unknown {
  if (shape.length === 0) return elements[0];
  let lists = elements;
  for (let axis = shape.length - 1; axis > 0; axis--) {
    const size = shape[axis] as number;
    const outer: unknown[] = [];
    const count = productOf(shape, axis);
    for (let i = 0; i < count; i++) outer.push(lists.slice(i * size, (i + 1) * size));
    lists = outer;
  }
  return lists;
}

function productOf(shape: readonly number[], end: number): number {
  let product = 1;
  for (let axis = 0; axis < end; axis++) product *= shape[axis] as number;
  return product;
}

function listOf(dtype: DType, data: TensorData): unknown[] {
  const list = data instanceof Float32Array ? finiteFloats(data) : undefined;
  return list ?? plainElements(dtype, data);
}

/** The case that matters most; undefined where there is an element that JSON has no number for. */
function finiteFloats(data: Float32Array): number[] | undefined {
  const list = new Array<number>(data.length);
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (value - value !== 0) return undefined;
    list[i] = value;
  }
  return list;
}

function plainList(data: TensorData): unknown[] {
  return data instanceof BigInt64Array || data instanceof BigUint64Array
    ? plainElements("int64", data)
    : listOf("float64", data);
}
