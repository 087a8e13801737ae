/** What was measured of a model's runs, a row for each thing that could be timed by itself. */
import type { DType } from "../dtypes.js";

/** A node of the reference engine, or a kernel of compiled code, which may be many nodes in one. */
export interface ProfileRow {
  /** The node; of compiled code, the last of those that were fused. */
  readonly node: string;
  readonly op: string;
  /** What computed it: "reference", or the kind of compiled kernel: map, reduce, contract, softmax, if, loop. */
  readonly kind: string;
  /** How often in one run of the model. */
  readonly runs: number;
  readonly dtype: DType | "list" | undefined;
  readonly shape: readonly number[] | undefined;
  /** Of its output, of one run. */
  readonly bytes: number;
  /** Of all its runs in one run of the model. */
  readonly flops: number;
  /** Time of all its runs in one run of the model: the median over the runs of the model. */
  readonly us: number;
}

export interface Profile {
  readonly engine: string;
  /** How many runs of the model were timed. */
  readonly runs: number;
  /** Median of whole runs without any timer inside. */
  readonly totalUs: number;
  /** In the order in which they run. */
  readonly rows: readonly ProfileRow[];
  /** Working memory of all parts. */
  readonly arenaBytes: number;
  readonly constantBytes: number;
  /** What one has to know to read it, a sentence each. */
  readonly notes: readonly string[];
}

/** The middle of the values, or the mean of the two in the middle. Sorts them. */
export function median(values: Float64Array): number {
  values.sort();
  const { length } = values;
  if (length === 0) return 0;
  return ((values[(length - 1) >> 1] as number) + (values[length >> 1] as number)) / 2;
}

/** µs that two readings of the clock add to what lies between them. */
export function clockMicroseconds(): number {
  const readings = 100_000;
  const start = performance.now();
  for (let i = 0; i < readings; i++) performance.now();
  return (1000 * (performance.now() - start)) / readings;
}
