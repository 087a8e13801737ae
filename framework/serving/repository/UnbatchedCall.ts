/** A model whose requests are not batched: each is one call, at once. */
import type { TensorLike } from "../../tensorflow/Tensor.js";
import type { DurationStatistics, ModelStatistics } from "../ServedModel.js";
import { requestTimeout, ServerBusy } from "../servingErrors.js";

type Run = (inputs: readonly TensorLike[]) => readonly TensorLike[];

export class UnbatchedCall {
  #isClosed = false;

  constructor(
    readonly run: Run,
    readonly statistics: ModelStatistics,
  ) {}

  /** @throws (rejects) RequestTimeout, ServerBusy once closed, what the model throws */
  async submit(inputs: readonly TensorLike[], deadlineMs: number): Promise<readonly TensorLike[]> {
    const { statistics } = this;
    const startMs = performance.now();
    try {
      if (this.#isClosed) throw new ServerBusy("the model is being closed: it takes no more requests.", 1000);
      if (deadlineMs <= startMs) throw requestTimeout("the request's time was up before it was run.");
      const outputs = this.run(inputs);
      const tookMs = performance.now() - startMs;
      for (const duration of [statistics.queue, statistics.computeInput, statistics.computeOutput])
        duration.count++;
      add(statistics.success, tookMs);
      add(statistics.computeInfer, tookMs);
      statistics.inferenceCount++;
      statistics.executionCount++;
      statistics.lastInferenceMs = Date.now();
      const batch = statistics.batches.get(1) ?? { count: 0, ns: 0 };
      add(batch, tookMs);
      statistics.batches.set(1, batch);
      return outputs;
    } catch (error) {
      add(statistics.fail, performance.now() - startMs);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }
}

function add(to: DurationStatistics, milliseconds: number): void {
  to.count++;
  to.ns += Math.round(milliseconds * 1e6);
}
