/** An inferencer of a user's own, registered where a plugin of the job is defined: the highest value of a tensor. */
import {
  DEFINE_FWK_MODULE,
  type Inferencer,
  type InferenceResult,
  type NamedTensors,
  registerInferencer,
  stream,
} from "#framework";

class HighestValue implements Inferencer {
  readonly fetches: readonly [string];
  readonly #summaryName: string;
  #highest = Number.NEGATIVE_INFINITY;

  constructor(tensorName: string, summaryName: string) {
    this.fetches = [tensorName];
    this.#summaryName = summaryName;
  }

  reset(): void {
    this.#highest = Number.NEGATIVE_INFINITY;
  }

  update(outputs: NamedTensors): void {
    for (const value of (outputs[this.fetches[0]]?.data ?? []) as Float32Array) this.merge(value);
  }

  toPlain(): number {
    return this.#highest;
  }

  merge(value: number): void {
    if (value > this.#highest) this.#highest = value;
  }

  result(): InferenceResult {
    return { scalars: { [this.#summaryName]: this.#highest }, histograms: {} };
  }
}

registerInferencer("Highest", ["predTensorName", "summaryName"], [], (options) => {
  return new HighestValue(options.predTensorName, options.summaryName);
});

@DEFINE_FWK_MODULE("Highest")
export class Highest extends stream.EDAnalyzer {
  static readonly description = {};

  override analyze(): void {}
}

declare module "#framework" {
  interface EDAnalyzers {
    Highest: typeof Highest;
  }
}
