/**
 * A tensor as the compiler sees it: strides over a storage, as in numpy. Reshape, transpose, slice, reverse, broadcast,
 * split and unpack only make another view; nothing is copied until a step writes it.
 */
import { Exception } from "../../base/errors.js";
import type { DType, TensorData } from "../../tensorflow/dtypes.js";
import type { Block } from "../kernel/ir.js";

/** Element types that compiled code computes with. */
export const elementTypes = [
  "float32",
  "float64",
  "int32",
  "int64",
  "bool",
  "uint8",
  "int8",
  "int16",
  "uint16",
] as const satisfies readonly DType[];
export type ElementType = (typeof elementTypes)[number];

export function isElementType(dtype: DType): dtype is ElementType {
  return (elementTypes as readonly DType[]).includes(dtype);
}

/** Memory of a tensor. Two tensors may share it (views); steps write it. */
export class Storage {
  /** Set by the memory plan. */
  block: Block | undefined;

  /** `data`: the elements of a constant, which nobody writes. `count` in elements. */
  constructor(
    readonly name: string,
    readonly dtype: ElementType,
    readonly count: number,
    readonly data?: Exclude<TensorData, Uint8Array[]>,
  ) {}
}

/** The number of a loop's iteration while it runs: 0, 1, … */
export class LoopIndex {
  constructor(readonly name: string) {}
}

/** `stride` elements further in each iteration. */
export interface LoopTerm {
  readonly index: LoopIndex;
  readonly stride: number;
}

export class View {
  /** `offset` and `strides` in elements; stride 0 repeats. */
  constructor(
    readonly storage: Storage,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
    readonly offset = 0,
    readonly terms: readonly LoopTerm[] = [],
  ) {}

  /** All of a storage in row-major order. */
  static of(storage: Storage, shape: readonly number[]): View {
    return new View(storage, shape, rowMajor(shape));
  }

  get dtype(): ElementType {
    return this.storage.dtype;
  }

  get rank(): number {
    return this.shape.length;
  }

  get count(): number {
    return sizeOf(this.shape);
  }

  /** Whether the elements lie one after another in row-major order (from `offset` on). */
  get isDense(): boolean {
    let expected = 1;
    for (let axis = this.rank - 1; axis >= 0; axis--) {
      const size = this.shape[axis] as number;
      if (size !== 1 && this.strides[axis] !== expected) return false;
      expected *= size;
    }
    return true;
  }

  /** Whether it is dense and all of its storage. */
  get isWhole(): boolean {
    return this.isDense && this.offset === 0 && this.terms.length === 0 && this.count === this.storage.count;
  }

  /** The same elements in the same order under another shape; undefined when that needs a copy. */
  reshape(shape: readonly number[]): View | undefined {
    if (sizeOf(shape) !== this.count) {
      throw new Exception("LogicError", `cannot reshape [${this.shape}] to [${shape}].`);
    }
    if (this.count === 0) return this.#with(shape, rowMajor(shape));
    const strides = restride(collapse(this.shape, this.strides), shape);
    return strides && this.#with(shape, strides);
  }

  permute(axes: readonly number[]): View {
    return this.#with(
      axes.map((axis) => this.shape[axis] as number),
      axes.map((axis) => this.strides[axis] as number),
    );
  }

  /** `size` elements of an axis from `begin` on, `step` apart (negative: backwards). */
  slice(axis: number, begin: number, size: number, step = 1): View {
    const stride = this.strides[axis] as number;
    const shape = this.shape.with(axis, size);
    const offset = size > 0 ? this.offset + begin * stride : this.offset;
    return new View(this.storage, shape, this.strides.with(axis, stride * step), offset, this.terms);
  }

  reverse(axis: number): View {
    const size = this.shape[axis] as number;
    return this.slice(axis, Math.max(size - 1, 0), size, -1);
  }

  /** One position of an axis, which is dropped. */
  at(axis: number, position: number): View {
    return this.slice(axis, position, 1).dropAxis(axis);
  }

  /** The position of an axis that a loop's index counts (times `step`, from `begin` on); the axis is dropped. */
  atIndex(axis: number, index: LoopIndex, begin = 0, step = 1): View {
    const start = this.at(axis, begin);
    const term = { index, stride: (this.strides[axis] as number) * step };
    return new View(start.storage, start.shape, start.strides, start.offset, [...this.terms, term]);
  }

  dropAxis(axis: number): View {
    if (this.shape[axis] !== 1)
      throw new Exception("LogicError", `axis ${axis} of [${this.shape}] is not 1.`);
    return this.#with(this.shape.toSpliced(axis, 1), this.strides.toSpliced(axis, 1));
  }

  /** An axis of one element before `axis`. */
  insertAxis(axis: number): View {
    return this.#with(this.shape.toSpliced(axis, 0, 1), this.strides.toSpliced(axis, 0, 0));
  }

  /** As TensorFlow broadcasts: axes aligned at the end, those of size 1 repeated. @throws LogicError if it cannot */
  broadcast(shape: readonly number[]): View {
    const lead = shape.length - this.rank;
    if (lead < 0) throw new Exception("LogicError", `[${this.shape}] cannot be broadcast to [${shape}].`);
    const strides = shape.map((size, axis) => {
      if (axis < lead) return 0;
      const own = this.shape[axis - lead] as number;
      if (own === size) return own === 1 ? 0 : (this.strides[axis - lead] as number);
      if (own === 1) return 0;
      throw new Exception("LogicError", `[${this.shape}] cannot be broadcast to [${shape}].`);
    });
    return this.#with(shape, strides);
  }

  /** Another shape and strides over the same storage (numpy's as_strided): sliding windows. */
  strided(shape: readonly number[], strides: readonly number[], offset = this.offset): View {
    return new View(this.storage, shape, strides, offset, this.terms);
  }

  #with(shape: readonly number[], strides: readonly number[]): View {
    return new View(this.storage, shape, strides, this.offset, this.terms);
  }
}

export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

export function rowMajor(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides.unshift(stride);
    stride *= shape[axis] as number;
  }
  return strides;
}

interface Axes {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** Fewest axes that walk the same elements in the same order: neighbours joined, axes of one dropped. */
function collapse(shape: readonly number[], strides: readonly number[]): Axes {
  const joined: { size: number; stride: number }[] = [];
  for (const [axis, size] of shape.entries()) {
    const stride = strides[axis] as number;
    if (size === 1) continue;
    const last = joined.at(-1);
    if (last && last.stride === stride * size) {
      last.size *= size;
      last.stride = stride;
    } else joined.push({ size, stride });
  }
  return { shape: joined.map(({ size }) => size), strides: joined.map(({ stride }) => stride) };
}

/** The strides that give `shape` over collapsed axes; undefined when a new axis would cross from one to the next. */
function restride(axes: Axes, shape: readonly number[]): number[] | undefined {
  const strides = new Array<number>(shape.length).fill(0);
  let from = axes.shape.length - 1;
  let left = from >= 0 ? (axes.shape[from] as number) : 1;
  let stride = from >= 0 ? (axes.strides[from] as number) : 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] as number;
    if (size === 1) continue;
    if (left === 1) {
      from--;
      left = axes.shape[from] as number;
      stride = axes.strides[from] as number;
    }
    if (left % size !== 0) return undefined;
    strides[axis] = stride;
    stride *= size;
    left /= size;
  }
  return strides;
}
