/** Whether a score means a probability: per bin of it, how much the model promised and how much was true. */
import { ExactSum, type PlainExactSum } from "../ExactSum.js";
import { histogram, regularAxis } from "../Histogram.js";
import {
  type InferenceResult,
  type Inferencer,
  invalidEvaluation,
  labelsOf,
  type NamedTensors,
  vectorOf,
} from "../Inferencer.js";

/** Index: bin. */
interface Bins {
  readonly rows: Float64Array;
  readonly positives: Float64Array;
  readonly scores: readonly PlainExactSum[];
}

export class Calibration implements Inferencer {
  readonly fetches: readonly [pred: string, label: string];
  readonly #prefix: string;
  readonly #bins: number;
  #rows!: Float64Array;
  #positives!: Float64Array;
  #scores: ExactSum[] = [];

  /** Scores are probabilities, labels 0 or 1. Bin i holds scores from i / bins up to the next; 1 is in the last. */
  constructor(
    predTensorName: string,
    labelTensorName: string,
    prefix = "val",
    options: { readonly bins?: number } = {},
  ) {
    this.fetches = [predTensorName, labelTensorName];
    this.#prefix = prefix;
    this.#bins = options.bins ?? 10;
    if (!Number.isInteger(this.#bins) || this.#bins < 1)
      throw invalidEvaluation("Calibration", `it cannot have ${this.#bins} bins`);
    this.reset();
  }

  reset(): void {
    this.#rows = new Float64Array(this.#bins);
    this.#positives = new Float64Array(this.#bins);
    this.#scores = Array.from({ length: this.#bins }, () => new ExactSum());
  }

  update(outputs: NamedTensors, rowCount: number): void {
    const [pred, label] = this.fetches;
    const scores = vectorOf(outputs, pred, rowCount, "Calibration");
    const labels = labelsOf(outputs, label, rowCount, "Calibration");
    for (let row = 0; row < rowCount; row++) {
      const score = scores[row] as number;
      if (!(score >= 0 && score <= 1))
        throw invalidEvaluation(
          "Calibration",
          `row ${row} of tensor '${pred}' is ${score}; a probability is from 0 to 1`,
        );
      const bin = Math.min(this.#bins - 1, Math.floor(score * this.#bins));
      (this.#rows[bin] as number)++;
      (this.#positives[bin] as number) += labels[row] as number;
      this.#scores[bin]?.add(score);
    }
  }

  toPlain(): Bins {
    return {
      rows: this.#rows.slice(),
      positives: this.#positives.slice(),
      scores: this.#scores.map((sum) => sum.toPlain()),
    };
  }

  merge({ rows, positives, scores }: Bins): void {
    for (let bin = 0; bin < this.#bins; bin++) {
      (this.#rows[bin] as number) += rows[bin] as number;
      (this.#positives[bin] as number) += positives[bin] as number;
      this.#scores[bin]?.merge(scores[bin] as PlainExactSum);
    }
  }

  /**
   * `prefix_ece`: the expected calibration error, the mean over rows of |mean score - share of positives| in the row's bin;
   * `prefix_mce`: the largest of these. The reliability diagram is positives / rows over score_sum / rows, by bin.
   */
  result(): InferenceResult {
    const sums = this.#scores.map(({ value }) => value);
    let rowCount = 0;
    let weighted = 0;
    let largest = 0;
    for (let bin = 0; bin < this.#bins; bin++) {
      const rows = this.#rows[bin] as number;
      if (rows === 0) continue;
      const gap = Math.abs((sums[bin] as number) - (this.#positives[bin] as number));
      rowCount += rows;
      weighted += gap;
      largest = Math.max(largest, gap / rows);
    }
    const axis = regularAxis(this.fetches[0], this.#bins, 0, 1, false);
    return {
      scalars: {
        [`${this.#prefix}_ece`]: weighted / rowCount,
        [`${this.#prefix}_mce`]: rowCount === 0 ? Number.NaN : largest,
      },
      histograms: {
        [`${this.#prefix}_calibration_rows`]: histogram([axis], "int", [...this.#rows]),
        [`${this.#prefix}_calibration_positives`]: histogram([axis], "int", [...this.#positives]),
        [`${this.#prefix}_calibration_score_sum`]: histogram([axis], "double", sums),
      },
    };
  }
}
