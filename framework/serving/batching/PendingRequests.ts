/** All requests that are not answered: settles each once, in time or not at all, and counts it. */
import type { TensorLike } from "../../tensorflow/Tensor.js";
import type { ModelStatistics } from "../ServedModel.js";
import { requestTimeout } from "../servingErrors.js";
import type { BatchTimes, Part, PendingRequest } from "./PendingRequest.js";
import type { RequestQueue } from "./RequestQueue.js";

const longestTimerMs = 2 ** 31 - 1;

export class PendingRequests {
  readonly #requests = new Set<PendingRequest>();
  readonly #queue: RequestQueue;
  readonly #statistics: ModelStatistics;
  readonly #onEmpty: () => void;
  /** One timer, at the earliest deadline that it was told of; it finds the next when it fires. */
  #timer: NodeJS.Timeout | undefined;
  #timerMs = Number.POSITIVE_INFINITY;

  constructor(queue: RequestQueue, statistics: ModelStatistics, onEmpty: () => void) {
    this.#queue = queue;
    this.#statistics = statistics;
    this.#onEmpty = onEmpty;
  }

  get count(): number {
    return this.#requests.size;
  }

  add(request: PendingRequest, nowMs: number): void {
    this.#requests.add(request);
    if (request.deadlineMs < this.#timerMs) this.#watch(request.deadlineMs, nowMs);
  }

  answer(
    part: Part,
    outputs: readonly TensorLike[],
    times: BatchTimes,
    nowMs: number,
    dimension: number,
  ): void {
    const { request } = part;
    request.spend(times);
    if (request.isSettled) return;
    try {
      if (request.deadlineMs <= nowMs) throw timeIsUp(request);
      if (!request.take(part, outputs, dimension)) return;
      request.count(this.#statistics, nowMs, true);
      this.#remove(request);
    } catch (error) {
      this.refuse(request, error, nowMs);
    }
  }

  refuse(request: PendingRequest, error: unknown, nowMs: number): void {
    if (request.isSettled) return;
    request.fail(error);
    request.count(this.#statistics, nowMs, false);
    this.#queue.forget(request);
    this.#remove(request);
  }

  /** The parts whose requests have time left; the others are refused. */
  inTime(parts: readonly Part[], nowMs: number): readonly Part[] {
    if (nowMs < this.#timerMs) return parts;
    for (const { request } of parts)
      if (request.deadlineMs <= nowMs) this.refuse(request, timeIsUp(request), nowMs);
    return parts.filter(({ request }) => !request.isSettled);
  }

  #remove(request: PendingRequest): void {
    this.#requests.delete(request);
    if (this.#requests.size === 0) this.#onEmpty();
  }

  #watch(deadlineMs: number, nowMs: number): void {
    clearTimeout(this.#timer);
    this.#timerMs = deadlineMs;
    const waitMs = Math.min(Math.ceil(deadlineMs - nowMs), longestTimerMs);
    this.#timer = setTimeout(this.#sweep, waitMs).unref();
  }

  readonly #sweep = (): void => {
    const nowMs = performance.now();
    this.#timerMs = Number.POSITIVE_INFINITY;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const request of this.#requests) {
      if (request.deadlineMs <= nowMs) this.refuse(request, timeIsUp(request), nowMs);
      else if (request.deadlineMs < nextMs) nextMs = request.deadlineMs;
    }
    this.#queue.purge();
    if (nextMs < Number.POSITIVE_INFINITY) this.#watch(nextMs, nowMs);
  };
}

function timeIsUp({ acceptedMs, deadlineMs }: PendingRequest) {
  const allowed = Math.round(deadlineMs - acceptedMs);
  return requestTimeout(
    `there was no answer within the ${allowed} ms that the request allows, waiting included.`,
  );
}
