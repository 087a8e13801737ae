/** How a batch of one size is put together from runs of compiled sizes: "5:2,2,2" is three runs of 2, one row padded. */
import { Exception } from "../../base/errors.js";

/** cms-tfaot's BatchRule: immutable, checked when it is made. */
export class BatchRule {
  readonly batchSize: number;
  /** The compiled sizes that run, in this order. */
  readonly sizes: readonly number[];
  /** Rows of zeros at the end of the last run, whose results are dropped. */
  readonly lastPadding: number;

  /**
   * @param rule "5:2,2,2": the batch size, then the sizes; the padding is what they hold beyond it.
   * @throws InvalidBatchRule for another form, or for sizes that hold less than the batch; and as below
   */
  constructor(rule: string);
  /**
   * @throws EmptySizes without sizes; WrongPadding when the last run would be all padding; WrongBatchSize when the
   *   sizes without the padding are not the batch size; InvalidBatchRule for what is no whole number
   */
  constructor(batchSize: number, sizes: readonly number[], lastPadding?: number);
  constructor(ruleOrBatchSize: string | number, givenSizes: readonly number[] = [], padding = 0) {
    const { batchSize, sizes, lastPadding } =
      typeof ruleOrBatchSize === "string"
        ? parse(ruleOrBatchSize)
        : { batchSize: ruleOrBatchSize, sizes: [...givenSizes], lastPadding: padding };
    this.batchSize = batchSize;
    this.sizes = Object.freeze(sizes);
    this.lastPadding = lastPadding;
    this.#check();
    Object.freeze(this);
  }

  /** As the constructor with a string. */
  static fromString(rule: string): BatchRule {
    return new BatchRule(rule);
  }

  toString(): string {
    return `BatchRule(batchSize=${this.batchSize}, sizes=${this.sizes.join(",")}, lastPadding=${this.lastPadding})`;
  }

  #check(): void {
    const { batchSize, sizes, lastPadding } = this;
    if (sizes.length === 0)
      throw new Exception("EmptySizes", `${this}: a rule needs at least one compiled size.`);
    if (!isCount(batchSize, 1) || !isCount(lastPadding, 0) || !sizes.every((size) => isCount(size, 1)))
      throw new Exception("InvalidBatchRule", `${this}: sizes and padding must be whole numbers.`);
    const last = sizes.at(-1) as number;
    if (lastPadding >= last) {
      const what = `the padding ${lastPadding} must be less than the last size ${last}`;
      throw new Exception("WrongPadding", `${this}: ${what}, else its run computes nothing.`);
    }
    const rows = sum(sizes) - lastPadding;
    if (rows !== batchSize) {
      const what = `the sizes without the padding make ${rows} rows, not ${batchSize}`;
      throw new Exception("WrongBatchSize", `${this}: ${what}.`);
    }
  }
}

function parse(rule: string): { batchSize: number; sizes: number[]; lastPadding: number } {
  const [, target, list] = /^\s*(\d+)\s*:((?:\s*\d+\s*,)*\s*\d+\s*)?$/.exec(rule) ?? [];
  if (target === undefined) {
    const form = 'it is written "BATCH:SIZE,SIZE,…", for example "5:2,2,2"';
    throw new Exception("InvalidBatchRule", `'${rule}' is no batch rule; ${form}.`);
  }
  const batchSize = Number(target);
  const sizes = (list ?? "").split(",").filter((size) => size.trim() !== "");
  const total = sum(sizes.map(Number));
  if (sizes.length > 0 && total < batchSize) {
    const what = `its sizes hold ${total} rows, less than the batch of ${batchSize}`;
    throw new Exception("InvalidBatchRule", `batch rule '${rule}': ${what}.`);
  }
  return { batchSize, sizes: sizes.map(Number), lastPadding: Math.max(total - batchSize, 0) };
}

function isCount(value: number, least: number): boolean {
  return Number.isSafeInteger(value) && value >= least;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
