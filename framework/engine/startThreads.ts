/** Starts the threads of a job: one EventLoop in the main thread, or one in each worker thread. */
import { modelMemory } from "../aot/ModelMemory.js";
import { modelStoreRoot, pinnedModels } from "../base/modelPath.js";
import type { MessageLogger } from "../services/MessageLogger.js";
import type { PluginManager } from "../modules/PluginManager.js";
import { getSearchPath } from "../parameters/fileInPath.js";
import { EventLoop } from "./EventLoop.js";
import { type JobModules, plain } from "./JobModules.js";
import type { Concurrency, JobSettings } from "./jobSettings.js";
import { BegunLumis, type JobCalls, LocalThread, type ThreadHandle, WorkerThread } from "./ThreadHandle.js";
import { isDeferred } from "./threadModules.js";
import type { ThreadPlan } from "./threadPlan.js";

export interface ThreadStart {
  readonly modules: JobModules;
  readonly settings: JobSettings;
  readonly concurrency: Concurrency;
  readonly plugins: PluginManager;
  /** Program of a worker thread. */
  readonly threadEntry: URL;
  /** The control words shared by all threads. */
  readonly control: Int32Array;
  readonly messageLogger: MessageLogger;
  /** Report each Nth event; 0 = none. */
  readonly reportEvery: number;
}

export function startThreads(start: ThreadStart, job: JobCalls): ThreadHandle[] {
  const { modules, concurrency, threadEntry } = start;
  const plans = threadPlans(start);
  if (concurrency.threads > 1) return plans.map((plan) => new WorkerThread(threadEntry, plan, job));
  const begun = new BegunLumis();
  const port = { begun: (lumi: number) => begun.begun(lumi), ended: job.ended, report: job.report };
  const main = { modules: modules.mainInstances, caches: modules.caches, source: modules.sourceInstance };
  return plans.map((plan) => new LocalThread(new EventLoop(plan, modules.container, port, main), begun));
}

function threadPlans({
  modules: job,
  settings,
  concurrency,
  plugins,
  control,
  messageLogger,
  reportEvery,
}: ThreadStart): ThreadPlan[] {
  const { threads, streams } = concurrency;
  const inThreads = job.modules.filter(({ plugin }) => !(isDeferred(plugin) && plugin.kind === "EDAnalyzer"));
  const caches = threads > 1 ? job.postedCaches() : {};
  const limits = job.limits();
  const shared = threads > 1 ? job.serviceInstances.map((service) => service.shared?.()) : [];
  const allStreams = Array.from({ length: streams }, (_, stream) => stream);
  return Array.from({ length: threads }, (_, thread) => ({
    streams: allStreams.filter((stream) => stream % threads === thread),
    modules: inThreads.map(plain),
    source: plain(job.source),
    services: job.services.map(plain),
    sharedByServices: shared,
    pluginFiles: plugins.loadedFiles,
    caches,
    limits,
    searchPath: getSearchPath(),
    modelStore: modelStoreRoot(),
    pinnedModels: pinnedModels(),
    inferenceEngine: settings.inferenceEngine,
    compiler: settings.compiler,
    modelMemory: modelMemory().memory,
    memoryThread: threads > 1 ? modelMemory().beginThread() : 0,
    control,
    isTimed: Boolean(settings.option("wantSummary")),
    reportEvery,
    logThreshold: messageLogger.threshold,
  }));
}
