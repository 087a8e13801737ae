/** What people hand to a model in TypeScript → a tensor: a tensor, a typed array, a number, nested arrays of them. */
import { Exception } from "../base/errors.js";
import { type DType, type DataOf, holds, type TensorData } from "./dtypes.js";
import { toElements } from "./elements.js";
import type { PartialShape } from "./GraphDef.js";
import { elementCount, showShape, Tensor, type TensorLike } from "./Tensor.js";

export type Scalar = number | bigint | boolean | string;
export type NestedArray = readonly (Scalar | NestedArray | Uint8Array)[];
/** What may stand for a tensor. */
export type TensorInput = TensorLike | Scalar | NestedArray | Exclude<TensorData, Uint8Array[]>;

/** What is known of the tensor that is wanted; -1 for an unknown dimension. */
export interface Wanted {
  readonly dtype?: DType | undefined;
  readonly shape?: PartialShape | undefined;
}

/** Deeper nesting is a mistake. */
const maxRank = 16;

/**
 * A tensor of the wanted dtype; without one, float32 for numbers, int64 for bigints, bool, string, or what a typed array
 * holds. A typed array takes the wanted shape, of which one dimension may be unknown; without one it is a vector.
 * @throws InvalidTensor saying which element does not fit, or where nested arrays are ragged; `name` is in the message.
 */
export function asTensor(value: unknown, wanted: Wanted = {}, name = "value"): Tensor {
  try {
    return toTensor(value, wanted);
  } catch (error) {
    if (!(error instanceof Exception)) throw error;
    throw new Exception("InvalidTensor", `${name}: ${error.message}`, { cause: error });
  }
}

function toTensor(value: unknown, { dtype, shape }: Wanted): Tensor {
  if (isTensor(value)) {
    const { dtype: given, shape: itsShape, data } = value;
    if (dtype === undefined || dtype === given) return new Tensor(given, itsShape, data as DataOf[DType]);
    throw invalid(`it is a ${given} tensor, but ${dtype} is wanted.`);
  }
  if (isNumbers(value) && dtype !== "string") return fromTypedArray(value as TensorData, dtype, shape);
  const sizes: number[] = [];
  const elements: unknown[] = [];
  const isBranch = (part: unknown) =>
    Array.isArray(part) || (isNumbers(part) && !(dtype === "string" && part instanceof Uint8Array));
  flatten(value, isBranch, sizes, 0, elements);
  const type = dtype ?? typeOf(elements);
  const data = toElements(type, elements);
  if (typeof data === "number")
    throw invalid(`element ${data} is ${String(elements[data])}, which is no ${type}.`);
  return new Tensor(type, sizes, data as DataOf[DType]);
}

function fromTypedArray(data: TensorData, dtype: DType | undefined, shape: PartialShape | undefined): Tensor {
  const full = fitShape(data.length, shape);
  if (dtype !== undefined && holds(dtype, data)) return new Tensor(dtype, full, data as DataOf[DType]);
  if (dtype === undefined) return new Tensor(typeOfArray(data), full, data as DataOf[DType]);
  const elements = toElements(dtype, Array.from(data as Float32Array));
  if (typeof elements === "number")
    throw invalid(`element ${elements} is ${String(data[elements])}, which is no ${dtype}.`);
  return new Tensor(dtype, full, elements as DataOf[DType]);
}

/** The wanted shape with its unknown dimension, where there is one, as the number of elements says. */
function fitShape(count: number, shape: PartialShape | undefined): readonly number[] {
  if (!shape) return [count];
  const unknown = shape.filter((size) => size < 0).length;
  const known = elementCount(shape.filter((size) => size >= 0));
  const fits = unknown === 0 ? known === count : unknown === 1 && known > 0 && count % known === 0;
  if (!fits) throw invalid(`${count} elements do not make a tensor of shape ${showShape(shape)}.`);
  return shape.map((size) => (size < 0 ? count / known : size));
}

/** Reads nested arrays in row-major order; `sizes` become the lengths at each depth. */
function flatten(
  value: unknown,
  isBranch: (value: unknown) => boolean,
  sizes: number[],
  depth: number,
  into: unknown[],
): void {
  if (!isBranch(value)) {
    if (depth !== sizes.length) throw ragged(depth);
    into.push(value);
    return;
  }
  if (depth >= maxRank) throw invalid(`arrays are nested more than ${maxRank} deep.`);
  const list = value as ArrayLike<unknown>;
  if (depth === sizes.length) {
    if (into.length > 0) throw ragged(depth);
    sizes.push(list.length);
  }
  if (sizes[depth] !== list.length) throw ragged(depth);
  for (let i = 0; i < list.length; i++) flatten(list[i], isBranch, sizes, depth + 1, into);
}

/** Bytes are one string where strings are wanted; a Buffer always is. */
function isNumbers(value: unknown): boolean {
  return ArrayBuffer.isView(value) && !Buffer.isBuffer(value) && !(value instanceof DataView);
}

function ragged(depth: number): Exception {
  return invalid(`nested arrays have different lengths at depth ${depth}: a tensor's rows are equally long.`);
}

function typeOf(elements: readonly unknown[]): DType {
  const [first] = elements;
  if (typeof first === "bigint") return "int64";
  if (typeof first === "boolean") return "bool";
  if (typeof first === "string" || first instanceof Uint8Array) return "string";
  return "float32";
}

const arrayTypes: readonly DType[] = [
  "float32",
  "float64",
  "int32",
  "int64",
  "uint8",
  "int8",
  "int16",
  "uint16",
  "uint32",
  "uint64",
];

function typeOfArray(data: TensorData): DType {
  return arrayTypes.find((dtype) => holds(dtype, data)) ?? "float32";
}

export function isTensor(value: unknown): value is TensorLike {
  return (
    typeof value === "object" && value !== null && "dtype" in value && "shape" in value && "data" in value
  );
}

function invalid(what: string): Exception {
  return new Exception("InvalidTensor", what);
}
