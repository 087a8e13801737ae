/** The readable twin of gemm.ts: the definition of a matrix product, to the same bits. Only the tests run it. */
import type { NumberArray } from "../../dtypes.js";
import type { Matrix } from "./gemm.js";

/** out[m,n] = a[m,k] · b[k,n]; `out` is row-major from `outOffset`. */
export function gemmSlow(
  a: Matrix,
  b: Matrix,
  out: NumberArray,
  outOffset: number,
  m: number,
  k: number,
  n: number,
): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) {
        const left = a.data[a.offset + i * a.row + p * a.column] as number;
        sum += left * (b.data[b.offset + p * b.row + j * b.column] as number);
      }
      out[outOffset + i * n + j] = sum;
    }
  }
}
