/** The share of rows that a model gets wrong, from a vector that it computes itself: tensorpack's ClassificationError. */
import { ExactSum, type PlainExactSum } from "../ExactSum.js";
import { type InferenceResult, type Inferencer, type NamedTensors, vectorOf } from "../Inferencer.js";

interface Wrong {
  readonly sum: PlainExactSum;
  readonly count: number;
}

export class ClassificationError implements Inferencer {
  readonly fetches: readonly [string];
  readonly #summaryName: string;
  #sum = new ExactSum();
  #count = 0;

  /** `wrongTensorName`: a number a row, 1 where the prediction is wrong and 0 where it is right. */
  constructor(wrongTensorName = "incorrect_vector", summaryName = "validation_error") {
    this.fetches = [wrongTensorName];
    this.#summaryName = summaryName;
  }

  reset(): void {
    this.#sum = new ExactSum();
    this.#count = 0;
  }

  update(outputs: NamedTensors, rowCount: number): void {
    this.#sum.addAll(vectorOf(outputs, this.fetches[0], rowCount, "ClassificationError"));
    this.#count += rowCount;
  }

  toPlain(): Wrong {
    return { sum: this.#sum.toPlain(), count: this.#count };
  }

  merge({ sum, count }: Wrong): void {
    this.#sum.merge(sum);
    this.#count += count;
  }

  /** `summaryName` → the sum of the vector over the number of rows. */
  result(): InferenceResult {
    return { scalars: { [this.#summaryName]: this.#sum.value / this.#count }, histograms: {} };
  }
}
