/**
 * The job: constructs everything, gives ranges of the input to the threads, and takes it all down again, in CMSSW's
 * order of transitions. Second file of the main path: cmsrun → EventProcessor → StreamSchedule → Worker → plugin.
 */
import { availableParallelism } from "node:os";
import { Exception, exitCodes } from "../base/errors.js";
import { LogAbsolute, LogInfo, LogPrint, LogVerbatim, setLogSink } from "../base/log.js";
import type { ProcessDescription } from "../config/ProcessDescription.js";
import type { EventSetup } from "../data/EventSetup.js";
import type { OutputModule, ProcessConfiguration } from "../modules/one.js";
import type { PluginManager } from "../modules/PluginManager.js";
import { getSearchPath } from "../parameters/fileInPath.js";
import { parameterSetID } from "../parameters/ParameterSet.js";
import { type Parameters, TypedValue } from "../parameters/values.js";
import type { MessageLogger } from "../services/MessageLogger.js";
import { setDefaultEngine } from "../tensorflow/engines.js";
import { formatEngineUse, takeEngineUse } from "../tensorflow/inferenceReport.js";
import { bindPlan } from "./bindPlan.js";
import { EventLoop } from "./EventLoop.js";
import { type JobModule, JobModules, plain } from "./JobModules.js";
import { type OneModule, OrderedResults } from "./OrderedResults.js";
import { progressLine } from "./progress.js";
import { plainRegistration, revivedType } from "./registrations.js";
import { RangeDispenser } from "./RangeDispenser.js";
import { RunLumiSequence } from "./RunLumiSequence.js";
import { formatSummary } from "./summary.js";
import { mergeSummaries, type ThreadSummary } from "./summaryCounts.js";
import { BegunLumis, type JobCalls, LocalThread, type ThreadHandle, WorkerThread } from "./ThreadHandle.js";
import { constructing, isDeferred } from "./threadModules.js";
import { type BoundPlan, control, stopReason, type ThreadPlan } from "./threadPlan.js";
import { callJobHook, type JobLevel, withContext } from "./transitions.js";

export interface JobOptions {
  readonly plugins: PluginManager;
  /** Program of a worker thread. */
  readonly threadEntry: URL;
  /** Gives the version of cmsrun, for the process history. */
  readonly release: () => Promise<string>;
  /** Overrides of process.options from the command line. */
  readonly threads?: number | undefined;
  readonly streams?: number | undefined;
  readonly engine?: string | undefined;
}

export interface JobResult {
  readonly events: number;
  readonly threads: number;
  readonly streams: number;
  /** Time from the first range to the last event [s]. */
  readonly loopSeconds: number;
  readonly stoppedBy: "end of input" | "signal" | "output limit";
}

export class EventProcessor {
  readonly #process: ProcessDescription;
  readonly #options: JobOptions;
  /** Shared with every thread: the stop word and the count of events done. */
  readonly control = new Int32Array(new SharedArrayBuffer(4 * control.size));
  readonly #setup: EventSetup = { iov: 0 };
  readonly #failures: Exception[] = [];
  #modules!: JobModules;
  #threads: ThreadHandle[] = [];
  /** What began and so has an end to come. */
  readonly #begunModules: JobLevel[] = [];
  readonly #begunThreads: ThreadHandle[] = [];
  #bound!: BoundPlan;
  #runLumis!: RunLumiSequence;
  #results!: OrderedResults;
  #dispenser!: RangeDispenser;
  #threadCount = 1;
  #streamCount = 1;
  #cpuStart = process.cpuUsage();
  /** Set by the host before beginJob when it draws a bar in place of progress lines. */
  hasProgressBar = false;

  constructor(process_: ProcessDescription, options: JobOptions) {
    this.#process = process_;
    this.#options = options;
  }

  get messageLogger(): MessageLogger {
    const index = this.#process.services.findIndex(({ type }) => type === "MessageLogger");
    return this.#modules.serviceInstances[index] as MessageLogger;
  }

  /** Events this job will process, where the input tells; for the progress bar. */
  get expectedEvents(): number | undefined {
    return this.#modules.sourceInstance.expectedEvents(this.#inputLimit);
  }

  get #inputLimit(): number {
    const limit = Number(value(this.#process.maxEvents, "input"));
    return limit < 0 ? Number.POSITIVE_INFINITY : limit;
  }

  get #inferenceEngine(): string {
    return this.#options.engine ?? String(value(this.#process.options, "inferenceEngine"));
  }

