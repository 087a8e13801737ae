/**
 * One stream: walks the compiled steps for one event at a time. Third file of the main path. The walk is a plain loop
 * over typed arrays; it becomes asynchronous only at a module that returned a promise, and goes on from there.
 */
import { Exception } from "../base/errors.js";
import type { Event, StreamID } from "../data/Event.js";
import type { EventSetup } from "../data/EventSetup.js";
import { type CompiledSchedule, flag } from "./compileSchedule.js";
import { state, type Worker } from "./Worker.js";

/** Path states as in TriggerResults. */
export const pathState = { ready: 0, pass: 1, fail: 2, exception: 3 } as const;

/** Counts for the end-of-job summary, per path and per step. */
export class StreamCounts {
  readonly pathExecuted: Float64Array;
  readonly pathPassed: Float64Array;
  readonly pathFailed: Float64Array;
  readonly pathException: Float64Array;
  /** Times the path reached the step; it passed where it did not fail. */
  readonly stepVisited: Float64Array;
  readonly stepFailed: Float64Array;
  events = 0;
  eventsPassed = 0;

  constructor(pathCount: number, stepCount: number) {
    this.pathExecuted = new Float64Array(pathCount);
    this.pathPassed = new Float64Array(pathCount);
    this.pathFailed = new Float64Array(pathCount);
    this.pathException = new Float64Array(pathCount);
    this.stepVisited = new Float64Array(stepCount);
    this.stepFailed = new Float64Array(stepCount);
  }
}

/** Makes TriggerResults from the path states, when anything reads it. */
export type PutTriggerResults = (event: Event, states: Uint8Array, positions: Int32Array) => void;

export interface StreamParts {
  readonly schedule: CompiledSchedule;
  readonly workers: readonly Worker[];
  readonly event: Event;
  readonly setup: EventSetup;
  readonly putTriggerResults: PutTriggerResults | undefined;
  /** Measure the time in each module (wantSummary). */
  readonly isTimed: boolean;
}

export class StreamSchedule {
  readonly event: Event;
  readonly workers: readonly Worker[];
  readonly counts: StreamCounts;
  /** Per path, for the current event. */
  readonly states: Uint8Array;
  readonly positions: Int32Array;
  /** An event is inside, waiting for a promise. Ends when the event has been collected. */
  isBusy = false;

  readonly #schedule: CompiledSchedule;
  readonly #setup: EventSetup;
  readonly #putTriggerResults: PutTriggerResults | undefined;
  readonly #isTimed: boolean;
  readonly #triggerPathCount: number;
  /** Per path: the position of its last module. */
  readonly #lastPositions: Int32Array;

  constructor(
    readonly streamID: StreamID,
    { schedule, workers, event, setup, putTriggerResults, isTimed }: StreamParts,
  ) {
    this.#schedule = schedule;
    this.workers = workers;
    this.event = event;
    this.#setup = setup;
    this.#putTriggerResults = putTriggerResults;
    this.#isTimed = isTimed;
    this.states = new Uint8Array(schedule.paths.length);
    this.positions = new Int32Array(schedule.paths.length);
    this.counts = new StreamCounts(schedule.paths.length, schedule.stepWorker.length);
    this.#lastPositions = new Int32Array(schedule.paths.length);
    for (const [step, path] of schedule.stepPath.entries()) {
      this.#lastPositions[path] = Math.max(this.#lastPositions[path] ?? 0, schedule.stepPosition[step] ?? 0);
    }
    this.#triggerPathCount = schedule.paths.filter((path) => path.kind === "Path").length;
  }

  /** Processes the event that `this.event` was reset to. A promise only when a module gave one. */
  process(): Promise<void> | undefined {
    this.states.fill(pathState.ready);
    for (const worker of this.workers) worker.state = state.notRun;
    const pending = this.#walk(0);
    this.isBusy = pending !== undefined;
    return pending;
  }

