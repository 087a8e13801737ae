/** Predicts on a whole dataset: tensorpack's SimpleDatasetPredictor, and one on several threads with the same results. */
import type { Tensor } from "../tensorflow/Tensor.js";
import { type InputStream, iterate } from "./FeedfreePredictor.js";
import { MultiThreadPredictor, type ThreadOptions } from "./MultiThreadPredictor.js";
import { OfflinePredictor } from "./OfflinePredictor.js";
import type { PredictConfig } from "./PredictConfig.js";

/** One pass over the dataset; each element is what predict takes, the results come in its order. */
export class SimpleDatasetPredictor {
  readonly #config: PredictConfig<boolean>;
  readonly #dataset: InputStream;

  constructor(config: PredictConfig<boolean>, dataset: InputStream) {
    this.#config = config;
    this.#dataset = dataset;
  }

  /** @throws as OfflinePredictor */
  async *getResult(): AsyncGenerator<Tensor[], void, undefined> {
    const predictor = await OfflinePredictor.create(this.#config as PredictConfig);
    const points = iterate(this.#dataset);
    try {
      for (let next = await points.next(); !next.done; next = await points.next())
        yield predictor.predict(...next.value);
    } finally {
      await points.return?.();
      predictor.close();
    }
  }

  getAllResult(): Promise<Tensor[][]> {
    return collect(this.getResult());
  }
}

/** The same on worker threads; tensorpack has processes. Elements are data points without a batch axis. */
export class MultiThreadDatasetPredictor {
  readonly #config: PredictConfig<boolean>;
  readonly #dataset: InputStream;
  readonly #options: ThreadOptions;

  constructor(config: PredictConfig<boolean>, dataset: InputStream, options: ThreadOptions = {}) {
    this.#config = config;
    this.#dataset = dataset;
    this.#options = options;
  }

  /** @throws as MultiThreadPredictor */
  async *getResult(): AsyncGenerator<Tensor[], void, undefined> {
    const predictor = await MultiThreadPredictor.create(this.#config, this.#options);
    try {
      yield* predictor.predictAll(this.#dataset);
    } finally {
      await predictor.close();
    }
  }

  getAllResult(): Promise<Tensor[][]> {
    return collect(this.getResult());
  }
}

async function collect(results: AsyncIterable<Tensor[]>): Promise<Tensor[][]> {
  const all: Tensor[][] = [];
  for await (const result of results) all.push(result);
  return all;
}
