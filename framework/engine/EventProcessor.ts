/**
 * The job: constructs everything, gives ranges of the input to the threads, and takes it all down again, in CMSSW's
 * order of transitions. Second file of the main path: cmsrun → EventProcessor → StreamSchedule → Worker → plugin.
 */
import { Exception, exitCodes } from "../base/errors.js";
import { pinModels } from "../base/modelPath.js";
import { setNativeLock } from "../base/nativeLock.js";
import { LogAbsolute, LogVerbatim, setLogSink } from "../base/log.js";
import type { ProcessDescription } from "../config/ProcessDescription.js";
import type { EventSetup } from "../data/EventSetup.js";
import type { ProcessConfiguration } from "../modules/one.js";
import type { PluginManager } from "../modules/PluginManager.js";
import { ParameterSet } from "../parameters/ParameterSet.js";
import type { MessageLogger } from "../services/MessageLogger.js";
import { setDefaultEngine } from "../tensorflow/engines.js";
import { bindPlan } from "./bindPlan.js";
import { Failures } from "./Failures.js";
import { type JobModule, JobModules } from "./JobModules.js";
import { setCompilerSettings } from "../aot/engine/settings.js";
import { type Concurrency, type JobOverrides, JobSettings } from "./jobSettings.js";
import { limitLumis } from "./limitLumis.js";
import { OrderedResults } from "./OrderedResults.js";
import { closeOutputs, openOutputs, processConfiguration } from "./outputs.js";
import { progressLine } from "./progress.js";
import { inConfigOrder, plainRegistration, revivedType } from "./registrations.js";
import { RangeDispenser } from "./RangeDispenser.js";
import { RunLumiSequence } from "./RunLumiSequence.js";
import { reportEngines } from "./reportEngines.js";
import { printDependencies, reportDeleted } from "./scheduleReports.js";
import { startThreads, type ThreadStart } from "./startThreads.js";
import { formatSummary } from "./summary.js";
import { mergeSummaries, type ThreadSummary } from "./summaryCounts.js";
import { streamOrder } from "./streamSummaries.js";
import type { JobCalls, ThreadHandle } from "./ThreadHandle.js";
import { constructing, isDeferred } from "./threadModules.js";
import { type BoundPlan, control, stopReason } from "./threadPlan.js";
import { callJobHook, type JobLevel } from "./transitions.js";

export interface JobOptions extends JobOverrides {
  readonly plugins: PluginManager;
  /** Program of a worker thread. */
  readonly threadEntry: URL;
  /** Gives the version of cmsrun, for the process history. */
  readonly release: () => Promise<string>;
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
  readonly #failures = new Failures();
  #modules!: JobModules;
  #threads: ThreadHandle[] = [];
  /** What began and so has an end to come. */
  readonly #begunModules: JobLevel[] = [];
  readonly #begunThreads: ThreadHandle[] = [];
  #bound!: BoundPlan;
  #runLumis!: RunLumiSequence;
  #results!: OrderedResults;
  #dispenser!: RangeDispenser;
  readonly #settings: JobSettings;
  #concurrency: Concurrency = { threads: 1, streams: 1, lumis: 1 };
  #cpuStart = process.cpuUsage();
  /** Set by the host before beginJob when it draws a bar in place of progress lines. */
  hasProgressBar = false;

  constructor(process_: ProcessDescription, options: JobOptions) {
    this.#process = process_;
    this.#options = options;
    this.#settings = new JobSettings(process_, options);
  }

  get messageLogger(): MessageLogger {
    const index = this.#process.services.findIndex(({ type }) => type === "MessageLogger");
    return this.#modules.serviceInstances[index] as MessageLogger;
  }

  /** Events this job will process, where the input tells; for the progress bar. */
  get expectedEvents(): number | undefined {
    const { inputLimit, lumiLimit } = this.#settings;
    return lumiLimit < Number.POSITIVE_INFINITY
      ? undefined
      : this.#modules.sourceInstance.expectedEvents(inputLimit);
  }

  /** Asks for a clean stop after the events in flight. */
  requestStop(): void {
    this.#stop(stopReason.signal);
  }

