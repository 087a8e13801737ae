/**
 * One thread's share of the job: its streams, its copy of the source, its half of the output modules. It is given
 * ranges of the input and walks its streams through run, luminosity block and event in order. The same class runs in
 * the main thread (one thread) and in each worker thread.
 */
import type { Container } from "inversify";
import type { EventSetup } from "../data/EventSetup.js";
import type { EventBlock, InputSource } from "../modules/InputSource.js";
import type { OutputModule } from "../modules/one.js";
import { takeEngineUse } from "../tensorflow/inferenceReport.js";
import { attemptAll } from "./attemptAll.js";
import { RangeCollector } from "./RangeCollector.js";
import { type PlainRegistration, revivedType } from "./registrations.js";
import type { StreamSchedule } from "./StreamSchedule.js";
import { makeStreams } from "./streams.js";
import { gatherCounts, type ThreadSummary } from "./summaryCounts.js";
import {
  bindModules,
  constructModule,
  constructThreadModules,
  type MainThreadParts,
  registrationsOf,
  type ThreadModule,
} from "./threadModules.js";
import {
  type BegunLumi,
  type BoundPlan,
  control,
  type GrantedRange,
  type LumiBlock,
  type RangeResult,
  stopReason,
  type ThreadPlan,
} from "./threadPlan.js";
import { summarise } from "./streamSummaries.js";
import { callStreamHook, type StreamTransition } from "./transitions.js";

/** What a thread asks of the job. */
export interface JobPort {
  /** Resolves when the global begin of that luminosity block is done; undefined when the job stops before. */
  begun(lumi: number): Promise<BegunLumi | undefined>;
  /** This thread's streams have all ended a luminosity block, or a run. */
  ended(what: "lumi" | "run", index: number): void;
  /** An event that the log wants to see. */
  report(ordinal: number, run: number, event: number, lumi: number, streamID: number): void;
}

/** The one-thread loop gives way to signals and timers at least this often. */
const yieldAfterMs = 20;

export class EventLoop {
  readonly #plan: ThreadPlan;
  readonly #port: JobPort;
  readonly #setup: EventSetup = { iov: 0 };
  /** Once bound, those that run: a module that nothing consumes sees no transition. */
  #modules: readonly ThreadModule[];
  readonly #source: InputSource;
  #streams: StreamSchedule[] = [];
  #collector: RangeCollector | undefined;
  /** Every luminosity block that the job told of, by index. */
  readonly #lumis: LumiBlock[] = [];
  /** The last luminosity block entered, ended or not. */
  #position = -1;
  #current: BegunLumi | undefined;
  #openRun: BegunLumi | undefined;
  /** The endStream of every module whose beginStream succeeded. */
  readonly #endStreams: (() => unknown)[] = [];
  #nextStream = 0;
  #lastYield = performance.now();

