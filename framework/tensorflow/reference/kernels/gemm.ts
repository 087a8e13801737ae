/**
 * The fast matrix product. Rows of A go four at a time, packed and interleaved as doubles, against four columns of B:
 * sixteen running sums (measured 2.3 multiply-adds a ns on Node 20, the most of eleven tile shapes; a single row 1.7).
 * Left-over rows go alone. Every sum runs over k in order and in double precision, so a row's result has the same bits
 * in a batch of 1 and of 64; gemmSlow.ts is the readable twin.
 */
// biome-ignore-all lint/style/noNonNullAssertion: inner loops; all indices lie within the matrices' extents
import type { NumberArray } from "../../dtypes.js";

/** A matrix inside an array: element (i, j) lies at offset + i * row + j * column. */
export interface Matrix {
  data: NumberArray;
  offset: number;
  row: number;
  column: number;
}

/** Rows of A as doubles; grows to the longest row seen and is shared by all products of the thread. */
let packed = new Float64Array(0);
/** The running sums of a single row; grows likewise. */
let sums = new Float64Array(0);

/** out[m,n] = a[m,k] · b[k,n]; row i of `out` starts at outOffset + i * outRow. */
export function gemm(
  a: Matrix,
  b: Matrix,
  out: NumberArray,
  outOffset: number,
  m: number,
  k: number,
  n: number,
  outRow = n,
): void {
  reservePanel(k);
  let i = 0;
  for (; i + panelRows <= m; i += panelRows) {
    pack(a, i, panelRows, k);
    multiplyPanel(panelRows, b, out, outOffset + i * outRow, outRow, k, n);
  }
  for (; i < m; i++) {
    pack(a, i, 1, k);
    multiplyPanel(1, b, out, outOffset + i * outRow, outRow, k, n);
  }
}

/** Rows of A that are multiplied together; what is left over goes alone. */
export const panelRows = 4;

/** Where rows of A of length k are to be written: element p of row r of `rows` at p * rows + r. */
export function reservePanel(k: number): Float64Array {
  if (packed.length < panelRows * k) packed = new Float64Array(panelRows * k);
  return packed;
}

/** Multiplies the 1 or 4 rows in the panel with B; for those who write the panel themselves, as convolutions do. */
export function multiplyPanel(
  rows: number,
  b: Matrix,
  out: NumberArray,
  outAt: number,
  outRow: number,
  k: number,
  n: number,
): void {
  if (rows === panelRows) {
    fourRows(b, out, outAt, outRow, k, n);
    return;
  }
  if (sums.length < n) sums = new Float64Array(n);
  oneRow(b, out, outAt, k, n);
}

function pack(a: Matrix, firstRow: number, rows: number, k: number): void {
  const { data, column } = a;
  for (let r = 0; r < rows; r++) {
    let at = a.offset + (firstRow + r) * a.row;
    for (let p = r; p < k * rows; p += rows, at += column) packed[p] = data[at]!;
  }
}

