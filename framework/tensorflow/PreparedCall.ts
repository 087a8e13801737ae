/** A session's run with its names resolved: what an event loop calls, without string work or needless allocation. */
import type { DType } from "./dtypes.js";
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
    outputs.length = isEmpty ? 0 : outputs.length;
    if (isEmpty) return outputs;
    const results = this.#executable.run(feeds);
    for (let i = 0; i < results.length; i++) outputs[i] = copyInto(outputs[i], results[i] as TensorLike);
    outputs.length = results.length;
    return outputs;
  }
}

function copyInto(target: Tensor | undefined, result: TensorLike): Tensor {
  const { dtype, shape, data } = result;
  if (target?.dtype !== dtype || target.data.length !== data.length || Array.isArray(data)) {
    return new Tensor<DType>(dtype, [...shape], data.slice());
  }
  (target.data as Float32Array).set(data as Float32Array);
  const targetShape = target.shape as number[];
  for (let axis = 0; axis < shape.length; axis++) targetShape[axis] = shape[axis] as number;
  targetShape.length = shape.length;
  return target;
}
