/**
 * The transitions a module may override, by where they run. Names and order are CMSSW's. In TypeScript's terms each is
 * optional; the engine calls what is there.
 */
import type { LuminosityBlock, Run, StreamID } from "../data/Event.js";
import type { EventSetup } from "../data/EventSetup.js";

/** Stream modules: per instance, each instance seeing one event at a time. */
export interface StreamHooks {
  beginStream?(streamID: StreamID): void | Promise<void>;
  endStream?(): void | Promise<void>;
  beginRun?(run: Run, setup: EventSetup): void | Promise<void>;
  endRun?(run: Run, setup: EventSetup): void | Promise<void>;
  beginLuminosityBlock?(lumi: LuminosityBlock, setup: EventSetup): void | Promise<void>;
  endLuminosityBlock?(lumi: LuminosityBlock, setup: EventSetup): void | Promise<void>;
  /**
   * After endStream of every module, when nothing has failed: what this stream found, as plain data, for the class's
   * globalEndJobSummary. CMSSW has the like for runs and luminosity blocks (endRunSummary, globalEndRunSummary); for the
   * job its streams write into a mutable GlobalCache in endStream, in whatever order they come. Here memory is not shared.
   */
  endStreamSummary?(): unknown;
}

/**
 * The static side of a stream module: once a job, on the main thread, whatever the number of streams and threads.
 * What globalBeginRun and globalBeginLuminosityBlock return is shared with every stream as runCache and luminosityBlockCache,
 * and given to the globalEnd… transition last.
 */
export interface GlobalStatics<Cache> {
  initializeGlobalCache?(pset: never): Cache | Promise<Cache>;
  globalBeginRun?(run: Run, setup: EventSetup, cache: Cache): unknown;
  globalEndRun?(run: Run, setup: EventSetup, cache: Cache, runCache: unknown): void | Promise<void>;
  globalBeginLuminosityBlock?(lumi: LuminosityBlock, setup: EventSetup, cache: Cache): unknown;
  globalEndLuminosityBlock?(
    lumi: LuminosityBlock,
    setup: EventSetup,
    cache: Cache,
    luminosityBlockCache: unknown,
  ): void | Promise<void>;
  /**
   * Before globalEndJob, with what endStreamSummary of each stream returned, in the order of streams. Not called when the
   * job ends by an exception: what was found in half of the events would look like the whole. Called after a clean stop.
   */
  globalEndJobSummary?(summaries: readonly never[], cache: Cache): void | Promise<void>;
  globalEndJob?(cache: Cache): void | Promise<void>;
}

/** Global and limited modules: job and global transitions once a job, on the main thread's instance. */
export interface GlobalHooks {
  beginJob?(): void | Promise<void>;
  endJob?(): void | Promise<void>;
  globalBeginRun?(run: Run, setup: EventSetup): unknown;
  globalEndRun?(run: Run, setup: EventSetup, runCache: unknown): void | Promise<void>;
  globalBeginLuminosityBlock?(lumi: LuminosityBlock, setup: EventSetup): unknown;
  globalEndLuminosityBlock?(
    lumi: LuminosityBlock,
    setup: EventSetup,
    luminosityBlockCache: unknown,
  ): void | Promise<void>;
  streamBeginRun?(streamID: StreamID, run: Run, setup: EventSetup): void | Promise<void>;
  streamEndRun?(streamID: StreamID, run: Run, setup: EventSetup): void | Promise<void>;
  streamBeginLuminosityBlock?(
    streamID: StreamID,
    lumi: LuminosityBlock,
    setup: EventSetup,
  ): void | Promise<void>;
  streamEndLuminosityBlock?(
    streamID: StreamID,
    lumi: LuminosityBlock,
    setup: EventSetup,
  ): void | Promise<void>;
  beginStream?(streamID: StreamID): void | Promise<void>;
  endStream?(streamID: StreamID): void | Promise<void>;
}

/** One modules: everything in input order, on the main thread. */
export interface OneHooks {
  beginJob?(): void | Promise<void>;
  endJob?(): void | Promise<void>;
  beginRun?(run: Run, setup: EventSetup): void | Promise<void>;
  endRun?(run: Run, setup: EventSetup): void | Promise<void>;
  beginLuminosityBlock?(lumi: LuminosityBlock, setup: EventSetup): void | Promise<void>;
  endLuminosityBlock?(lumi: LuminosityBlock, setup: EventSetup): void | Promise<void>;
}

/** What a run or luminosity block cache is kept in; set by the engine before the stream's begin transition. */
export interface Caches {
  runCache: unknown;
  luminosityBlockCache: unknown;
}
