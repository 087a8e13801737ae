/** What waits for a batch, one lane for each kind of request. The oldest request is always in the next batch. */
import type { TensorLike } from "../../tensorflow/Tensor.js";
import { Lane } from "./Lane.js";
import type { Part, PendingRequest } from "./PendingRequest.js";

/** Kinds of requests that are remembered though none of them waits. */
const maxIdleLanes = 16;

export interface Batch {
  readonly lane: Lane;
  readonly parts: readonly Part[];
}

export class RequestQueue {
  readonly #dimension: number;
  readonly #maxRows: number;
  #lanes: Lane[] = [];
  #order = 0;
  /** Rows that wait. */
  rows = 0;

  constructor(dimension: number, maxRows: number) {
    this.#dimension = dimension;
    this.#maxRows = maxRows;
  }

  /** When the oldest request came; undefined when none waits. */
  get oldestMs(): number | undefined {
    return this.#nextLane()?.first?.request.acceptedMs;
  }

  /** A request larger than a batch becomes parts of a batch each, and what is left. */
  push(request: PendingRequest): void {
    const lane = this.#laneFor(request.inputs);
    const { rows } = request;
    this.rows += rows;
    for (let from = 0; from === 0 || from < rows; from += this.#maxRows) {
      const partRows = Math.min(rows - from, this.#maxRows);
      lane.push({ request, from, rows: partRows, order: this.#order++, next: undefined });
    }
  }

  take(): Batch | undefined {
    const lane = this.#nextLane();
    if (!lane) return undefined;
    const parts = lane.take(this.#maxRows);
    for (const { request, rows } of parts) {
      request.queuedRows -= rows;
      this.rows -= rows;
    }
    return { lane, parts };
  }

  /** A request will not be run, or not further. */
  forget(request: PendingRequest): void {
    this.rows -= request.queuedRows;
    request.queuedRows = 0;
  }

  /** Lets go of what is settled. */
  purge(): void {
    for (const lane of this.#lanes) lane.purge();
  }

  #laneFor(inputs: readonly TensorLike[]): Lane {
    for (const lane of this.#lanes) if (lane.fits(inputs)) return lane;
    if (this.#lanes.length >= maxIdleLanes) this.#lanes = this.#lanes.filter(({ first }) => first);
    const lane = new Lane(inputs, this.#dimension);
    this.#lanes.push(lane);
    return lane;
  }

  /** The lane whose first part has waited longest. */
  #nextLane(): Lane | undefined {
    let next: Lane | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes) {
      const order = lane.first?.order;
      if (order === undefined || order >= least) continue;
      least = order;
      next = lane;
    }
    return next;
  }
}
