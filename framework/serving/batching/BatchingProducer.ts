/**
 * A stream module whose events share calls of a model: the rows of all streams of a thread that wait go into one call
 * (ExternalWork: acquire hands them over, produce has the outputs). Outputs do not depend on which events went together
 * where the engine gives a row the same bits in any batch: `compiled` and `reference` do.
 *
 * It pays where an event has few rows and a call is dear: mlp_big (2.2 MFLOP a row) on 8 streams runs at 2.0 (wasm) and
 * 2.9 (native) times the speed of a call each with one row an event, at 1.1 and 1.8 with four. A call of 1 µs gains
 * nothing, and waiting costs 5 µs.
 */
import type { Event } from "../../data/Event.js";
import type { EventSetup } from "../../data/EventSetup.js";
import * as stream from "../../modules/stream.js";
import type { SessionCache } from "../../tensorflow/SessionCache.js";
import type { TensorLike } from "../../tensorflow/Tensor.js";
import { type EventBatchOptions, EventBatcher } from "./EventBatcher.js";

/** For a module whose initializeGlobalCache gives a SessionCache. */
export abstract class BatchingProducer extends stream.EDProducer<SessionCache> {
  readonly #batcher: EventBatcher;
  #outputs: readonly TensorLike[] = [];
  /** Made once, because acquire is called for every event. */
  readonly #keep = (outputs: readonly TensorLike[]): void => {
    this.#outputs = outputs;
  };

  constructor(cache: Readonly<SessionCache>, options: EventBatchOptions) {
    super(cache);
    this.#batcher = EventBatcher.of(cache, options);
  }

  /** The event's rows, a tensor for each input. They are not touched any more before putOutputs. */
  protected abstract inputsOf(event: Event, setup: EventSetup): readonly TensorLike[];

  /** Puts what was computed for those rows. An event without rows has no outputs. */
  protected abstract putOutputs(event: Event, outputs: readonly TensorLike[], setup: EventSetup): void;

  override acquire(event: Event, setup: EventSetup): void | Promise<void> {
    return this.#batcher.submit(this.inputsOf(event, setup))?.then(this.#keep);
  }

  override produce(event: Event, setup: EventSetup): void {
    const outputs = this.#outputs;
    this.#outputs = [];
    this.putOutputs(event, outputs, setup);
  }

  override endStream(): void {
    this.#batcher.close();
  }
}
