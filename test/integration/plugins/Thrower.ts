/** A stream module that throws in the transition it is told, or kills its thread, or waits for ever. */
import { cms, DEFINE_FWK_MODULE, type Event, type ParameterSet, stream, string, untracked } from "#framework";

const description = {
  where: string(),
  what: string("exception", {
    allowed: [
      "exception",
      "error",
      "string",
      "nothing",
      "exit",
      "memory",
      "later",
      "never",
      "unheard",
      "unclonable",
    ],
  }),
  event: untracked.uint32(5, { comment: "the event in which produce throws" }),
};
type Config = ParameterSet<typeof description>;

interface Plan {
  readonly where: string;
  readonly what: string;
}

const filler: unknown[] = [];

function fail({ where, what }: Plan): void {
  if (what === "exception") throw new cms.Exception("TestFailure", `thrown in ${where}; this is a test.`);
  if (what === "error") throw new Error(`an error in ${where}`);
  if (what === "string") throw `a text in ${where}`;
  if (what === "exit") process.exit(7);
  if (what === "memory") for (;;) filler.push(new Array(1000).fill(Math.random()));
}

@DEFINE_FWK_MODULE("Thrower")
export class Thrower extends stream.EDProducer<Plan> {
  static readonly description = description;

  static initializeGlobalCache(pset: Config): Plan {
    const plan = { where: pset.getParameter("where"), what: pset.getParameter("what") };
    failIn("initializeGlobalCache", plan);
    return plan;
  }
  static globalBeginRun(_run: unknown, _setup: unknown, plan: Plan): void {
    failIn("globalBeginRun", plan);
  }
  static globalEndRun(_run: unknown, _setup: unknown, plan: Plan): void {
    failIn("globalEndRun", plan);
  }
  static globalBeginLuminosityBlock(_lumi: unknown, _setup: unknown, plan: Plan): void {
    failIn("globalBeginLuminosityBlock", plan);
  }
  static globalEndLuminosityBlock(_lumi: unknown, _setup: unknown, plan: Plan): void {
    failIn("globalEndLuminosityBlock", plan);
  }
  static globalEndJobSummary(_summaries: readonly unknown[], plan: Plan): void {
    failIn("globalEndJobSummary", plan);
  }
  static globalEndJob(plan: Plan): void {
    failIn("globalEndJob", plan);
  }

  readonly #event: number;

  constructor(pset: Config, plan: Plan) {
    super(plan);
    this.#event = pset.getUntrackedParameter("event");
    failIn("constructor", plan);
  }

  override beginStream(): void {
    failIn("beginStream", this.globalCache);
  }
  override beginRun(): void {
    failIn("beginRun", this.globalCache);
  }
  override beginLuminosityBlock(): void {
    failIn("beginLuminosityBlock", this.globalCache);
  }
  override produce(event: Event): void | Promise<void> {
    if (event.event !== this.#event) return;
    const { what } = this.globalCache;
    if (what === "later")
      return Promise.reject(new cms.Exception("TestFailure", "rejected in produce; this is a test."));
    if (what === "never") return new Promise(() => {});
    if (what === "unheard") {
      setTimeout(() => fail({ where: "a timer", what: "error" }), 1);
      // The job must still be running when the timer fires.
      return new Promise((resolve) => setTimeout(resolve, 1000));
    }
    failIn("produce", this.globalCache);
  }
  override endLuminosityBlock(): void {
    failIn("endLuminosityBlock", this.globalCache);
  }
  override endRun(): void {
    failIn("endRun", this.globalCache);
  }
  override endStream(): void {
    failIn("endStream", this.globalCache);
  }
  override endStreamSummary(): unknown {
    failIn("endStreamSummary", this.globalCache);
    return this.globalCache.what === "unclonable" ? () => "a function" : {};
  }
}

function failIn(where: string, plan: Plan): void {
  if (plan.where === where) fail(plan);
}

declare module "#framework" {
  interface EDProducers {
    Thrower: typeof Thrower;
  }
}
