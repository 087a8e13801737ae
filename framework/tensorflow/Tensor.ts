/** The value that enters and leaves a session: element type, shape and a flat row-major array. */
import { Exception } from "../base/errors.js";
import { type DataOf, type DType, holds, isDType, newData, type TensorData } from "./dtypes.js";

/** More elements than any tensor may have: a larger shape is a mistake, refused before it is allocated. */
export const maxElements = 2 ** 28;

/** What a session needs of a tensor; a Tensor, or the same three members received from another thread. */
export interface TensorLike {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** A list that keeps its order and may be fed in place of an object, as CMSSW's NamedTensorList. */
export type NamedTensor = readonly [name: string, tensor: TensorLike];

/** A tensor: `data` holds the elements in row-major order, `shape` its dimensions ([] for a scalar). */
export class Tensor<D extends DType = DType> implements TensorLike {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: DataOf[D];

  /**
   * Wraps `data` (not copied when it is the dtype's own typed array); without it the elements are zero.
   * @throws InvalidTensor when the shape is impossible or does not fit the number of elements.
   */
  constructor(dtype: D, shape: readonly number[], data?: DataOf[D] | readonly (number | boolean | bigint)[]) {
    if (!isDType(dtype)) throw new Exception("InvalidTensor", `unknown dtype '${String(dtype)}'.`);
    const count = elementCount(shape);
    const held = data === undefined ? newData(dtype, count) : toData(dtype, data as TensorData);
    if (held.length !== count) {
      throw new Exception(
        "InvalidTensor",
        `a ${dtype} tensor of shape ${showShape(shape)} needs ${count} elements, ${held.length} are given.`,
      );
    }
    this.dtype = dtype;
    this.shape = shape;
    this.data = held as DataOf[D];
  }

  /** The elements, typed. @throws InvalidTensor when the tensor has another dtype. */
  as<E extends DType>(dtype: E): DataOf[E] {
    if (this.dtype !== (dtype as DType)) {
      throw new Exception("InvalidTensor", `the tensor holds ${this.dtype}, not ${dtype}.`);
    }
    return this.data as unknown as DataOf[E];
  }
}

/**
 * The number of elements of a shape.
 * @throws InvalidTensor for a negative or fractional dimension, or more than maxElements.
 */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  let hasZero = false;
  for (let axis = 0; axis < shape.length; axis++) {
    const size = shape[axis] as number;
    if (!Number.isInteger(size) || size < 0) {
      throw new Exception("InvalidTensor", `a tensor cannot have the shape ${showShape(shape)}.`);
    }
    if (size === 0) hasZero = true;
    else count *= size;
  }
  if (hasZero) return 0;
  if (count > maxElements) {
    throw new Exception(
      "InvalidTensor",
      `shape ${showShape(shape)} means ${count} elements, more than the ${maxElements} that a tensor may have.`,
    );
  }
  return count;
}

/** A shape as messages show it: [?,20]; unknown dimensions are negative, an unknown rank is null. */
export function showShape(shape: readonly number[] | null): string {
  if (shape === null) return "of any rank";
  return `[${shape.map((size) => (size < 0 ? "?" : String(size))).join(",")}]`;
}

function toData(dtype: DType, data: TensorData): TensorData {
  if (holds(dtype, data)) return data;
  if (!Array.isArray(data)) {
    throw new Exception("InvalidTensor", `a ${dtype} tensor cannot be made from a ${data.constructor.name}.`);
  }
  const values = data as unknown as readonly (number | boolean | bigint)[];
  const converted = newData(dtype, values.length);
  const isBig = converted instanceof BigInt64Array || converted instanceof BigUint64Array;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    (converted as { [i: number]: number | bigint })[i] = isBig ? BigInt(value) : Number(value);
  }
  return converted;
}