function fourRows(b: Matrix, out: NumberArray, outAt: number, outRow: number, k: number, n: number): void {
  const { data, row, column } = b;
  const x = packed;
  const end = 4 * k;
  let j = 0;
  for (; column === 1 && j + 4 <= n; j += 4) {
    let s00 = 0,
      s01 = 0,
      s02 = 0,
      s03 = 0;
    let s10 = 0,
      s11 = 0,
      s12 = 0,
      s13 = 0;
    let s20 = 0,
      s21 = 0,
      s22 = 0,
      s23 = 0;
    let s30 = 0,
      s31 = 0,
      s32 = 0,
      s33 = 0;
    for (let p = 0, q = b.offset + j; p < end; p += 4, q += row) {
      const b0 = data[q]!,
        b1 = data[q + 1]!,
        b2 = data[q + 2]!,
        b3 = data[q + 3]!;
      let v = x[p]!;
      s00 += v * b0;
      s01 += v * b1;
      s02 += v * b2;
      s03 += v * b3;
      v = x[p + 1]!;
      s10 += v * b0;
      s11 += v * b1;
      s12 += v * b2;
      s13 += v * b3;
      v = x[p + 2]!;
      s20 += v * b0;
      s21 += v * b1;
      s22 += v * b2;
      s23 += v * b3;
      v = x[p + 3]!;
      s30 += v * b0;
      s31 += v * b1;
      s32 += v * b2;
      s33 += v * b3;
    }
    const o0 = outAt + j,
      o1 = o0 + outRow,
      o2 = o1 + outRow,
      o3 = o2 + outRow;
    out[o0] = s00;
    out[o0 + 1] = s01;
    out[o0 + 2] = s02;
    out[o0 + 3] = s03;
    out[o1] = s10;
    out[o1 + 1] = s11;
    out[o1 + 2] = s12;
    out[o1 + 3] = s13;
    out[o2] = s20;
    out[o2 + 1] = s21;
    out[o2 + 2] = s22;
    out[o2 + 3] = s23;
    out[o3] = s30;
    out[o3 + 1] = s31;
    out[o3 + 2] = s32;
    out[o3 + 3] = s33;
  }
  for (; j < n; j++) {
    let s0 = 0,
      s1 = 0,
      s2 = 0,
      s3 = 0;
    for (let p = 0, q = b.offset + j * column; p < end; p += 4, q += row) {
      const v = data[q]!;
      s0 += x[p]! * v;
      s1 += x[p + 1]! * v;
      s2 += x[p + 2]! * v;
      s3 += x[p + 3]! * v;
    }
    const o = outAt + j;
    out[o] = s0;
    out[o + outRow] = s1;
    out[o + 2 * outRow] = s2;
    out[o + 3 * outRow] = s3;
  }
}

/** Twelve rows of B at a time go by as they lie in memory, so that a matrix beyond the cache is read ahead. */
function oneRow(b: Matrix, out: NumberArray, outAt: number, k: number, n: number): void {
  const { data, row, column, offset } = b;
  const x = packed;
  if (column !== 1) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0, q = offset + j * column; p < k; p++, q += row) sum += x[p]! * data[q]!;
      out[outAt + j] = sum;
    }
    return;
  }
  const s = sums;
  for (let j = 0; j < n; j++) s[j] = 0;
  let p = 0;
  for (; p + 12 <= k; p += 12) {
    const x0 = x[p]!,
      x1 = x[p + 1]!,
      x2 = x[p + 2]!,
      x3 = x[p + 3]!,
      x4 = x[p + 4]!,
      x5 = x[p + 5]!;
    const x6 = x[p + 6]!,
      x7 = x[p + 7]!,
      x8 = x[p + 8]!,
      x9 = x[p + 9]!,
      xa = x[p + 10]!,
      xb = x[p + 11]!;
    const q0 = offset + p * row,
      q1 = q0 + row,
      q2 = q1 + row,
      q3 = q2 + row,
      q4 = q3 + row,
      q5 = q4 + row;
    const q6 = q5 + row,
      q7 = q6 + row,
      q8 = q7 + row,
      q9 = q8 + row,
      qa = q9 + row,
      qb = qa + row;
    for (let j = 0; j < n; j++) {
      const sum = s[j]! + x0 * data[q0 + j]! + x1 * data[q1 + j]! + x2 * data[q2 + j]! + x3 * data[q3 + j]!;
      const more = sum + x4 * data[q4 + j]! + x5 * data[q5 + j]! + x6 * data[q6 + j]! + x7 * data[q7 + j]!;
      s[j] = more + x8 * data[q8 + j]! + x9 * data[q9 + j]! + xa * data[qa + j]! + xb * data[qb + j]!;
    }
  }
  for (; p < k; p++) {
    const v = x[p]!;
    for (let j = 0, q = offset + p * row; j < n; j++, q++) s[j] = s[j]! + v * data[q]!;
  }
  for (let j = 0; j < n; j++) out[outAt + j] = s[j]!;
}
