/** A request from its acceptance to its answer. One larger than a batch is run in parts and answered when all are there. */
import { Exception } from "../../base/errors.js";
import type { TensorLike } from "../../tensorflow/Tensor.js";
import { addDuration, type ModelStatistics } from "../ServedModel.js";
import { copyRows, layoutOf, sameKind } from "./copyRows.js";

/** Rows of a request that are run together, in the queue of their kind. */
export interface Part {
  readonly request: PendingRequest;
  readonly from: number;
  readonly rows: number;
  /** Tells which came first, across queues. */
  readonly order: number;
  next: Part | undefined;
}

/** Milliseconds that a batch took, step by step; each of its requests has waited for all of it. */
export interface BatchTimes {
  readonly startMs: number;
  readonly inputMs: number;
  readonly inferMs: number;
  readonly outputMs: number;
}

export class PendingRequest {
  readonly promise: Promise<readonly TensorLike[]>;
  isSettled = false;
  /** Rows that wait: not yet part of a batch. */
  queuedRows: number;
  #resolve!: (outputs: readonly TensorLike[]) => void;
  #reject!: (error: unknown) => void;
  #rowsMissing: number;
  /** Of a request in parts: what has been put together so far. */
  #joined: TensorLike[] | undefined;
  #queueMs = -1;
  #inputMs = 0;
  #inferMs = 0;
  #outputMs = 0;

  constructor(
    readonly inputs: readonly TensorLike[],
    readonly rows: number,
    readonly deadlineMs: number,
    readonly acceptedMs: number,
  ) {
    this.#rowsMissing = rows;
    this.queuedRows = rows;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Takes the outputs of one of its parts. True when it is answered by them. */
  take(part: Part, outputs: readonly TensorLike[], dimension: number): boolean {
    this.#rowsMissing -= part.rows;
    const whole = part.rows === this.rows ? outputs : this.#join(part, outputs, dimension);
    if (this.#rowsMissing > 0 || this.isSettled) return false;
    this.isSettled = true;
    this.#resolve(whole);
    return true;
  }

  fail(error: unknown): void {
    this.isSettled = true;
    this.#reject(error);
  }

  /** Adds what a batch took that it was part of. */
  spend({ startMs, inputMs, inferMs, outputMs }: BatchTimes): void {
    if (this.#queueMs < 0) this.#queueMs = startMs - this.acceptedMs;
    this.#inputMs += inputMs;
    this.#inferMs += inferMs;
    this.#outputMs += outputMs;
  }

  /** Enters the whole request into the model's statistics. */
  count(statistics: ModelStatistics, nowMs: number, isAnswered: boolean): void {
    addDuration(isAnswered ? statistics.success : statistics.fail, nowMs - this.acceptedMs);
    if (!isAnswered) return;
    addDuration(statistics.queue, this.#queueMs);
    addDuration(statistics.computeInput, this.#inputMs);
    addDuration(statistics.computeInfer, this.#inferMs);
    addDuration(statistics.computeOutput, this.#outputMs);
    statistics.inferenceCount += this.rows;
  }

  #join({ from, rows }: Part, outputs: readonly TensorLike[], dimension: number): readonly TensorLike[] {
    this.#joined ??= outputs.map(({ dtype, shape, data }) => ({
      dtype,
      shape: shape.map((size, axis) => (axis === dimension ? this.rows : size)),
      data: sameKind(data, (data.length / rows) * this.rows),
    }));
    for (const [i, { shape, data }] of outputs.entries()) {
      const to = this.#joined[i] as TensorLike;
      if (to.shape.some((size, axis) => axis !== dimension && size !== shape[axis]))
        throw new Exception(
          "InvalidRun",
          `output ${i} of the model has rows of another shape in every batch, so a request of ${this.rows} rows ` +
            "cannot be split: send fewer rows at once, or raise maxBatchSize.",
        );
      const target = { data: to.data, rowCount: this.rows, from };
      copyRows({ data, rowCount: rows, from: 0 }, target, rows, layoutOf(shape, dimension));
    }
    return this.#joined;
  }
}
