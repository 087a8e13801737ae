/**
 * Lets requests in at the pace at which they are worked on. In one turn of its loop libuv reads every socket that has
 * something and accepts a single connection: were all that is read worked on at once, turns would take seconds under many
 * clients, and new ones would wait for as many turns as there are others before them. So a turn works for a few
 * milliseconds only, on the oldest requests, and while connections keep coming they go first.
 */
import { ServerBusy } from "../servingErrors.js";

/** Something with a place in the queue. */
export interface Arrival {
  /** When it came, of performance.now(). */
  readonly startMs: number;
}

/** What a turn works on requests, and how long connections may go before them. */
const workMs = 5;
const acceptMs = 10;
/** Of the time limit: how long the oldest may have waited while others are still queued, and how long any may. */
const queueingShare = 1 / 8;
const waitingShare = 1 / 2;

export class Intake<Request extends Arrival> {
  readonly #release: (request: Request, refusal: ServerBusy | undefined) => void;
  readonly #timeoutMs: number;
  readonly #maxWaiting: number;
  readonly #clock: () => number;
  #waiting: Request[] = [];
  #next = 0;
  #isTurn = false;
  #turnMs = 0;
  #hasAccepted = false;
  /** Since when the queue stands still for connections. */
  #heldMs: number | undefined;
  #untilMs = 0;

  /**
   * `release` goes on with a request that had to wait, or refuses it. `timeoutMs` is what a request may take in all,
   * `maxWaiting` how many may wait. `clock` gives performance.now().
   */
  constructor(
    release: (request: Request, refusal: ServerBusy | undefined) => void,
    timeoutMs: number,
    maxWaiting: number,
    clock = () => performance.now(),
  ) {
    this.#release = release;
    this.#timeoutMs = timeoutMs;
    this.#maxWaiting = maxWaiting;
    this.#clock = clock;
  }

  /** To be called for each connection. */
  connected(): void {
    this.#hasAccepted = true;
    if (!this.#isTurn) this.#beginTurn(this.#clock());
  }

  /** Whether a request that has just come may go on; otherwise `release` is called for it, now or in a later turn. */
  admits(request: Request): boolean {
    const nowMs = request.startMs;
    if (!this.#isTurn) this.#beginTurn(nowMs);
    const oldest = this.#waiting[this.#next];
    if (!oldest && !this.#hasAccepted && nowMs - this.#turnMs < workMs) return true;
    const isLate = oldest !== undefined && nowMs - oldest.startMs > queueingShare * this.#timeoutMs;
    if (isLate || this.#waiting.length - this.#next >= this.#maxWaiting) this.#release(request, tooMany());
    else this.#waiting.push(request);
    return false;
  }

  #beginTurn(nowMs: number): void {
    this.#isTurn = true;
    this.#turnMs = nowMs;
    setImmediate(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    this.#isTurn = false;
    const hasAccepted = this.#hasAccepted;
    this.#hasAccepted = false;
    if (this.#next === this.#waiting.length) return;
    const nowMs = this.#clock();
    this.#heldMs ??= nowMs;
    if (hasAccepted && nowMs - this.#heldMs < acceptMs) {
      this.#beginTurn(nowMs);
      return;
    }
    this.#heldMs = undefined;
    this.#untilMs = nowMs + workMs;
    this.#releaseNext();
  };

  /** One after the other in ticks, since the work that a request brings is done in ticks too. */
  readonly #releaseNext = (): void => {
    const request = this.#waiting[this.#next++] as Request;
    const nowMs = this.#clock();
    const isLate = nowMs - request.startMs > waitingShare * this.#timeoutMs;
    this.#release(request, isLate ? tooMany() : undefined);
    if (this.#next === this.#waiting.length) {
      this.#waiting = [];
      this.#next = 0;
    } else if (nowMs < this.#untilMs) {
      process.nextTick(this.#releaseNext);
    } else {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
      this.#beginTurn(nowMs);
    }
  };
}

/** Refuses what has not been begun. */
export function tooMany(): ServerBusy {
  return new ServerBusy(
    "requests come faster than they can be answered in time; try again in 1000 ms.",
    1000,
  );
}
