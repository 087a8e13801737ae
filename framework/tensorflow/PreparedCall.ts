/** A session's run with its names resolved: what an event loop calls, without string work or needless allocation. */
import { copyElements, type DType } from "./dtypes.js";
import type { Executable } from "./engines.js";
import { checkFeed, type FeedRule } from "./feeds.js";
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
   * Runs once; the batch size may differ from call to call. Feeds are in the order of prepare. The results are
   * written into `outputs`: a tensor there with the same number of elements is overwritten, any other replaced, so
   * pass the array of the last call to reuse its memory. An input without elements gives no outputs, as in CMSSW.
   * @throws InvalidRun
   */
  run(feeds: readonly TensorLike[], outputs: Tensor[] = []): Tensor[] {
    let isEmpty = false;
    for (let i = 0; i < this.#rules.length; i++) {
      const feed = feeds[i];
      checkFeed(this.#rules[i] as FeedRule, feed);
      if (feed.data.length === 0) isEmpty = true;
    }
    if (isEmpty) {
      outputs.length = 0;
      return outputs;
    }
    const results = this.#executable.run(feeds);
    for (let i = 0; i < results.length; i++) outputs[i] = copyInto(outputs[i], results[i] as TensorLike);
    setLength(outputs, results.length);
    return outputs;
  }
}

function copyInto(target: Tensor | undefined, result: TensorLike): Tensor {
  const { dtype, shape, data } = result;
  if (target?.dtype !== dtype || target.data.length !== data.length || Array.isArray(data)) {
    return new Tensor<DType>(dtype, [...shape], data.slice());
  }
  copyElements(data, target.data);
  const targetShape = target.shape as number[];
  for (let axis = 0; axis < shape.length; axis++) targetShape[axis] = shape[axis] as number;
  setLength(targetShape, shape.length);
  return target;
}

/** Assigning a length that is right already costs 40 ns (measured). */
function setLength(array: unknown[], length: number): void {
  if (array.length !== length) array.length = length;
}
