/** Random tensors for property tests, the same ones in every run. */
import type { DType } from "../../../../framework/tensorflow/dtypes.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";

let state = 12345;

/** In [0, 1): mulberry32. */
export function uniform(): number {
  state = (state + 0x6d2b79f5) | 0;
  let bits = Math.imul(state ^ (state >>> 15), 1 | state);
  bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
  return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
}

/** From `low` to `high`, both included. */
export function integer(low: number, high: number): number {
  return low + Math.floor(uniform() * (high - low + 1));
}

export function oneOf<T>(...values: readonly T[]): T {
  return values[integer(0, values.length - 1)] as T;
}

export function shuffled<T>(values: readonly T[]): T[] {
  const left = [...values];
  return values.map(() => left.splice(integer(0, left.length - 1), 1)[0] as T);
}

/** Sizes of up to `most`; now and then one is 0 where that is allowed. */
export function shape(rank: number, most = 4, least = 1): number[] {
  return Array.from({ length: rank }, () => integer(least, most));
}

export function tensor(dims: readonly number[], dtype: DType = "float32", low = -4, high = 4): Tensor {
  const count = dims.reduce((a, b) => a * b, 1);
  const isFloat = dtype.startsWith("float");
  const values = Array.from({ length: count }, () => {
    if (dtype === "bool") return integer(0, 1);
    return isFloat ? low + uniform() * (high - low) : integer(low, high);
  });
  return new Tensor(dtype, dims, values);
}

export function times(count: number, run: () => void): void {
  for (let i = 0; i < count; i++) run();
}
