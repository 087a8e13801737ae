/** The fast matrix product against its slow twin: equal bits for every tile remainder, transposed or not. */
import { describe, expect, it } from "vitest";
import { gemm, type Matrix } from "../../../framework/tensorflow/reference/kernels/gemm.js";
import { gemmSlow } from "../../../framework/tensorflow/reference/kernels/gemmSlow.js";

function matrix(rows: number, columns: number, isTransposed: boolean, seed: number): Matrix {
  const data = Float32Array.from({ length: rows * columns + 3 }, (_, i) => Math.sin(seed + i * i));
  return { data, offset: 3, row: isTransposed ? 1 : columns, column: isTransposed ? rows : 1 };
}

describe("gemm", () => {
  it("equals gemmSlow to the last bit", () => {
    for (const m of [0, 1, 2, 4, 5, 8, 11]) {
      for (const k of [0, 1, 3, 16, 33]) {
        for (const n of [0, 1, 2, 4, 7, 8, 13, 16]) {
          for (const [ta, tb] of [
            [false, false],
            [true, false],
            [false, true],
            [true, true],
          ] as const) {
            const a = matrix(m, k, ta, 1);
            const b = matrix(k, n, tb, 2);
            const fast = new Float32Array(m * n + 2).fill(7);
            const slow = fast.slice();
            gemm(a, b, fast, 1, m, k, n);
            gemmSlow(a, b, slow, 1, m, k, n);
            expect(fast, `${m}×${k}×${n} ${ta} ${tb}`).toEqual(slow);
          }
        }
      }
    }
  });

  it("carries NaN and infinities through", () => {
    const a = { data: Float64Array.of(0, Number.POSITIVE_INFINITY), offset: 0, row: 2, column: 1 };
    const b = { data: Float64Array.of(Number.NaN, 1, 1, 0), offset: 0, row: 2, column: 1 };
    const out = new Float64Array(2);
    gemm(a, b, out, 0, 1, 2, 2);
    expect(out).toEqual(Float64Array.of(Number.NaN, Number.NaN));
  });
});
