/** One batch: its rows put together, the model called, its outputs dealt out. A request that fails, fails alone. */
import { Exception } from "../../base/errors.js";
import { isPromise } from "../../base/isPromise.js";
import { showShape, type TensorLike } from "../../tensorflow/Tensor.js";
import { addExecution, type ModelStatistics } from "../ServedModel.js";
import { rowsOf } from "./copyRows.js";
import type { Lane } from "./Lane.js";
import type { Part } from "./PendingRequest.js";
import type { PendingRequests } from "./PendingRequests.js";

/**
 * Runs a model once. Inputs may be overwritten once it has returned, or its promise is settled; outputs are not to be
 * touched any more: clients get views on them.
 */
export type BatchRun = (
  inputs: readonly TensorLike[],
) => readonly TensorLike[] | Promise<readonly TensorLike[]>;

interface Started {
  readonly parts: readonly Part[];
  readonly inputs: readonly TensorLike[];
  readonly rows: number;
  /** Rows with those that fill up. */
  readonly size: number;
  readonly startMs: number;
  readonly readyMs: number;
}

export class BatchCall {
  readonly #run: BatchRun;
  readonly #sizes: readonly number[];
  readonly #dimension: number;
  readonly #pending: PendingRequests;
  readonly #statistics: ModelStatistics;
  /** What a row took of late. */
  msPerRow = 0;

  /** `sizes`: ascending numbers of rows that the model is run with; none: any. `dimension`: of the outputs' rows. */
  constructor(
    run: BatchRun,
    sizes: readonly number[],
    dimension: number,
    pending: PendingRequests,
    statistics: ModelStatistics,
  ) {
    this.#run = run;
    this.#sizes = sizes;
    this.#dimension = dimension;
    this.#pending = pending;
    this.#statistics = statistics;
  }

  /** Runs parts as one batch and settles them. Never throws; a promise only where the model gave one. */
  attempt(lane: Lane, all: readonly Part[]): Promise<void> | undefined {
    const startMs = performance.now();
    const parts = this.#pending.inTime(all, startMs);
    if (parts.length === 0) return undefined;
    try {
      const started = this.#start(lane, parts, startMs);
      const outputs = this.#run(started.inputs);
      if (!isPromise(outputs)) {
        this.#answer(started, outputs);
        return undefined;
      }
      return Promise.resolve(outputs)
        .then((given) => this.#answer(started, given))
        .catch((error: unknown) => this.#failed(lane, parts, error));
    } catch (error) {
      return this.#failed(lane, parts, error);
    }
  }

  #start(lane: Lane, parts: readonly Part[], startMs: number): Started {
    let rows = 0;
    for (let p = 0; p < parts.length; p++) rows += (parts[p] as Part).rows;
    const size = this.#sizeFor(rows);
    const inputs = lane.gather(parts, rows, size);
    return { parts, inputs, rows, size, startMs, readyMs: performance.now() };
  }

  #sizeFor(rows: number): number {
    const sizes = this.#sizes;
    if (rows > 0)
      for (let i = 0; i < sizes.length; i++) if ((sizes[i] as number) >= rows) return sizes[i] as number;
    return rows;
  }

  #answer({ parts, inputs, rows, size, startMs, readyMs }: Started, outputs: readonly TensorLike[]): void {
    const inferredMs = performance.now();
    const dimension = this.#dimension;
    const own = outputs.map((output) => (isOneOf(inputs, output) ? copyOf(output) : output));
    for (let i = 0; i < own.length; i++) checkRows(i, (own[i] as TensorLike).shape, size, dimension);
    let from = 0;
    const shares = parts.map((part) => {
      const start = from;
      from += part.rows;
      return part.rows === size ? own : own.map((output) => rowsOf(output, dimension, start, part.rows));
    });
    const nowMs = performance.now();
    const inputMs = readyMs - startMs;
    const times = { startMs, inputMs, inferMs: inferredMs - readyMs, outputMs: nowMs - inferredMs };
    addExecution(this.#statistics, rows, times.inferMs);
    const tookMs = nowMs - startMs;
    this.msPerRow += (tookMs / Math.max(1, rows) - this.msPerRow) / 8;
    for (let p = 0; p < parts.length; p++)
      this.#pending.answer(parts[p] as Part, shares[p] as readonly TensorLike[], times, nowMs, dimension);
  }

  /** Whose request it was is not known: halves are tried again, so each gets an answer or an error of its own. */
  #failed(lane: Lane, parts: readonly Part[], error: unknown): Promise<void> | undefined {
    if (parts.length > 1) return this.#inHalves(lane, parts);
    for (const { request } of parts) this.#pending.refuse(request, error, performance.now());
    return undefined;
  }

  async #inHalves(lane: Lane, parts: readonly Part[]): Promise<void> {
    const half = parts.length >> 1;
    await this.attempt(lane, parts.slice(0, half));
    await this.attempt(lane, parts.slice(half));
  }
}

function checkRows(index: number, shape: readonly number[], rows: number, dimension: number): void {
  if (shape[dimension] === rows) return;
  throw new Exception(
    "InvalidRun",
    `output ${index} of the model has shape ${showShape(shape)} for a batch of ${rows} rows; the output of a batchable ` +
      `method has a row for each in dimension ${dimension}: set its batch dimension, or batchable to false.`,
  );
}

/** A model may give back what it was given; that is overwritten by the next batch. */
function isOneOf(inputs: readonly TensorLike[], { data }: TensorLike): boolean {
  for (let i = 0; i < inputs.length; i++) {
    const given = (inputs[i] as TensorLike).data;
    if (given === data) return true;
    if (!Array.isArray(data) && !Array.isArray(given) && given.buffer === data.buffer) return true;
  }
  return false;
}

function copyOf({ dtype, shape, data }: TensorLike): TensorLike {
  return { dtype, shape: [...shape], data: data.slice() };
}
