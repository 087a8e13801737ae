/** The queue between a test and its job: events go in, what the module made of them comes out, in order. */
import type { Exception } from "../base/errors.js";
import { type Exchange, exchanges, type TestInput } from "./testModules.js";

/** What became of one event; `put` by putKey. */
export interface Outcome {
  readonly passed: boolean;
  readonly put: ReadonlyMap<string, unknown>;
}

interface Waiting {
  readonly input: TestInput;
  resolve(outcome: Outcome): void;
  reject(failure: Exception): void;
}

/** How often a job with an event in flight is looked at for its failure, which only its stop word tells. */
const pollMs = 1;
let count = 0;

export class TestExchange implements Exchange {
  readonly number = count++;
  readonly consumed = new Set<string>();
  readonly #queue: Waiting[] = [];
  /** Given to the job, not over yet. */
  readonly #inFlight: Waiting[] = [];
  #put = new Map<string, unknown>();
  #isEnded = false;
  #isStopped = () => false;
  #wake: () => void = () => undefined;

  constructor() {
    exchanges.set(this.number, this);
  }

  start(isStopped: () => boolean): void {
    this.#isStopped = isStopped;
  }

  /** The test's side. */
  give(input: TestInput): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ input, resolve, reject });
      this.#wake();
    });
  }

  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  fail(failure: Exception): void {
    for (const { reject } of [...this.#inFlight.splice(0), ...this.#queue.splice(0)]) reject(failure);
  }

  /** The job's side: one event at a time. */
  async next(): Promise<TestInput | undefined> {
    while (!this.#isStopped()) {
      const isIdle = this.#inFlight.length === 0;
      const waiting = isIdle ? this.#queue.shift() : undefined;
      if (waiting) {
        this.#inFlight.push(waiting);
        return waiting.input;
      }
      if (isIdle && this.#isEnded) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        if (!isIdle) setTimeout(resolve, pollMs);
      });
    }
    return undefined;
  }

  put(key: string, product: unknown): void {
    this.#put.set(key, product);
  }

  done(passed: boolean): void {
    this.#inFlight.shift()?.resolve({ passed, put: this.#put });
    this.#put = new Map();
    this.#wake();
  }
}
