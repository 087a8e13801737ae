/**
 * Lets requests in at the pace at which they are worked on. In one turn of its loop libuv reads every socket that has
 * something and accepts a single connection: were all that is read worked on at once, turns would take seconds under many
 * clients, and new ones would wait for as many turns as there are others before them. So a turn works for a few
 * milliseconds, or as long as reading took, on the oldest requests; and while connections keep coming they go first.
 */
import { ServerBusy } from "../servingErrors.js";

/** Something with a place in the queue. */
export interface Arrival {
  /** When it came, of performance.now(). */
  readonly startMs: number;
  /** Goes on with it, or refuses it. */
  letIn(refusal: ServerBusy | undefined): void;
}

/** What a turn works on requests, at least, and how many connections may go before them. */
const workMs = 5;
const maxAccepted = 100;
/** Of the time limit: how long the oldest may have waited while others are still queued, and how long any may. */
const queueingShare = 1 / 12;
const waitingShare = 1 / 3;

/** One for all protocols: they share the event loop. */
export class Intake {
  readonly #timeoutMs: number;
  readonly #maxWaiting: number;
  readonly #clock: () => number;
  #waiting: Arrival[] = [];
  #next = 0;
  /** What came while the oldest had waited too long. */
  #refused: Arrival[] = [];
  #isWaiting = false;
  #turnMs: number | undefined;
  #hasAccepted = false;
  /** Connections since requests began to wait, or some of those were last let in. */
  #accepted = 0;
  /** Time that reading and refusing have taken: working may take as long. */
  #readingMs = 0;
  #untilMs = 0;

  /** `timeoutMs` is what a request may take in all, `maxWaiting` how many may wait. `clock` gives performance.now(). */
  constructor(timeoutMs: number, maxWaiting: number, clock = () => performance.now()) {
    this.#timeoutMs = timeoutMs;
    this.#maxWaiting = maxWaiting;
    this.#clock = clock;
  }

  /** To be called for each connection. */
  connected(): void {
    this.#hasAccepted = true;
    this.#accepted++;
    this.#came(this.#clock());
  }

  /** Whether the oldest has waited so long that what comes now will be refused. */
  isLate(nowMs: number): boolean {
    const oldest = this.#waiting[this.#next];
    return oldest !== undefined && nowMs - oldest.startMs > queueingShare * this.#timeoutMs;
  }

  /** Whether a request that has just come may go on; otherwise it is let in or refused, as a rule in a later turn. */
  admits(request: Arrival): boolean {
    const nowMs = this.#clock();
    this.#came(nowMs);
    if (this.#waiting.length === 0 && !this.#hasAccepted && nowMs - (this.#turnMs ?? nowMs) < workMs)
      return true;
    // Refused at the end of the turn: whoever is answered now may come again in the same turn, so that it never ends.
    const queue = this.isLate(nowMs) ? this.#refused : this.#waiting;
    if (queue.length < this.#maxWaiting) queue.push(request);
    else request.letIn(tooMany());
    return false;
  }

  /** The first of a turn begins its reading. */
  #came(nowMs: number): void {
    this.#turnMs ??= nowMs;
    this.#wait();
  }

  /** For the end of a turn. */
  #wait(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    setImmediate(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    const turnMs = this.#turnMs;
    const hasAccepted = this.#hasAccepted;
    this.#isWaiting = false;
    this.#turnMs = undefined;
    this.#hasAccepted = false;
    if (this.#waiting.length === 0) {
      this.#accepted = 0;
      return;
    }
    const nowMs = this.#clock();
    this.#readingMs += nowMs - (turnMs ?? nowMs);
    if (hasAccepted && this.#accepted < maxAccepted) {
      this.#wait();
      return;
    }
    this.#accepted = 0;
    this.#untilMs = nowMs + Math.max(workMs, this.#readingMs);
    this.#readingMs = 0;
    this.#releaseNext();
  };

  /** One after the other in ticks, since the work that a request brings is done in ticks too. */
  readonly #releaseNext = (): void => {
    const request = this.#waiting[this.#next++] as Arrival;
    const nowMs = this.#clock();
    const isLate = nowMs - request.startMs > waitingShare * this.#timeoutMs;
    request.letIn(isLate ? tooMany() : undefined);
    if (this.#next === this.#waiting.length) this.#waiting = [];
    else if (nowMs < this.#untilMs) {
      process.nextTick(this.#releaseNext);
      return;
    } else {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#wait();
    }
    this.#next = 0;
    this.#refuse();
  };

  #refuse(): void {
    if (this.#refused.length === 0) return;
    const startMs = this.#clock();
    for (const request of this.#refused) request.letIn(tooMany());
    this.#refused = [];
    this.#readingMs += this.#clock() - startMs;
  }
}

/** Refuses what has not been begun. */
export function tooMany(): ServerBusy {
  return new ServerBusy(
    "requests come faster than they can be answered in time; try again in 1000 ms.",
    1000,
  );
}
