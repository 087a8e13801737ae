/** Predicts on inputs that come from a source of their own: tensorpack's FeedfreePredictor. */
import { Exception } from "../base/errors.js";
import type { TensorInput } from "../tensorflow/asTensor.js";
import type { Tensor } from "../tensorflow/Tensor.js";
import { OfflinePredictor } from "./OfflinePredictor.js";
import type { PredictConfig } from "./PredictConfig.js";

/** One list a prediction: an input each, in the order of inputNames. */
export type InputStream = Iterable<readonly TensorInput[]> | AsyncIterable<readonly TensorInput[]>;

export class FeedfreePredictor {
  readonly #predictor: OfflinePredictor;
  readonly #source: AsyncIterator<readonly TensorInput[]> | Iterator<readonly TensorInput[]>;

  private constructor(predictor: OfflinePredictor, source: InputStream) {
    this.#predictor = predictor;
    this.#source = iterate(source);
  }

  /** @throws Configuration for a config with returnInput; as OfflinePredictor.create */
  static async create(config: PredictConfig<boolean>, source: InputStream): Promise<FeedfreePredictor> {
    if (config.returnInput)
      throw new Exception(
        "Configuration",
        "FeedfreePredictor: the inputs are not at hand; leave out returnInput.",
      );
    return new FeedfreePredictor(await OfflinePredictor.create(config as PredictConfig), source);
  }

  /** The outputs for the next inputs; undefined when the source has come to its end. */
  async predict(): Promise<Tensor[] | undefined> {
    const next = await this.#source.next();
    return next.done ? undefined : this.#predictor.predict(...next.value);
  }

  /** Ends the source and releases the session. */
  async close(): Promise<void> {
    await this.#source.return?.();
    this.#predictor.close();
  }
}

export function iterate<T>(source: Iterable<T> | AsyncIterable<T>): AsyncIterator<T> | Iterator<T> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}
