/**
 * Runs one module for one stream, at most once an event. Fourth file of the main path:
 * cmsrun → EventProcessor → StreamSchedule → Worker → plugin.produce.
 */
import type { Event, StreamID } from "../data/Event.js";
import type { EventSetup } from "../data/EventSetup.js";
import type { Semaphore } from "./Semaphore.js";

/** What became of a module in the current event. */
export const state = { notRun: 0, passed: 1, failed: 2, exception: 3 } as const;

export abstract class Worker {
  state: number = state.notRun;
  /** Events in which it ran: those not failed and without exception passed. */
  executed = 0;
  failed = 0;
  exceptions = 0;
  /** Time inside the module [ms], measured only when a summary is wanted. */
  realMs = 0;

  constructor(
    readonly label: string,
    readonly type: string,
  ) {}

  /** Runs the module; a promise only when the module gave one. The outcome is in `state` afterwards. */
  abstract doWork(event: Event, setup: EventSetup): Promise<void> | undefined;

  protected decide(passed: boolean): undefined {
    this.executed++;
    if (passed) this.state = state.passed;
    else {
      this.failed++;
      this.state = state.failed;
    }
    return undefined;
  }

  fail(): void {
    this.executed++;
    this.exceptions++;
    this.state = state.exception;
  }
}

type Result = void | Promise<void>;
/** A module's event method: the stream modules' with two arguments, the global ones' with the stream before them. */
type EventMethod = (event: Event, setup: EventSetup) => Result | boolean | Promise<boolean>;

/** The methods of a module as the workers call them. */
export interface ModuleMethods {
  readonly acquire: EventMethod | undefined;
  /** produce, filter or analyze. */
  readonly run: EventMethod;
}

/** The method of a module that is called otherwise than CMSSW's names say: it gives its event methods. */
export const eventMethods = Symbol.for("cmsrun.eventMethods");

type AnyModule = Record<string, ((...args: unknown[]) => Result | boolean | Promise<boolean>) | undefined>;

/** Binds the event methods of an instance for a stream, once, so that an event costs no look-up by name. */
export function methodsOf(
  instance: object,
  kind: string,
  concurrency: string,
  streamID: StreamID,
): ModuleMethods {
  if (eventMethods in instance) return (instance as { [eventMethods](): ModuleMethods })[eventMethods]();
  const module = instance as AnyModule;
  const name = kind === "EDFilter" ? "filter" : kind === "EDAnalyzer" ? "analyze" : "produce";
  const isShared = concurrency === "global" || concurrency === "limited";
  const bound = (method: AnyModule[string]) =>
    isShared ? method?.bind(module, streamID) : method?.bind(module);
  return { acquire: bound(module.acquire), run: bound(module[name]) as EventMethod };
}

/** Producers, filters and analyzers without acquire: the straight call. */
export class SynchronousWorker extends Worker {
  readonly #run: EventMethod;

  constructor(label: string, type: string, methods: ModuleMethods) {
    super(label, type);
    this.#run = methods.run;
  }

  doWork(event: Event, setup: EventSetup): Promise<void> | undefined {
    const result = this.#run(event, setup);
    if (result === undefined || typeof result === "boolean") return this.decide(result !== false);
    return result.then((passed) => this.decide(passed !== false));
  }
}

/** ExternalWork: acquire, and when its promise is fulfilled, produce. */
export class ExternalWorkWorker extends Worker {
  readonly #methods: ModuleMethods;

  constructor(label: string, type: string, methods: ModuleMethods) {
    super(label, type);
    this.#methods = methods;
  }

  async doWork(event: Event, setup: EventSetup): Promise<void> {
    await this.#methods.acquire?.(event, setup);
    this.decide((await this.#methods.run(event, setup)) !== false);
  }
}

/** A limited module: waits until fewer than concurrencyLimit events are inside it, in any thread. */
export class LimitedWorker extends Worker {
  readonly #inner: Worker;
  readonly #semaphore: Semaphore;

  constructor(inner: Worker, semaphore: Semaphore) {
    super(inner.label, inner.type);
    this.#inner = inner;
    this.#semaphore = semaphore;
  }

  doWork(event: Event, setup: EventSetup): Promise<void> | undefined {
    return this.#semaphore.tryAcquire() ? this.#inside(event, setup) : this.#afterWaiting(event, setup);
  }

  async #afterWaiting(event: Event, setup: EventSetup): Promise<void> {
    await this.#semaphore.acquire();
    await this.#inside(event, setup);
  }

  #inside(event: Event, setup: EventSetup): Promise<void> | undefined {
    let pending: Promise<void> | undefined;
    try {
      pending = this.#inner.doWork(event, setup);
    } finally {
      if (!pending) this.#semaphore.release();
    }
    if (!pending) return this.decide(this.#inner.state === state.passed);
    return pending
      .finally(() => this.#semaphore.release())
      .then(() => this.decide(this.#inner.state === state.passed));
  }
}

/** A one:: analyzer or output module: only notes that the path reached it; its thread side acts when the event is over. */
export class ReachedWorker extends Worker {
  doWork(): undefined {
    return this.decide(true);
  }
}
