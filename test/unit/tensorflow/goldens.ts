/** Golden tensors as the JSON files have them, and their comparison. */
import { expect } from "vitest";
import type { DType } from "../../../framework/tensorflow/dtypes.js";
import { Tensor, type TensorLike } from "../../../framework/tensorflow/Tensor.js";

export interface PlainTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Row-major; what JSON has no number for is "nan", "inf" or "-inf". */
  readonly data: readonly (number | boolean | string)[];
}

export function toTensor({ dtype, shape, data }: PlainTensor): Tensor {
  return new Tensor(dtype, shape, data.map(toNumber));
}

/** Dtype and shape equal, floats within `tolerance` (absolute up to 1, relative beyond), all else equal. */
export function expectClose(result: TensorLike, golden: PlainTensor, tolerance: number): void {
  expect([result.dtype, result.shape]).toEqual([golden.dtype, golden.shape]);
  const worst = largestDifference(result, golden);
  expect(worst, `${[...result.data].slice(0, 12)} against ${golden.data.slice(0, 12)}`).toBeLessThanOrEqual(
    result.dtype.startsWith("float") ? tolerance : 0,
  );
}

/** The largest |a − b| / max(1, |b|); infinite where one is NaN or infinite and the other not the same. */
export function largestDifference(result: TensorLike, golden: PlainTensor): number {
  let worst = 0;
  for (const [i, plain] of golden.data.entries()) {
    const a = Number(result.data[i]);
    const b = toNumber(plain);
    if (Object.is(a, b) || a === b) continue;
    const difference = Math.abs(a - b) / Math.max(1, Math.abs(b));
    worst = Math.max(worst, Number.isFinite(difference) ? difference : Number.POSITIVE_INFINITY);
  }
  return worst;
}

function toNumber(value: number | boolean | string): number {
  if (typeof value !== "string") return Number(value);
  return Number(value.replace("inf", "Infinity").replace("nan", "NaN"));
}
