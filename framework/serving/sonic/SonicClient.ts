/**
 * CMSSW's SonicClient: what every client of a remote service has, whatever its protocol. One instance a stream and
 * module, so one call at a time: input is filled in acquire(), dispatch() has it computed elsewhere, output is read in
 * produce(). A failure that another try may mend is a warning; the Retry list says what is tried.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { suggestion } from "../../base/didYouMean.js";
import { Exception } from "../../base/errors.js";
import { LogInfo, LogWarning } from "../../base/log.js";
import { string, untracked, vpset } from "../../parameters/description.js";
import type { ParameterSet } from "../../parameters/ParameterSet.js";

export const modes = ["Sync", "Async", "PseudoAsync"] as const;
/**
 * Async and PseudoAsync: the call is on its way while the other streams of the thread go on; there is no difference, for
 * a thread never waits inside a call. Sync: besides, a thread has one such call under way at a time, as if it waited.
 */
export type SonicMode = (typeof modes)[number];

/** What is done before the call is made once more. */
export const retryTypes = [
  "RetrySameServerAction",
  "RetryActionDiffServer",
  "RetryFallbackServerAction",
] as const;
export type RetryType = (typeof retryTypes)[number];

interface RetryAction {
  readonly type: RetryType;
  readonly allowedTries: number;
}

export const sonicClientParameters = {
  mode: string("PseudoAsync", { comment: "Sync, Async or PseudoAsync" }),
  allowedTries: untracked.uint32(0, {
    comment: "calls of the same server at most, where Retry is empty; 0 and 1: one",
  }),
  Retry: vpset({
    retryType: string("RetrySameServerAction", { comment: retryTypes.join(", ") }),
    allowedTries: untracked.uint32(1, { comment: "repetitions by this action, before the next one's" }),
  }),
  retryBackoffMs: untracked.uint32(50, {
    comment: "wait before a repetition; doubles with each; at most 5 s",
  }),
  verbose: untracked.bool(false, { comment: "log the time of each call, and the statistics of servers" }),
};
type Parameters = ParameterSet<typeof sonicClientParameters>;

const longestBackoffMs = 5000;

/** A failure that may be gone at the next try, or on another server. */
export class RecoverableException extends Exception {}

/** The end of this thread's queue of Sync calls. */
let lastSync: Promise<unknown> = Promise.resolve();

export abstract class SonicClient<Input, Output> {
  abstract readonly input: Input;
  abstract readonly output: Output;
  readonly verbose: boolean;
  /** For messages. */
  readonly name: string;
  /** Whatever mode was configured. */
  protected isSyncForced = false;
  readonly #mode: SonicMode;
  readonly #actions: readonly RetryAction[];
  readonly #backoffMs: number;

  /** @throws Configuration for an unknown mode or retryType */
  constructor(pset: ParameterSet<never> | Parameters, name: string) {
    const parameters = pset as Parameters;
    this.name = name;
    this.#mode = oneOf(modes, parameters.getParameter("mode"), "Unknown mode for SonicClient");
    this.verbose = parameters.getUntrackedParameter("verbose");
    this.#backoffMs = parameters.getUntrackedParameter("retryBackoffMs");
    this.#actions = retryActions(parameters);
  }

  get mode(): SonicMode {
    return this.isSyncForced ? "Sync" : this.#mode;
  }

  /** One call. @throws RecoverableException where another try may do */
  protected abstract evaluate(): Promise<void>;
  /** Makes ready for a repetition; false: this action can do nothing (more), the next one's turn. */
  protected abstract prepare(action: RetryType): Promise<boolean>;
  /** After produce(): input and output are as at the start. */
  abstract reset(): void;
  /** Asks the server what it must know once: called at beginStream. */
  async connect(): Promise<void> {}
  /** Counts a call that is over, with the time from dispatch() on. */
  protected finished(_clientMs: number, _repetitions: number): void {}

  /** The call, with its repetitions. @throws ExternalFailure (SonicCallFailed) when they are used up */
  dispatch(): Promise<void> {
    if (this.mode !== "Sync") return this.#timed();
    const call = lastSync.then(() => this.#timed());
    lastSync = call.catch(() => undefined);
    return call;
  }

  async #timed(): Promise<void> {
    const start = performance.now();
    const repetitions = await this.withRetries(() => this.evaluate());
    const ms = performance.now() - start;
    this.finished(ms, repetitions);
    if (this.verbose) LogInfo(this.name, `Client time: ${Math.round(ms * 1000)}`);
  }

  /** Gives the number of repetitions that were needed. */
  protected async withRetries(work: () => Promise<void>): Promise<number> {
    let repetitions = 0;
    let backoffMs = Math.min(this.#backoffMs, longestBackoffMs);
    const left = this.#actions.map(({ allowedTries }) => allowedTries);
    for (;;) {
      try {
        await work();
        return repetitions;
      } catch (error) {
        if (!(error instanceof RecoverableException)) throw error;
        LogWarning(error.category, `${this.name}: ${error.message}`);
        if (!(await this.#nextAction(left))) throw callFailed(repetitions + 1, error);
      }
      repetitions++;
      await sleep(backoffMs);
      backoffMs = Math.min(2 * backoffMs, longestBackoffMs);
    }
  }

  async #nextAction(left: number[]): Promise<boolean> {
    for (const [index, { type }] of this.#actions.entries()) {
      if ((left[index] as number) === 0) continue;
      (left[index] as number)--;
      if (await this.prepare(type)) return true;
      left[index] = 0;
    }
    return false;
  }
}

function retryActions(pset: Parameters): RetryAction[] {
  const listed = pset.getParameter("Retry").map((action) => ({
    type: oneOf(retryTypes, action.getParameter("retryType"), "Unknown retryType for SonicClient"),
    allowedTries: action.getUntrackedParameter("allowedTries"),
  }));
  if (listed.length > 0) return listed;
  const calls = pset.getUntrackedParameter("allowedTries");
  return [{ type: "RetrySameServerAction", allowedTries: Math.max(0, calls - 1) }];
}

function callFailed(calls: number, last: Exception): Exception {
  return new Exception(
    "ExternalFailure",
    `SonicCallFailed: call failed after max ${calls} tries; the last one: ${last.message}`,
    { cause: last },
  );
}

/** @throws Configuration naming what there is */
export function oneOf<T extends string>(
  allowed: readonly T[],
  given: string,
  what: string,
  category = "Configuration",
): T {
  const found = allowed.find((name) => name === given);
  if (found !== undefined) return found;
  throw new Exception(category, `${what}: ${given}${suggestion(given, allowed)}`);
}
