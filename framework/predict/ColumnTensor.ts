/** A tensor that is filled from columns of numbers, rows at a time: how products of events become a batch. */
import { Tensor } from "../tensorflow/Tensor.js";

/** A column: one number a row, or one for all rows. */
export type Column = ArrayLike<number | bigint> | number | bigint | boolean;
export type ColumnDType = "float32" | "float64" | "int32" | "int64";

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
} as const;
type Data = Float32Array | Float64Array | Int32Array | BigInt64Array;

export class ColumnTensor {
  readonly #dtype: ColumnDType;
  readonly #width: number;
  readonly #isVector: boolean;
  readonly #ones: readonly number[] | undefined;
  #data: Data;
  #rowCount = 0;

  /**
   * @param width number of columns
   * @param shape "vector": [rows] when there is one column; else [rows, width]
   * @param ones values that become 1, all others 0; without it values stay what they are
   */
  constructor(dtype: ColumnDType, width: number, shape: "vector" | "matrix", ones?: readonly number[]) {
    this.#dtype = dtype;
    this.#width = width;
    this.#isVector = shape === "vector" && width === 1;
    this.#ones = ones;
    this.#data = new arrays[dtype](16 * width);
  }

  /** Rows `from` to `to` of the columns, behind those that are there. */
  append(columns: readonly Column[], from: number, to: number): void {
    const end = this.#rowCount + to - from;
    if (end * this.#width > this.#data.length) this.#grow(end);
    const data = this.#data;
    for (const [c, column] of columns.entries()) {
      for (let row = from; row < to; row++) {
        const value = typeof column === "object" ? column[row] : column;
        data[(this.#rowCount + row - from) * this.#width + c] = this.#element(value) as never;
      }
    }
    this.#rowCount = end;
  }

  clear(): void {
    this.#rowCount = 0;
  }

  /** The rows since the last clear(); valid until the next append(). */
  get tensor(): Tensor {
    const shape = this.#isVector ? [this.#rowCount] : [this.#rowCount, this.#width];
    return new Tensor(this.#dtype, shape, this.#data.subarray(0, this.#rowCount * this.#width) as never);
  }

  #element(value: number | bigint | boolean | undefined): number | bigint {
    const chosen = this.#ones
      ? Number(this.#ones.includes(Number(value)))
      : (value as number | bigint | boolean);
    if (this.#dtype !== "int64") return Number(chosen);
    return typeof chosen === "bigint" ? chosen : BigInt(Math.trunc(Number(chosen)));
  }

  #grow(rows: number): void {
    const larger = new arrays[this.#dtype](2 * rows * this.#width);
    larger.set(this.#data as never);
    this.#data = larger;
  }
}
