/** The batcher that all streams of a module share in one thread: their events' rows go into one call of the model. */
import { Exception } from "../../base/errors.js";
import { type BatchCounts, noteBatches } from "../../tensorflow/inferenceReport.js";
import type { PreparedCall } from "../../tensorflow/PreparedCall.js";
import type { Session } from "../../tensorflow/Session.js";
import type { SessionCache } from "../../tensorflow/SessionCache.js";
import type { TensorLike } from "../../tensorflow/Tensor.js";
import { Batcher } from "./Batcher.js";
import { batchSizes } from "./batchSizes.js";

export interface EventBatchOptions {
  /** Names of tensors, or keys of a SavedModel's signature. Their first dimension is the rows. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Rows of one call, at most: 64, if not given; an event with more is run in parts. */
  readonly maxBatchSize?: number;
  /** Longest that an event waits for those of other streams [ms]; 0, the default: only those that are there already. */
  readonly maxLatencyMs?: number;
}

/** By the module's cache, which is one object a thread. */
const batchers = new WeakMap<object, EventBatcher>();

export class EventBatcher {
  readonly #cache: Readonly<SessionCache>;
  readonly #session: Session;
  readonly #inputs: readonly string[];
  readonly #batcher: Batcher;
  readonly #counts: BatchCounts;
  #streams = 0;

  private constructor(cache: Readonly<SessionCache>, options: EventBatchOptions) {
    const { inputs, outputs, maxBatchSize = 64, maxLatencyMs = 0 } = options;
    this.#cache = cache;
    this.#inputs = inputs;
    this.#session = cache.createSession();
    this.#counts = noteBatches();
    const call = this.#session.prepare(inputs, outputs);
    this.#batcher = new Batcher((rows) => this.#run(call, rows), {
      maxBatchSize,
      maxLatencyMs,
      // Each stream has one event: they cannot be more.
      maxQueuedRows: Number.MAX_SAFE_INTEGER,
      batchSizes: this.#session.engine === "compiled" ? batchSizes(maxBatchSize) : [],
    });
  }

  /** The one of this thread, for one more stream; close() is called for each. */
  static of(cache: Readonly<SessionCache>, options: EventBatchOptions): EventBatcher {
    const batcher = batchers.get(cache) ?? new EventBatcher(cache, options);
    batchers.set(cache, batcher);
    batcher.#streams++;
    return batcher;
  }

  /**
   * The outputs for an event's rows; undefined for an event without any.
   * @throws InvalidRun where it is not a tensor for each input, or (rejects) as the model does
   */
  submit(inputs: readonly TensorLike[]): Promise<readonly TensorLike[]> | undefined {
    if (inputs.length !== this.#inputs.length) {
      const text = `inputsOf gave ${inputs.length} tensors; it must give one for each of: ${this.#inputs.join(", ")}.`;
      throw new Exception("InvalidRun", text);
    }
    if (hasNoRows(inputs)) return undefined;
    this.#counts.requests++;
    this.#counts.rows += inputs[0]?.shape[0] ?? 0;
    return this.#batcher.submit(inputs);
  }

  close(): void {
    if (--this.#streams > 0) return;
    batchers.delete(this.#cache);
    this.#session.close();
  }

  #run(call: PreparedCall, rows: readonly TensorLike[]): readonly TensorLike[] {
    this.#counts.calls++;
    return call.run(rows);
  }
}

function hasNoRows(inputs: readonly TensorLike[]): boolean {
  for (let i = 0; i < inputs.length; i++) if ((inputs[i] as TensorLike).shape[0] !== 0) return false;
  return true;
}