  /** Constructs the thread's modules. `main`: what lives in this thread already, when it is the main thread. */
  constructor(plan: ThreadPlan, services: Container, port: JobPort, main?: MainThreadParts) {
    this.#plan = plan;
    this.#port = port;
    this.#modules = constructThreadModules(plan, services, main);
    this.#source = (main?.source ??
      constructModule(services, plan.source, undefined).instance) as InputSource;
  }

  get registrations(): PlainRegistration[] {
    return registrationsOf(this.#modules);
  }

  /** Builds the streams once the job knows every product and the order of all modules. */
  bind(bound: BoundPlan): void {
    bindModules(this.#modules, bound.tokens);
    this.#source.setProducts(
      bound.sourceProducts.map(({ description, type }) => ({ description, type: revivedType(type) })),
    );
    this.#modules = this.#modules.filter(({ label }) => bound.schedule.workers.includes(label));
    this.#streams = makeStreams(this.#plan, bound, this.#modules, this.#setup);
    const outputs = bound.outputs.map(({ label, kept }) => {
      const module = this.#modules.find((m) => m.label === label) as ThreadModule;
      const instance = module.instances[0] as OutputModule;
      instance.setProducts(kept.map(({ description, type }) => ({ description, type: revivedType(type) })));
      return { label, type: module.type, instance };
    });
    this.#collector = new RangeCollector(bound, outputs);
  }

  async beginStreams(): Promise<void> {
    for (const [position, streamID] of this.#plan.streams.entries()) {
      for (const module of this.#modules) {
        await callStreamHook(module, position, streamID, "beginStream", undefined, this.#setup);
        this.#endStreams.push(() =>
          callStreamHook(module, position, streamID, "endStream", undefined, this.#setup),
        );
      }
    }
  }

  /** Processes a range; gives what the outputs and the one:: analyzers need of it. Cut short when the job stops. */
  async process({ ticket, range, news, lumis }: GrantedRange): Promise<RangeResult> {
    this.#lumis.push(...news);
    const collector = this.#collector as RangeCollector;
    const block = await this.#source.read(range);
    collector.start(block);
    let entry = 0;
    try {
      for (const [index, segment] of range.segments.entries()) {
        if (!(await this.#enter(lumis[index] as number))) break;
        entry = await this.#events(collector, block, range.firstOrdinal, entry, entry + segment.count);
      }
    } finally {
      await collector.drained();
    }
    return collector.finish(ticket);
  }

  /** The events of one luminosity block in a range; gives the entry after the last one taken. */
  async #events(
    collector: RangeCollector,
    block: EventBlock,
    firstOrdinal: number,
    from: number,
    to: number,
  ): Promise<number> {
    const { control: words } = this.#plan;
    const lumi = this.#position;
    let entry = from;
    for (; entry < to && !this.#isStopping && !collector.failure; entry++) {
      if (performance.now() - this.#lastYield > yieldAfterMs) await this.#yield();
      const stream = this.#freeStream() ?? (await this.#nextFreeStream(collector));
      const { event } = stream;
      const id = block.id(entry);
      event.reset(collector.read, entry);
      event.run = id.run;
      event.luminosityBlock = id.luminosityBlock;
      event.event = id.event;
      event.ordinal = firstOrdinal + entry;
      this.#report(stream);
      const pending = stream.process();
      if (pending) collector.follow(stream, entry, lumi, pending);
      else collector.done(stream, entry, lumi);
      Atomics.add(words, control.eventsDone, 1);
      if (collector.isFull) Atomics.store(words, control.stop, stopReason.outputLimit);
    }
    await collector.drained();
    return entry;
  }

  async #nextFreeStream(collector: RangeCollector): Promise<StreamSchedule> {
    for (;;) {
      await collector.oneDone();
      const stream = this.#freeStream();
      if (stream) return stream;
    }
  }

  /**
   * Ends every luminosity block before `lumi`, entering those this thread skipped, and the run when `lumi` begins
   * another: told to a thread without work that the others wait for.
   */
  async finishBefore(lumi: number, news: readonly LumiBlock[]): Promise<void> {
    this.#lumis.push(...news);
    while (this.#position < lumi - 1) if (!(await this.#step())) return;
    if (this.#position === lumi - 1)
      await this.#leave(this.#openRun?.lumi.runIndex !== this.#lumis[lumi]?.runIndex);
  }

  /** Ends what is open: at the end of the input, and when the job stops. */
  async finish(lastLumi: number, news: readonly LumiBlock[]): Promise<void> {
    this.#lumis.push(...news);
    await attemptAll([() => this.#enter(lastLumi), () => this.#leave(true)]);
  }

  /** Ends every stream; then, when nothing in the job has failed, gathers what their modules found. */
  async endStreams(isComplete: boolean): Promise<ThreadSummary> {
    await attemptAll([...this.#endStreams, () => this.#source.close()]);
    const summary = gatherCounts(this.#streams);
    summary.engines.push(takeEngineUse());
    if (isComplete) summary.modules.push(...summarise(this.#modules, this.#plan.streams));
    return summary;
  }

  get #isStopping(): boolean {
    return Atomics.load(this.#plan.control, control.stop) !== 0;
  }

  #freeStream(): StreamSchedule | undefined {
    const streams = this.#streams;
    for (let i = 0; i < streams.length; i++) {
      const stream = streams[(this.#nextStream + i) % streams.length] as StreamSchedule;
      if (stream.isBusy) continue;
      this.#nextStream = (this.#nextStream + i + 1) % streams.length;
      return stream;
    }
    return undefined;
  }

  async #yield(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#lastYield = performance.now();
  }

  #report({ event, streamID }: StreamSchedule): void {
    const every = this.#plan.reportEvery;
    if (every === 0 || (event.ordinal + 1) % every !== 0) return;
    this.#port.report(event.ordinal, event.run, event.event, event.luminosityBlock, streamID);
  }

  /** Walks on to a luminosity block; false when the job stops on the way. */
  async #enter(lumi: number): Promise<boolean> {
    while (this.#position < lumi) if (!(await this.#step())) return false;
    return true;
  }

  /** Ends the current luminosity block, and the run when the next one is another's, and begins the next. */
  async #step(): Promise<boolean> {
    const next = this.#lumis[this.#position + 1] as LumiBlock;
    const isNewRun = this.#openRun?.lumi.runIndex !== next.runIndex;
    await this.#leave(isNewRun);
    const begun = this.#isStopping ? undefined : await this.#port.begun(next.index);
    if (!begun) return false;
    this.#position = next.index;
    if (isNewRun) {
      this.#openRun = begun;
      this.#setCaches("runCache", begun.runCaches);
      await this.#eachModule("beginRun", begun);
    }
    this.#current = begun;
    this.#setCaches("luminosityBlockCache", begun.lumiCaches);
    await this.#eachModule("beginLuminosityBlock", begun);
    return true;
  }

  async #leave(endsRun: boolean): Promise<void> {
    await attemptAll([() => this.#endLumi(), () => endsRun && this.#endRun()]);
  }

  async #endLumi(): Promise<void> {
    const ending = this.#current;
    if (!ending) return;
    this.#current = undefined;
    try {
      await this.#eachModule("endLuminosityBlock", ending);
    } finally {
      this.#port.ended("lumi", ending.lumi.index);
    }
  }

  async #endRun(): Promise<void> {
    const ending = this.#openRun;
    if (!ending) return;
    this.#openRun = undefined;
    try {
      await this.#eachModule("endRun", ending);
    } finally {
      this.#port.ended("run", ending.lumi.runIndex);
    }
  }

  #setCaches(name: "runCache" | "luminosityBlockCache", caches: BegunLumi["runCaches"]): void {
    for (const { label, instances } of this.#modules) {
      if (label in caches)
        for (const instance of instances) Object.assign(instance, { [name]: caches[label] });
    }
  }

  /** Every module of every stream; an error does not keep the others from their transition. */
  async #eachModule(transition: StreamTransition, { lumi }: BegunLumi): Promise<void> {
    const { run, luminosityBlock } = lumi;
    const id = transition.endsWith("Run") ? { run } : { run, luminosityBlock };
    const calls = [...this.#plan.streams.entries()].flatMap(([position, streamID]) =>
      this.#modules.map(
        (module) => () => callStreamHook(module, position, streamID, transition, id, this.#setup),
      ),
    );
    await attemptAll(calls);
  }
}
