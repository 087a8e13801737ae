/**
 * Rows of several requests go into one call of a model (BentoML's and Triton's dynamic batching). One call at a time; what
 * comes meanwhile is the next batch, so batches grow with the load by themselves. What is there in one turn of the event
 * loop goes together; with a latency limit a batch waits for as many requests as came together of late, on one timer.
 * Unlike BentoML's: rows are counted and not requests, first in is first out, the queue is bounded, nothing polls.
 */
import { Exception } from "../../base/errors.js";
import { showShape, type TensorLike } from "../../tensorflow/Tensor.js";
import { addDuration, emptyStatistics, type ModelStatistics } from "../ServedModel.js";
import { requestTimeout, ServerBusy } from "../servingErrors.js";
import { BatchCall, type BatchRun } from "./BatchCall.js";
import { PendingRequest } from "./PendingRequest.js";
import { PendingRequests } from "./PendingRequests.js";
import { RequestQueue } from "./RequestQueue.js";
import { Traffic } from "./Traffic.js";

export interface BatcherOptions {
  /** Rows of one call, at most. A larger request is run in parts. */
  readonly maxBatchSize: number;
  /** Longest that a request waits for others [ms]; 0, the default: only what is there already goes together. */
  readonly maxLatencyMs?: number | undefined;
  /** Rows that may wait; what comes beyond is refused. 64 batches, if not given. */
  readonly maxQueuedRows?: number | undefined;
  /** The dimension that counts rows. */
  readonly batchDimIn?: number | undefined;
  readonly batchDimOut?: number | undefined;
  /** Ascending numbers of rows that the model is run with: a batch in between is filled up, and the rest cut off. */
  readonly batchSizes?: readonly number[] | undefined;
  readonly statistics?: ModelStatistics | undefined;
}

const queuedBatches = 64;

export class Batcher {
  readonly statistics: ModelStatistics;
  readonly #maxRows: number;
  readonly #latencyMs: number;
  readonly #maxQueuedRows: number;
  readonly #dimension: number;
  readonly #queue: RequestQueue;
  readonly #pending: PendingRequests;
  readonly #call: BatchCall;
  readonly #traffic = new Traffic();
  #isRunning = false;
  /** When the last batch was done. */
  #endMs = 0;
  /** When the last request came that would miss its deadline by waiting as long as is allowed. */
  #urgentMs = Number.NEGATIVE_INFINITY;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  /** @throws Configuration for sizes and limits that make no sense */
  constructor(run: BatchRun, options: BatcherOptions) {
    const { maxBatchSize, maxLatencyMs = 0, batchDimIn = 0, batchDimOut = 0, batchSizes = [] } = options;
    this.#maxRows = whole("maxBatchSize", maxBatchSize, 1);
    this.#latencyMs = duration("maxLatencyMs", maxLatencyMs);
    this.#maxQueuedRows = whole("maxQueuedRows", options.maxQueuedRows ?? queuedBatches * maxBatchSize, 1);
    this.#dimension = whole("batchDimIn", batchDimIn, 0);
    whole("batchDimOut", batchDimOut, 0);
    this.statistics = options.statistics ?? emptyStatistics();
    this.#queue = new RequestQueue(batchDimIn, maxBatchSize);
    this.#pending = new PendingRequests(this.#queue, this.statistics, () => this.#drained?.());
    this.#call = new BatchCall(run, batchSizes, batchDimOut, this.#pending, this.statistics);
  }

  /** Rows that wait. */
  get queuedRows(): number {
    return this.#queue.rows;
  }

