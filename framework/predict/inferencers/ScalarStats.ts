/**
 * Means of tensors over a sample: tensorpack's ScalarStats. tensorpack averages over batches, so that the rows of a
 * ragged last batch count more; here each row counts once.
 */
import { ExactSum, type PlainExactSum } from "../ExactSum.js";
import { type InferenceResult, type Inferencer, type NamedTensors, numbersOf } from "../Inferencer.js";

interface Mean {
  readonly sum: PlainExactSum;
  readonly count: number;
}

export class ScalarStats implements Inferencer {
  readonly fetches: readonly string[];
  readonly #prefix: string;
  #sums: ExactSum[] = [];
  #counts: number[] = [];

  /** A scalar tensor, as a loss, counts once for each row of its batch; of any other each element counts once. */
  constructor(names: string | readonly string[], prefix = "validation") {
    this.fetches = typeof names === "string" ? [names] : [...names];
    this.#prefix = prefix;
    this.reset();
  }

  reset(): void {
    this.#sums = this.fetches.map(() => new ExactSum());
    this.#counts = this.fetches.map(() => 0);
  }

  update(outputs: NamedTensors, rowCount: number): void {
    for (const [index, name] of this.fetches.entries()) {
      const values = numbersOf(outputs, name, "ScalarStats");
      const sum = this.#sums[index] as ExactSum;
      const isScalar = outputs[name]?.shape.length === 0;
      if (isScalar) sum.add(values[0] as number, rowCount);
      else sum.addAll(values);
      (this.#counts[index] as number) += isScalar ? rowCount : values.length;
    }
  }

  toPlain(): readonly Mean[] {
    return this.#sums.map((sum, index) => ({ sum: sum.toPlain(), count: this.#counts[index] as number }));
  }

  merge(plain: readonly Mean[]): void {
    for (const [index, { sum, count }] of plain.entries()) {
      this.#sums[index]?.merge(sum);
      (this.#counts[index] as number) += count;
    }
  }

  /** `prefix_name` → mean. */
  result(): InferenceResult {
    const means = this.fetches.map((name, index): [string, number] => {
      const mean = (this.#sums[index] as ExactSum).value / (this.#counts[index] as number);
      return [`${this.#prefix}_${name.replace(/:0$/, "")}`, mean];
    });
    return { scalars: Object.fromEntries(means), histograms: {} };
  }
}