  /** Asks for a clean stop after the events in flight. */
  requestStop(): void {
    this.#stop(stopReason.signal);
  }

  /** The first reason stays. Threads that wait for a luminosity block to begin are told that none will. */
  #stop(reason: number): void {
    Atomics.compareExchange(this.control, control.stop, stopReason.none, reason);
    void this.#runLumis?.stop();
    this.#dispenser?.wake();
  }

  /** Loads plugins, validates the configuration and makes everything that lives on the main thread. */
  async construct(): Promise<void> {
    try {
      setDefaultEngine(this.#inferenceEngine);
      const isStrict = Boolean(value(this.#process.options, "throwIfIllegalParameter"));
      this.#modules = await JobModules.load(this.#process, this.#options.plugins, isStrict);
      this.#modules.constructServices();
      setLogSink((message) => this.messageLogger.log(message));
      await this.#modules.construct();
    } catch (error) {
      throw this.#record(withDefaultContext(error, constructing));
    }
    this.#chooseThreads();
  }

  #chooseThreads(): void {
    const { options } = this.#process;
    const wanted = this.#options.threads ?? Number(value(options, "numberOfThreads"));
    const threads = wanted === 0 ? availableParallelism() : wanted;
    const streams = (this.#options.streams ?? Number(value(options, "numberOfStreams"))) || threads;
    const serial = this.#modules.modules.filter(({ plugin }) => plugin.concurrency === "one" && !isDeferred(plugin));
    const limited = this.#maxOutput !== undefined;
    this.#streamCount = streams;
    this.#threadCount = serial.length > 0 || limited ? 1 : Math.min(threads, streams);
    if (threads > 1 && serial.length > 0) {
      const names = serial.map(({ label, type }) => `${type}/'${label}'`).join(", ");
      LogPrint("ThreadStreamSetup", `The job runs single-threaded: other modules wait for the one:: modules ${names}. Make them stream:: or global:: to use ${threads} threads.`);
    } else if (threads > 1 && limited) {
      LogPrint("ThreadStreamSetup", "The job runs single-threaded: maxEvents.output is set.");
    }
    if (value(options, "dumpOptions")) {
      const lines = [`Number of Threads = ${this.#threadCount}`, `Number of Streams = ${streams}`, `Number of Concurrent Lumis = ${this.#concurrentLumis}`, "Number of Concurrent Runs = 1"];
      LogPrint("ThreadStreamSetup", lines.join("\n"));
    }
  }

  get #concurrentLumis(): number {
    const wanted = Number(value(this.#process.options, "numberOfConcurrentLuminosityBlocks")) || (this.#streamCount >= 2 ? 2 : 1);
    return Math.min(wanted, this.#streamCount);
  }

  get #maxOutput(): number | undefined {
    const wanted = value(this.#process.maxEvents, "output");
    return wanted === undefined || Number(wanted) < 0 ? undefined : Number(wanted);
  }

  /** Opens the input, starts the threads, resolves products, opens outputs; beginJob and beginStream. */
  async beginJob(): Promise<void> {
    process.once("exit", endedTooEarly);
    try {
      await this.#bind();
      await this.#openOutputs();
      for (const hook of this.#jobHooks()) {
        await callJobHook(hook, "beginJob", "Calling beginJob");
        this.#begunModules.push(hook);
      }
      for (const service of this.#modules.serviceInstances) await service.postBeginJob?.();
      for (const thread of this.#threads) {
        this.#begunThreads.push(thread);
        await thread.beginStreams();
      }
    } catch (error) {
      throw this.#record(withDefaultContext(error, "Calling beginJob"));
    }
  }

  /** Finds what construct() and beginJob() would find wrong, without an event and without an output; takes all down again. */
  async check(): Promise<void> {
    await this.#attempt(async () => {
      await this.construct();
      await this.#bind();
    });
    await this.#takeDown();
    const [failure] = this.#failures;
    if (failure) throw withDefaultContext(failure, "Calling beginJob");
  }

  async #bind(): Promise<void> {
    const { sourceInstance } = this.#modules;
    // Threads start up while the main thread opens the input.
    this.#threads = this.#startThreads(this.#jobCalls());
    await this.#modules.openSource();
    const perThread = await Promise.all(this.#threads.map((thread) => thread.registrations()));
    const main = this.#modules.modules.flatMap(({ label, plugin }) => {
      const registration = this.#modules.mainInstances.get(label)?.registrations[0];
      return registration && plugin.kind === "EDAnalyzer" && isDeferred(plugin) ? [plainRegistration(label, registration)] : [];
    });
    this.#bound = bindPlan({
      processName: this.#process.name,
      paths: this.#process.paths,
      modules: this.#modules.modules,
      unscheduled: this.#process.unscheduled,
      registrations: inConfigOrder([...(perThread[0] ?? []), ...main], this.#modules.modules),
      source: sourceInstance,
      maxOutput: this.#maxOutput,
    });
    this.#bindAnalyzers();
    if (this.#threadCount > 1) sourceInstance.setProducts(this.#bound.sourceProducts.map(({ description, type }) => ({ description, type: revivedType(type) })));
    this.#reportDeleted();
    if (value(this.#process.options, "printDependencies")) this.#printDependencies();
    await Promise.all(this.#threads.map((thread) => thread.bind(this.#bound)));
    this.#prepareSequences();
  }

  #startThreads(job: JobCalls): ThreadHandle[] {
    const plans = this.#threadPlans();
    if (this.#threadCount > 1) return plans.map((plan) => new WorkerThread(this.#options.threadEntry, plan, job));
    const begun = new BegunLumis();
    const port = { begun: (lumi: number) => begun.begun(lumi), ended: job.ended, report: job.report };
    const main = { modules: this.#modules.mainInstances, caches: this.#modules.caches, source: this.#modules.sourceInstance };
    return plans.map((plan) => new LocalThread(new EventLoop(plan, this.#modules.container, port, main), begun));
  }

  #threadPlans(): ThreadPlan[] {
    const { modules, source, services } = this.#modules;
    const inThreads = modules.filter(({ plugin }) => !(isDeferred(plugin) && plugin.kind === "EDAnalyzer"));
    const caches = this.#threadCount > 1 ? this.#modules.postedCaches() : {};
    const limits = this.#modules.limits();
    return Array.from({ length: this.#threadCount }, (_, thread) => ({
      streams: Array.from({ length: this.#streamCount }, (_unused, s) => s).filter((s) => s % this.#threadCount === thread),
      modules: inThreads.map(plain),
      source: plain(source),
      services: services.map(plain),
      pluginFiles: this.#options.plugins.loadedFiles,
      caches,
      limits,
      searchPath: getSearchPath(),
      inferenceEngine: this.#inferenceEngine,
      control: this.control,
      isTimed: Boolean(value(this.#process.options, "wantSummary")),
      reportEvery: this.hasProgressBar ? 0 : this.messageLogger.reportEvery,
      logThreshold: this.messageLogger.threshold,
    }));
  }

  #jobCalls(): JobCalls {
    return {
      ended: (what, index) => this.#runLumis.threadEnded(what, index),
      report: (...args) => LogVerbatim("FwkReport", progressLine(...args)),
      log: (message) => this.messageLogger.log(message),
    };
  }

  #prepareSequences(): void {
    const threads = this.#threads;
    this.#runLumis = new RunLumiSequence({
      hooks: this.#modules.jobLevel().filter(({ module }) => this.#bound.schedule.workers.includes(module.label)),
      setup: this.#setup,
      threadCount: threads.length,
      concurrentLumis: this.#concurrentLumis,
      announce: (lumi, begun) => {
        for (const thread of threads) thread.announce(lumi, begun);
      },
      blocked: (lumi) => this.#dispenser.finishBefore(lumi),
      failed: (error) => this.#fail(error),
    });
    const one = (labels: readonly string[]) => labels.map((label) => this.#oneModule(label));
    const modules = { outputs: one(this.#bound.outputs.map((o) => o.label)), analyzers: one(this.#bound.analyzers.map((a) => a.label)) };
    this.#results = new OrderedResults(this.#bound, modules, this.#runLumis.lumis, this.#setup, () => this.#dispenser.wake());
    this.#dispenser = new RangeDispenser(threads, this.#runLumis, this.#results, this.control, (error) => this.#fail(error));
  }

  #oneModule(label: string): OneModule {
    const { type, instances } = this.#modules.mainInstances.get(label) ?? { type: "", instances: [] };
    return { label, type, instance: instances[0] ?? {} };
  }

  #bindAnalyzers(): void {
    for (const { label } of this.#bound.analyzers) {
      const registration = this.#modules.mainInstances.get(label)?.registrations[0];
      const tokens = this.#bound.tokens.get(label);
      for (const [index, token] of (registration?.consumed ?? []).entries()) Object.assign(token, tokens?.consumed[index]);
    }
  }

  /** Receivers of beginJob and endJob: global, limited and one:: modules that run, those in tasks first. Stream classes only have globalEndJob. */
  #jobHooks(): JobLevel[] {
    const { workers } = this.#bound.schedule;
    const running = this.#modules.modules.filter(({ label, plugin }) => plugin.concurrency !== "stream" && workers.includes(label));
    const onPath = (module: JobModule) => Number(!this.#process.unscheduled.has(module.label));
    return running
      .sort((a, b) => onPath(a) - onPath(b))
      .map((module) => ({ module, target: this.#modules.mainInstances.get(module.label)?.instances[0] ?? {}, cache: [] }));
  }

  #reportDeleted(): void {
    const workers = new Set(this.#bound.schedule.workers);
    const deleted = [...this.#process.unscheduled].filter((label) => !workers.has(label));
    if (deleted.length > 0) LogInfo("DeleteModules", `Following modules are not consumed and do not run:\n${deleted.map((label) => ` ${label}`).join("\n")}`);
  }

  #printDependencies(): void {
    const producers = new Map(this.#bound.slots.map((slot, index) => [index, slot]));
    for (const [label, { consumed }] of this.#bound.tokens) {
      const own = consumed.map(({ slot }) => producers.get(slot)).filter((slot) => slot?.process === this.#process.name);
      for (const name of new Set(own.map((slot) => slot?.label))) {
        LogPrint("ModuleDependency", `ModuleDependency '${label}' depends on data products from module '${name}'`);
      }
    }
  }

  async #openOutputs(): Promise<void> {
    if (this.#bound.outputs.length === 0) return;
    const history: ProcessConfiguration[] = [...this.#modules.sourceInstance.history(), await this.#configuration()];
    for (const { label, kept } of this.#bound.outputs) {
      const output = this.#oneModule(label);
      const module = output.instance as OutputModule;
      // The event loop of the only thread has told the same instance already.
      if (this.#threadCount > 1) module.setProducts(kept.map(({ description, type }) => ({ description, type: revivedType(type) })));
      await withContext(output, "Calling beginJob", () => module.openFile(history));
    }
  }

  /** The ParameterSetID covers the tracked parameters of all modules and the paths: nothing untracked, no time, no path. */
  async #configuration(): Promise<ProcessConfiguration> {
    const all: Record<string, TypedValue> = {};
    for (const { label, type, parameters } of [...this.#modules.modules, this.#modules.source]) {
      all[label] = new TypedValue("PSet", true, { ...parameters, "@module_type": new TypedValue("string", true, type) });
    }
    for (const { name, modules } of this.#process.paths) {
      all[`@path:${name}`] = new TypedValue("vstring", true, modules.map(({ label, mark }) => `${mark}:${label}`));
    }
    return { name: this.#process.name, parameterSetId: parameterSetID(all), release: await this.#options.release() };
  }

  /** All events. @throws the first failure, after every end transition that could be run was run. */
  async runToCompletion(): Promise<JobResult> {
    const start = performance.now();
    this.#cpuStart = process.cpuUsage();
    const { sourceInstance } = this.#modules;
    const running = "Calling EventProcessor::runToCompletion (which does almost everything after beginJob and before endJob)";
    try {
      await this.#dispenser.run(sourceInstance.ranges(this.#inputLimit));
    } catch (error) {
      this.#fail(error);
    }
    const loopMs = performance.now() - start;
    await this.#endTransitions();
    const [failure] = this.#failures;
    if (failure) throw withDefaultContext(failure, running);
    const reason = Atomics.load(this.control, control.stop);
    return {
      events: Atomics.load(this.control, control.eventsDone),
      threads: this.#threadCount,
      streams: this.#streamCount,
      loopSeconds: loopMs / 1000,
      stoppedBy: reason === stopReason.signal ? "signal" : reason === stopReason.outputLimit ? "output limit" : "end of input",
    };
  }

  async #endTransitions(): Promise<void> {
    const isStopping = Atomics.load(this.control, control.stop) !== stopReason.none;
    if (isStopping) await this.#attempt(() => this.#runLumis.stop());
    await Promise.all(this.#threads.map((thread, index) => this.#attempt(() => this.#dispenser.finish(thread, index))));
    await this.#attempt(() => this.#runLumis.finish());
    const lastLumi = isStopping ? -1 : this.#runLumis.lumis.length - 1;
    await this.#attempt(() => (this.#failures.length > 0 ? this.#results.end() : this.#results.finish(lastLumi)));
  }

  /** endStream, endJob, closed files, the summary. Runs after a failure too. @throws the first thing that failed here. */
  async endJob(): Promise<void> {
    const before = this.#failures.length;
    const summaries = await this.#takeDown();
    if (this.#failures.length > before) throw this.#failures[before];
    if (before > 0) return;
    await this.#reportEngines(summaries);
    if (value(this.#process.options, "wantSummary")) this.#summary(summaries);
  }

  /** The end of everything that began. Outputs close last, so that no failure leaves a file that looks complete. */
  async #takeDown(): Promise<ThreadSummary[]> {
    const summaries: ThreadSummary[] = [];
    for (const thread of this.#begunThreads) {
      await this.#attempt(async () => {
        summaries.push(await thread.endStreams());
      });
    }
    for (const hook of this.#begunModules) await this.#attempt(() => callJobHook(hook, "endJob", "Calling endJob"));
    for (const hook of this.#modules?.withCache() ?? []) await this.#attempt(() => callJobHook(hook, "globalEndJob", "Calling endJob"));
    await this.#closeOutputs();
    for (const service of this.#modules?.serviceInstances ?? []) await this.#attempt(() => service.postEndJob?.());
    await Promise.all(this.#threads.map((thread) => thread.close()));
    process.off("exit", endedTooEarly);
    return summaries;
  }

  async #closeOutputs(): Promise<void> {
    for (const [index, { label }] of (this.#bound?.outputs ?? []).entries()) {
      const output = this.#oneModule(label);
      await this.#attempt(async () => {
        const isComplete = this.#failures.length === 0;
        const line = await withContext(output, "Calling endJob", () => (output.instance as OutputModule).closeFile(isComplete));
        if (isComplete && line) LogInfo("fileAction", `${line} (${this.#results.eventsWritten[index]} events)`);
        else if (line) this.#failures[0]?.addAdditionalInfo(line);
      });
    }
  }

  /** Which engine, in which version, on which CPU produced the scores. */
  async #reportEngines(summaries: readonly ThreadSummary[]): Promise<void> {
    const uses = [takeEngineUse(), ...summaries.flatMap(({ engines }) => engines)];
    if (uses.every(({ models }) => models.length === 0)) return;
    LogVerbatim("FwkSummary", formatEngineUse(uses, await this.#options.release()));
  }

  #summary(summaries: readonly ThreadSummary[]): void {
    const cpu = process.cpuUsage(this.#cpuStart);
    const text = formatSummary(mergeSummaries(summaries), this.#bound.schedule, {
      loopSeconds: this.#dispenser.loopSeconds,
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      threads: this.#threadCount,
    });
    LogVerbatim("FwkSummary", text);
  }

  /** After construct() or beginJob() threw: what began ends, and nothing stays behind. */
  async abandon(): Promise<void> {
    await this.#takeDown();
    for (const { message } of this.#failures.slice(1)) LogAbsolute("MoreExceptions", `After the exception below, endJob also failed: ${message}`);
  }

  async #attempt(call: () => unknown): Promise<void> {
    try {
      await call();
    } catch (error) {
      this.#record(error);
    }
  }

  #fail(error: unknown): void {
    this.#record(error);
    this.#stop(stopReason.failure);
  }

  /** A thread that died gives the same exception to everyone who waits for it. */
  #record(error: unknown): Exception {
    const exception = Exception.from(error);
    if (!this.#failures.includes(exception)) this.#failures.push(exception);
    return exception;
  }
}

/** In a one-thread job a module can end the process; that must not look like the end of a job. */
function endedTooEarly(): void {
  const message =
    "the process ended before its job was done: a module called process.exit, waits for a promise that nothing settles, or left an error uncaught.";
  process.stderr.write(new Exception("UnexpectedJobTermination", message).format());
  process.exitCode = exitCodes.UnexpectedJobTermination & 0xff;
}

/** From beginJob on, a context that only says how far the job was is for exceptions that have none. */
function withDefaultContext(error: unknown, activity: string): Exception {
  const exception = Exception.from(error);
  return exception.contexts.length > 0 ? exception : exception.addContext(activity);
}

function value(parameters: Parameters, name: string): unknown {
  return parameters[name]?.value;
}

function inConfigOrder<T extends { readonly label: string }>(registrations: readonly T[], modules: readonly JobModule[]): T[] {
  const order = new Map(modules.map(({ label }, index) => [label, index]));
  return [...registrations].sort((a, b) => (order.get(a.label) ?? 0) - (order.get(b.label) ?? 0));
}
