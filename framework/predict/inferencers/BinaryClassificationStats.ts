/** Precision and recall of a yes-or-no prediction: tensorpack's BinaryClassificationStats. */
import {
  type InferenceResult,
  type Inferencer,
  invalidEvaluation,
  labelsOf,
  type NamedTensors,
  vectorOf,
} from "../Inferencer.js";

interface Counts {
  readonly truePositives: number;
  readonly predicted: number;
  readonly positives: number;
}

const nothing: Counts = { truePositives: 0, predicted: 0, positives: 0 };

export class BinaryClassificationStats implements Inferencer {
  readonly fetches: readonly [pred: string, label: string];
  readonly #prefix: string;
  readonly #threshold: number | undefined;
  #counts = nothing;

  /** Predictions and labels are 0 or 1; with a `threshold`, predictions are scores and mean 1 from there on. */
  constructor(
    predTensorName: string,
    labelTensorName: string,
    prefix = "val",
    options: { readonly threshold?: number } = {},
  ) {
    this.fetches = [predTensorName, labelTensorName];
    this.#prefix = prefix;
    this.#threshold = options.threshold;
  }

  reset(): void {
    this.#counts = nothing;
  }

  update(outputs: NamedTensors, rowCount: number): void {
    const [pred, label] = this.fetches;
    const labels = labelsOf(outputs, label, rowCount, "BinaryClassificationStats");
    const predictions =
      this.#threshold === undefined
        ? labelsOf(outputs, pred, rowCount, "BinaryClassificationStats")
        : vectorOf(outputs, pred, rowCount, "BinaryClassificationStats");
    const threshold = this.#threshold ?? 1;
    let { truePositives, predicted, positives } = this.#counts;
    for (let row = 0; row < rowCount; row++) {
      const prediction = predictions[row] as number;
      if (Number.isNaN(prediction))
        throw invalidEvaluation("BinaryClassificationStats", `row ${row} of tensor '${pred}' is NaN`);
      const isPositive = labels[row] === 1;
      const isPredicted = prediction >= threshold;
      if (isPositive) positives++;
      if (isPredicted) predicted++;
      if (isPositive && isPredicted) truePositives++;
    }
    this.#counts = { truePositives, predicted, positives };
  }

  toPlain(): Counts {
    return this.#counts;
  }

  merge({ truePositives, predicted, positives }: Counts): void {
    this.#counts = {
      truePositives: this.#counts.truePositives + truePositives,
      predicted: this.#counts.predicted + predicted,
      positives: this.#counts.positives + positives,
    };
  }

  /** `prefix_precision` and `prefix_recall`; 0 where nothing is predicted, or nothing is positive, as in tensorpack. */
  result(): InferenceResult {
    const { truePositives, predicted, positives } = this.#counts;
    const scalars = {
      [`${this.#prefix}_precision`]: predicted === 0 ? 0 : truePositives / predicted,
      [`${this.#prefix}_recall`]: positives === 0 ? 0 : truePositives / positives,
    };
    return { scalars, histograms: {} };
  }
}