  #walk(from: number): Promise<void> | undefined {
    const { stepWorker, stepPath, endPathStart } = this.#schedule;
    const { states, workers, event } = this;
    const setup = this.#setup;
    const end = stepWorker.length;
    let step = from;
    try {
      for (; step < end; step++) {
        if (step === endPathStart) this.#endOfPaths();
        const path = stepPath[step] as number;
        if ((states[path] as number) >= pathState.fail) continue;
        const worker = workers[stepWorker[step] as number] as Worker;
        if (worker.state === state.notRun) {
          const pending = this.#isTimed ? this.#timed(worker) : worker.doWork(event, setup);
          if (pending !== undefined) return this.#resume(pending, step);
        }
        this.#decide(step, path, worker);
      }
    } catch (error) {
      throw this.#failed(error, step);
    }
    if (end === endPathStart) this.#endOfPaths();
    this.#endOfEvent();
    return undefined;
  }

  #decide(step: number, path: number, worker: Worker): void {
    const { stepFlags, stepPosition } = this.#schedule;
    const flags = stepFlags[step] as number;
    const { counts } = this;
    counts.stepVisited[step] = (counts.stepVisited[step] as number) + 1;
    if (flags === flag.none && worker.state === state.passed) return;
    if (flags & (flag.onDemand | flag.ignore)) return;
    if ((worker.state === state.passed) !== ((flags & flag.not) !== 0)) return;
    counts.stepFailed[step] = (counts.stepFailed[step] as number) + 1;
    this.states[path] = pathState.fail;
    this.positions[path] = stepPosition[step] as number;
  }

  #timed(worker: Worker): Promise<void> | undefined {
    const start = performance.now();
    const pending = worker.doWork(this.event, this.#setup);
    if (pending === undefined) {
      worker.realMs += performance.now() - start;
      return undefined;
    }
    return pending.finally(() => {
      worker.realMs += performance.now() - start;
    });
  }

  async #resume(pending: Promise<void>, step: number): Promise<void> {
    try {
      await pending;
    } catch (error) {
      throw this.#failed(error, step);
    }
    const { stepPath, stepWorker } = this.#schedule;
    this.#decide(step, stepPath[step] as number, this.workers[stepWorker[step] as number] as Worker);
    await this.#walk(step + 1);
  }

  /** A path that no filter stopped has passed; an empty one too. */
  #endOfPaths(): void {
    const { states, counts } = this;
    let passedAny = this.#triggerPathCount === 0;
    for (let path = 0; path < this.#triggerPathCount; path++) {
      if (states[path] === pathState.ready) {
        states[path] = pathState.pass;
        this.positions[path] = this.#lastPositions[path] as number;
      }
      const passed = states[path] === pathState.pass;
      passedAny ||= passed;
      (counts.pathExecuted[path] as number)++;
      const tally = passed ? counts.pathPassed : counts.pathFailed;
      (tally[path] as number)++;
    }
    if (passedAny) counts.eventsPassed++;
    this.#putTriggerResults?.(this.event, states, this.positions);
  }

  #endOfEvent(): void {
    const { counts } = this;
    for (let path = this.#triggerPathCount; path < this.states.length; path++) {
      (counts.pathExecuted[path] as number)++;
      const tally = this.states[path] === pathState.fail ? counts.pathFailed : counts.pathPassed;
      (tally[path] as number)++;
    }
    counts.events++;
  }

  #failed(error: unknown, step: number): Exception {
    const { stepWorker, stepPath, stepContexts } = this.#schedule;
    this.workers[stepWorker[step] ?? 0]?.fail();
    const path = stepPath[step] ?? 0;
    this.states[path] = pathState.exception;
    (this.counts.pathException[path] as number)++;
    const exception = Exception.from(error);
    const { run, luminosityBlock, event } = this.event;
    for (const context of stepContexts[step] ?? []) exception.addContext(context);
    return exception.addContext(
      `Processing  Event run: ${run} lumi: ${luminosityBlock} event: ${event} stream: ${this.streamID}`,
    );
  }
}