  /**
   * Gives the outputs for a request's rows, which may be views on arrays that hold others' too: whoever takes their bytes
   * minds byteOffset and byteLength. `deadlineMs` is of performance.now(): no answer comes later.
   * @throws (rejects) ServerBusy, RequestTimeout, InvalidRun for inputs that disagree in their rows, what the model throws
   */
  submit(
    inputs: readonly TensorLike[],
    deadlineMs = Number.POSITIVE_INFINITY,
  ): Promise<readonly TensorLike[]> {
    const nowMs = performance.now();
    let rows: number;
    try {
      rows = rowCount(inputs, this.#dimension);
      this.#admit(rows, deadlineMs, nowMs);
    } catch (error) {
      addDuration(this.statistics.fail, 0);
      return Promise.reject(error);
    }
    const request = new PendingRequest(inputs, rows, deadlineMs, nowMs);
    this.#queue.push(request);
    this.#pending.add(request, nowMs);
    this.#traffic.came(this.#pending.count, nowMs);
    if (deadlineMs - nowMs <= this.#latencyMs) this.#urgentMs = nowMs;
    if (!this.#isRunning) this.#schedule(nowMs);
    return request.promise;
  }

  /** Answers what has been accepted, refuses more. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#drained = resolve;
      if (this.#pending.count === 0) resolve();
    });
    if (!this.#isRunning && this.#pending.count > 0) this.#schedule(performance.now());
    return this.#closing;
  }

  /**
   * What any request would be refused with now, undefined when there is room: to be asked before a request is read, so
   * that what is refused costs next to nothing. Counts it as a failed one.
   */
  refusal(): ServerBusy | undefined {
    if (this.#queue.rows < this.#maxQueuedRows && !this.#closing) return undefined;
    addDuration(this.statistics.fail, 0);
    return this.#busy();
  }

  #admit(rows: number, deadlineMs: number, nowMs: number): void {
    if (this.#closing) throw this.#busy();
    if (deadlineMs <= nowMs) throw requestTimeout("the request's time was up before it was queued.");
    const waiting = this.#queue.rows;
    // When nothing waits a request of any size is taken; otherwise a large one never could be.
    if (waiting > 0 && waiting + rows > this.#maxQueuedRows) throw this.#busy();
  }

  #busy(): ServerBusy {
    if (this.#closing) return new ServerBusy("the model is being closed: it takes no more requests.", 1000);
    const waiting = this.#queue.rows;
    const retryAfterMs = Math.max(1, Math.ceil(waiting * this.#call.msPerRow));
    const what = `${waiting} rows wait already, of ${this.#maxQueuedRows} that may`;
    return new ServerBusy(`${what}; try again in ${retryAfterMs} ms.`, retryAfterMs);
  }

  /** Nothing runs: the next batch does at the end of this turn, or when it has waited long enough. */
  #schedule(nowMs: number): void {
    if (this.#immediate) return;
    if (!this.#isEnough(nowMs)) {
      if (this.#timer) return;
      const waitMs = (this.#queue.oldestMs ?? nowMs) + this.#latencyMs - nowMs;
      if (waitMs > 0) {
        this.#timer = setTimeout(this.#timeIsUp, waitMs);
        return;
      }
    }
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#immediate = setImmediate(this.#next);
  }

  #isEnough(nowMs: number): boolean {
    return (
      this.#latencyMs === 0 ||
      this.#closing !== undefined ||
      // First in is first out: as long as the oldest is no newer, the urgent one may wait too.
      (this.#queue.oldestMs ?? nowMs) <= this.#urgentMs ||
      this.#queue.rows >= this.#maxRows ||
      this.#pending.count >= this.#traffic.expected(nowMs)
    );
  }

  readonly #timeIsUp = (): void => {
    this.#timer = undefined;
    this.#traffic.waitedInVain(Math.max(1, this.#pending.count));
    if (!this.#immediate) this.#next();
  };

  /**
   * Under overload a turn of the event loop reads for long: then the model too has more than one batch of it, for as long
   * as requests have come since the last.
   */
  readonly #next = (): void => {
    this.#immediate = undefined;
    const startMs = performance.now();
    const untilMs = 2 * startMs - Math.max(this.#endMs, this.#queue.oldestMs ?? startMs);
    let nowMs = startMs;
    do {
      const batch = this.#queue.take();
      if (!batch) break;
      this.#isRunning = true;
      const running = this.#call.attempt(batch.lane, batch.parts);
      if (running) {
        void running.then(this.#finish);
        return;
      }
      nowMs = performance.now();
    } while (this.#queue.rows >= this.#maxRows && nowMs < untilMs);
    this.#finish();
  };

  readonly #finish = (): void => {
    this.#isRunning = false;
    this.#endMs = performance.now();
    if (this.#queue.oldestMs !== undefined) this.#schedule(this.#endMs);
  };
}

function rowCount(inputs: readonly TensorLike[], dimension: number): number {
  const rows = inputs[0]?.shape[dimension];
  for (let i = 0; i < inputs.length; i++)
    if ((inputs[i] as TensorLike).shape[dimension] !== rows) throw noRows(inputs, dimension);
  if (rows === undefined) throw noRows(inputs, dimension);
  return rows;
}

function noRows(inputs: readonly TensorLike[], dimension: number): Exception {
  const shapes = inputs.map(({ shape }) => showShape(shape)).join(", ");
  return new Exception(
    "InvalidRun",
    `all inputs of a batchable method have the same number of rows, in dimension ${dimension}; given are the shapes ${shapes || "of no input"}.`,
  );
}

/** @throws Configuration */
function whole(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new Exception(
    "Configuration",
    `${name} must be a whole number of at least ${least}, not ${String(value)}.`,
  );
}

function duration(name: string, value: number): number {
  if (value >= 0 && value < 2 ** 31) return value;
  throw new Exception(
    "Configuration",
    `${name} must be a number of milliseconds from 0 on, not ${String(value)}.`,
  );
}
