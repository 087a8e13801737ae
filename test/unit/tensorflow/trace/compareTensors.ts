/** Equality of a recorded tensor with tfjs's, as close as float32 allows. */
import { expect } from "vitest";
import type { TensorLike } from "../../../../framework/tensorflow/Tensor.js";

/** Largest difference that is let pass: absolute up to 1, relative beyond. */
export const tolerance = 1e-6;

export function expectSame(result: TensorLike, golden: TensorLike, label: string): void {
  expect([result.dtype, [...result.shape]], label).toEqual([golden.dtype, [...golden.shape]]);
  if (result.dtype === "string") {
    expect(result.data, label).toEqual(golden.data);
    return;
  }
  const worst = Array.from(result.data as Float32Array).reduce((most, a, i) => {
    const b = Number(golden.data[i]);
    if (Object.is(a, b) || a === b) return most;
    const difference = Math.abs(a - b) / Math.max(1, Math.abs(b));
    return Math.max(most, Number.isFinite(difference) ? difference : Number.POSITIVE_INFINITY);
  }, 0);
  expect(
    worst,
    `${label}: ${result.data.slice(0, 8)} against ${golden.data.slice(0, 8)}`,
  ).toBeLessThanOrEqual(result.dtype === "float32" ? tolerance : 0);
}
