/** A session's run with its names resolved: what an event loop calls, without string work or needless allocation. */
import { copyData, type DType } from "./dtypes.js";
import type { Executable, FeedType } from "./engines.js";
import { checkFeed, type FeedRule, typeOfFeed } from "./feeds.js";
import { Tensor, type TensorLike } from "./Tensor.js";

export class PreparedCall {
  readonly #rules: readonly FeedRule[];
  readonly #executable: Executable;

  /** Use Session.prepare. */
  constructor(rules: readonly FeedRule[], executable: Executable) {
    this.#rules = rules;
    this.#executable = executable;
  }

  /** How the engine computes what has been run so far, a line each; nothing where it has nothing to tell. */
  explain(): readonly string[] {
    return this.#executable.explain?.() ?? [];
  }

  /**
   * Makes ready what runs of these batch sizes need, so that the first of each is no slower than the next: the compiled
   * engine has code for each size, 60–250 ms to compile and a few to load from disk. No data is run.
   * @throws InvalidRun for an input of which more than the first dimension is unknown, and for a size that is no whole
   *   number from 1 on
   */
  warmUp(batchSizes: readonly number[]): void {
    for (const feeds of this.#feedsOf(batchSizes)) this.#executable.warmUp?.(feeds);
  }

  /**
   * warmUp that compiles in another thread: meanwhile this one runs what is ready, and each size joins it as it is done,
   * in the order given. Resolves when all are there, or the session is closed. @throws as warmUp
   */
  async warmUpInBackground(batchSizes: readonly number[]): Promise<void> {
    const all = this.#feedsOf(batchSizes);
    await this.#executable.warmUpInBackground?.(all);
  }

  #feedsOf(batchSizes: readonly number[]): FeedType[][] {
    return batchSizes.map((size) => this.#rules.map((rule) => typeOfFeed(rule, size)));
  }

  /**
   * Runs once; the batch size may differ from call to call. Feeds are in the order of prepare. The results are
   * written into `outputs`: a tensor there with the same number of elements is overwritten, any other replaced, so
   * pass the array of the last call to reuse its memory. An input without elements gives no outputs, as in CMSSW.
   * @throws InvalidRun
   */
  run(feeds: readonly TensorLike[], outputs: Tensor[] = []): Tensor[] {
    let isEmpty = false;
    for (let i = 0; i < this.#rules.length; i++) {
      if (checkFeed(this.#rules[i] as FeedRule, feeds[i]) === 0) isEmpty = true;
    }
    if (isEmpty) {
      outputs.length = 0;
      return outputs;
    }
    const results = this.#executable.run(feeds);
    for (let i = 0; i < results.length; i++) {
      const target = outputs[i];
      const result = results[i] as TensorLike;
      if (target === undefined || !copyInto(target, result)) outputs[i] = copyOf(result);
    }
    setLength(outputs, results.length);
    return outputs;
  }
}

function copyOf({ dtype, shape, data }: TensorLike): Tensor {
  return new Tensor<DType>(dtype, [...shape], data.slice());
}

/** Overwrites a tensor of the same dtype and number of elements; tells whether it is one. */
function copyInto(target: Tensor, { dtype, shape, data }: TensorLike): boolean {
  if (target.dtype !== dtype || !copyData(data, target.data)) return false;
  const targetShape = target.shape as number[];
  // A store costs more than a comparison, and the shape seldom changes.
  for (let axis = 0; axis < shape.length; axis++)
    if (targetShape[axis] !== shape[axis]) targetShape[axis] = shape[axis] as number;
  setLength(targetShape, shape.length);
  return true;
}

/** Assigning a length that is right already costs 40 ns (measured). */
function setLength(array: unknown[], length: number): void {
  if (array.length !== length) array.length = length;
}