  /** Ends the process as it is: no end transition, and the outputs keep the names of unfinished files. */
  exit(code: number): never {
    process.off("exit", endedTooEarly);
    process.stderr.write("The job was ended by a second signal; its outputs are unfinished.\n");
    process.exit(code);
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
      setDefaultEngine(this.#settings.inferenceEngine);
      setCompilerSettings(this.#settings.compiler);
      setNativeLock(this.control.subarray(control.nativeLock));
      const isStrict = Boolean(this.#settings.option("throwIfIllegalParameter"));
      this.#modules = await JobModules.load(this.#process, this.#options.plugins, isStrict);
      this.#modules.constructServices();
      setLogSink((message) => this.messageLogger.log(message));
      await this.#modules.construct();
    } catch (error) {
      throw this.#failures.record(withDefaultContext(error, constructing));
    }
    this.#concurrency = this.#settings.concurrency(this.#modules.modules);
  }

  /** Opens the input, starts the threads, resolves products, opens outputs; beginJob and beginStream. */
  async beginJob(): Promise<void> {
    process.once("exit", endedTooEarly);
    try {
      await this.#prepareServices();
      await this.#bind();
      await openOutputs(this.#bound, this.#modules, await this.#history(), this.#concurrency.threads > 1);
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
      throw this.#failures.record(withDefaultContext(error, "Calling beginJob"));
    }
  }

  async #prepareServices(): Promise<void> {
    const modules = this.#modules.modules.map(({ label, type, parameters }) => {
      return { label, type, parameters: new ParameterSet(parameters) };
    });
    for (const service of this.#modules.serviceInstances) await service.preBeginJob?.(modules);
  }

  /** Finds what construct() and beginJob() would find wrong, without an event and without an output; takes all down again. */
  async check(): Promise<void> {
    await this.#failures.attempt(async () => {
      await this.construct();
      await this.#bind();
    });
    await this.#takeDown();
    const [failure] = this.#failures.all;
    if (failure) throw withDefaultContext(failure, "Calling beginJob");
  }

  async #bind(): Promise<void> {
    const { sourceInstance } = this.#modules;
    // Threads start up while the main thread opens the input.
    this.#threads = startThreads(this.#threadStart(), this.#jobCalls());
    await this.#modules.openSource();
    const perThread = await Promise.all(this.#threads.map((thread) => thread.registrations()));
    const main = this.#modules.modules.flatMap(({ label, plugin }) => {
      const registration = this.#modules.mainInstances.get(label)?.registrations[0];
      return registration && plugin.kind === "EDAnalyzer" && isDeferred(plugin)
        ? [plainRegistration(label, registration)]
        : [];
    });
    this.#bound = bindPlan({
      processName: this.#process.name,
      paths: this.#process.paths,
      modules: this.#modules.modules,
      unscheduled: this.#process.unscheduled,
      registrations: inConfigOrder([...(perThread[0] ?? []), ...main], this.#modules.modules),
      source: sourceInstance,
      maxOutput: this.#settings.maxOutput,
    });
    this.#bindAnalyzers();
    if (this.#concurrency.threads > 1)
      sourceInstance.setProducts(
        this.#bound.sourceProducts.map(({ description, type }) => ({ description, type: revivedType(type) })),
      );
    reportDeleted(this.#process.unscheduled, this.#bound);
    if (this.#settings.option("printDependencies")) printDependencies(this.#process.name, this.#bound);
    await Promise.all(this.#threads.map((thread) => thread.bind(this.#bound)));
    this.#prepareSequences();
  }

  #threadStart(): ThreadStart {
    const { plugins, threadEntry } = this.#options;
    const messageLogger = this.messageLogger;
    const reportEvery = this.hasProgressBar ? 0 : messageLogger.reportEvery;
    const common = { settings: this.#settings, concurrency: this.#concurrency, control: this.control };
    return { ...common, modules: this.#modules, plugins, threadEntry, messageLogger, reportEvery };
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
      hooks: this.#modules
        .jobLevel()
        .filter(({ module }) => this.#bound.schedule.workers.includes(module.label)),
      setup: this.#setup,
      threadCount: threads.length,
      concurrentLumis: this.#concurrency.lumis,
      announce: (lumi, begun) => {
        for (const thread of threads) thread.announce(lumi, begun);
      },
      blocked: (lumi) => this.#dispenser.finishBefore(lumi),
      failed: (error) => this.#fail(error),
    });
    const one = (labels: readonly string[]) => labels.map((label) => this.#modules.onMainThread(label));
    const modules = {
      outputs: one(this.#bound.outputs.map((o) => o.label)),
      analyzers: one(this.#bound.analyzers.map((a) => a.label)),
    };
    this.#results = new OrderedResults(this.#bound, modules, this.#runLumis.lumis, this.#setup, () =>
      this.#dispenser.wake(),
    );
    this.#dispenser = new RangeDispenser(threads, this.#runLumis, this.#results, this.control, (error) =>
      this.#fail(error),
    );
  }

  #bindAnalyzers(): void {
    for (const { label } of this.#bound.analyzers) {
      const registration = this.#modules.mainInstances.get(label)?.registrations[0];
      const tokens = this.#bound.tokens.get(label);
      for (const [index, token] of (registration?.consumed ?? []).entries())
        Object.assign(token, tokens?.consumed[index]);
    }
  }

  /** Receivers of beginJob and endJob: global, limited and one:: modules that run, those in tasks first. Stream classes only have globalEndJob. */
  #jobHooks(): JobLevel[] {
    const { workers } = this.#bound.schedule;
    const running = this.#modules.modules.filter(
      ({ label, plugin }) => plugin.concurrency !== "stream" && workers.includes(label),
    );
    const onPath = (module: JobModule) => Number(!this.#process.unscheduled.has(module.label));
    return running
      .sort((a, b) => onPath(a) - onPath(b))
      .map((module) => ({
        module,
        target: this.#modules.mainInstances.get(module.label)?.instances[0] ?? {},
        cache: [],
      }));
  }

  /** Empty when nothing is written: working it out costs start-up time. */
  async #history(): Promise<ProcessConfiguration[]> {
    if (this.#bound.outputs.length === 0) return [];
    const own = processConfiguration(this.#process, this.#modules, await this.#options.release());
    return [...this.#modules.sourceInstance.history(), own];
  }

  /** All events. @throws the first failure, after every end transition that could be run was run. */
  async runToCompletion(): Promise<JobResult> {
    const start = performance.now();
    this.#cpuStart = process.cpuUsage();
    const { inputLimit, lumiLimit } = this.#settings;
    const ranges = this.#modules.sourceInstance.ranges(inputLimit);
    const running =
      "Calling EventProcessor::runToCompletion (which does almost everything after beginJob and before endJob)";
    try {
      await this.#dispenser.run(
        lumiLimit < Number.POSITIVE_INFINITY ? limitLumis(ranges, lumiLimit) : ranges,
      );
    } catch (error) {
      this.#fail(error);
    }
    const loopMs = performance.now() - start;
    await this.#endTransitions();
    const [failure] = this.#failures.all;
    if (failure) throw withDefaultContext(failure, running);
    const reason = Atomics.load(this.control, control.stop);
    return {
      events: Atomics.load(this.control, control.eventsDone),
      threads: this.#concurrency.threads,
      streams: this.#concurrency.streams,
      loopSeconds: loopMs / 1000,
      stoppedBy:
        reason === stopReason.signal
          ? "signal"
          : reason === stopReason.outputLimit
            ? "output limit"
            : "end of input",
    };
  }

  async #endTransitions(): Promise<void> {
    const isStopping = Atomics.load(this.control, control.stop) !== stopReason.none;
    if (isStopping) await this.#failures.attempt(() => this.#runLumis.stop());
    await Promise.all(
      this.#threads.map((thread, index) =>
        this.#failures.attempt(() => this.#dispenser.finish(thread, index)),
      ),
    );
    await this.#failures.attempt(() => this.#runLumis.finish());
    const lastLumi = isStopping ? -1 : this.#runLumis.lumis.length - 1;
    await this.#failures.attempt(() =>
      this.#failures.count > 0 ? this.#results.end() : this.#results.finish(lastLumi),
    );
  }

  /** endStream, endJob, closed files, the summary. Runs after a failure too. @throws the first thing that failed here. */
  async endJob(): Promise<void> {
    const before = this.#failures.count;
    const summaries = await this.#takeDown();
    if (this.#failures.count > before) throw this.#failures.all[before];
    if (before > 0) return;
    await reportEngines(summaries, this.#options.release);
    if (this.#settings.option("wantSummary")) this.#summary(summaries);
  }

  /** The end of everything that began. Outputs close last, so that no failure leaves a file that looks complete. */
  async #takeDown(): Promise<ThreadSummary[]> {
    const summaries: ThreadSummary[] = [];
    for (const thread of this.#begunThreads) {
      await this.#failures.attempt(async () => {
        summaries.push(await thread.endStreams(this.#failures.count === 0));
      });
    }
    for (const hook of this.#begunModules)
      await this.#failures.attempt(() => callJobHook(hook, "endJob", "Calling endJob"));
    for (const hook of this.#modules?.withCache() ?? []) {
      const found = streamOrder(hook.module.label, summaries);
      if (this.#failures.count === 0 && found.length > 0)
        await this.#failures.attempt(() => callJobHook(hook, "globalEndJobSummary", "Calling endJob", found));
      await this.#failures.attempt(() => callJobHook(hook, "globalEndJob", "Calling endJob"));
    }
    if (this.#bound)
      await closeOutputs(this.#bound, this.#modules, this.#failures, this.#results?.eventsWritten ?? []);
    for (const service of this.#modules?.serviceInstances ?? [])
      await this.#failures.attempt(() => service.postEndJob?.());
    for (const thread of this.#threads) await thread.close();
    pinModels({});
    process.off("exit", endedTooEarly);
    return summaries;
  }

  #summary(summaries: readonly ThreadSummary[]): void {
    const cpu = process.cpuUsage(this.#cpuStart);
    const text = formatSummary(mergeSummaries(summaries), this.#bound.schedule, {
      loopSeconds: this.#dispenser.loopSeconds,
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      threads: this.#concurrency.threads,
    });
    LogVerbatim("FwkSummary", text);
  }

  /** After construct() or beginJob() threw: what began ends, and nothing stays behind. */
  async abandon(): Promise<void> {
    await this.#takeDown();
    for (const { message } of this.#failures.all.slice(1))
      LogAbsolute("MoreExceptions", `After the exception below, endJob also failed: ${message}`);
  }

  #fail(error: unknown): void {
    this.#failures.record(error);
    this.#stop(stopReason.failure);
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
