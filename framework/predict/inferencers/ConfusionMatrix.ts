/** Which class is taken for which. */
import { categoryAxis, histogram } from "../Histogram.js";
import {
  classesOf,
  type InferenceResult,
  type Inferencer,
  invalidEvaluation,
  type NamedTensors,
} from "../Inferencer.js";

export class ConfusionMatrix implements Inferencer {
  readonly fetches: readonly [pred: string, label: string];
  readonly #classes: readonly string[];
  readonly #prefix: string;
  /** Row: true class; column: predicted class. */
  #counts: Float64Array;

  /**
   * Predictions and labels are class indices, or [rows, classes] of which the highest counts (the first of equals).
   * @param classes their names, in the order of their indices
   */
  constructor(predTensorName: string, labelTensorName: string, classes: readonly string[], prefix = "val") {
    if (classes.length < 2 || new Set(classes).size !== classes.length)
      throw invalidEvaluation(
        "ConfusionMatrix",
        `classes are '${classes.join("', '")}'; two or more different names are needed`,
      );
    this.fetches = [predTensorName, labelTensorName];
    this.#classes = [...classes];
    this.#prefix = prefix;
    this.#counts = new Float64Array(classes.length ** 2);
  }

  reset(): void {
    this.#counts.fill(0);
  }

  update(outputs: NamedTensors, rowCount: number): void {
    const classCount = this.#classes.length;
    const [predicted, truth] = this.fetches.map((name) => {
      const classes = classesOf(outputs, name, rowCount, classCount, "ConfusionMatrix");
      for (let row = 0; row < rowCount; row++) {
        const index = classes[row] as number;
        if (!Number.isInteger(index) || index < 0 || index >= classCount)
          throw invalidEvaluation(
            "ConfusionMatrix",
            `row ${row} of tensor '${name}' is ${index}; a class index is 0 to ${classCount - 1}`,
          );
      }
      return classes;
    }) as [ArrayLike<number>, ArrayLike<number>];
    for (let row = 0; row < rowCount; row++)
      (this.#counts[(truth[row] as number) * classCount + (predicted[row] as number)] as number)++;
  }

  toPlain(): Float64Array {
    return this.#counts.slice();
  }

  merge(counts: Float64Array): void {
    for (let i = 0; i < counts.length; i++) (this.#counts[i] as number) += counts[i] as number;
  }

  /** `prefix_accuracy`, and for each class the share of it that is found (recall) and of its predictions that is right. */
  result(): InferenceResult {
    const all = this.#classes.map((_, index) => index);
    const at = (truth: number, predicted: number) => this.#counts[truth * all.length + predicted] as number;
    const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
    const right = sum(all.map((index) => at(index, index)));
    const scalars: Record<string, number> = {
      [`${this.#prefix}_accuracy`]: right / this.#counts.reduce((a, b) => a + b, 0),
    };
    for (const [index, name] of this.#classes.entries()) {
      scalars[`${this.#prefix}_recall_${name}`] = at(index, index) / sum(all.map((p) => at(index, p)));
      scalars[`${this.#prefix}_precision_${name}`] = at(index, index) / sum(all.map((t) => at(t, index)));
    }
    const axes = [categoryAxis("true class", this.#classes), categoryAxis("predicted class", this.#classes)];
    const values = all.map((truth) => all.map((predicted) => at(truth, predicted)));
    return { scalars, histograms: { [`${this.#prefix}_confusion`]: histogram(axes, "int", values) } };
  }
}
