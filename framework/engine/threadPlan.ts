/** The plain data that the job gives a thread, and what the thread gives back. Everything here is structured-cloneable. */
import type { CompilerSettings } from "../aot/engine/settings.js";
import type { WasmMemory } from "../aot/wasm/WebAssembly.js";
import type { Severity } from "../base/log.js";
import type { BranchDescription } from "../data/BranchDescription.js";
import type { InputRange } from "../modules/InputSource.js";
import type { PlainParameters } from "../parameters/ParameterSet.js";
import type { CompiledSchedule } from "./compileSchedule.js";
import type { BoundTokens, PlainType } from "./registrations.js";
import type { Selection } from "./selectEvents.js";

export interface PlainComponent {
  readonly label: string;
  readonly type: string;
  readonly parameters: PlainParameters;
}

/** Indices into the job's control words, an Int32Array shared by all threads. */
export const control = { stop: 0, eventsDone: 1, nativeLock: 2, size: 3 } as const;
/** Values of the stop word: why the job stops before the end of its input. */
export const stopReason = { none: 0, signal: 1, outputLimit: 2, failure: 3 } as const;

/** How a thread is built: its modules, its streams, its source. */
export interface ThreadPlan {
  readonly streams: readonly number[];
  readonly modules: readonly PlainComponent[];
  readonly source: PlainComponent;
  readonly services: readonly PlainComponent[];
  /** What the main thread's instance of each service gives to this thread's. */
  readonly sharedByServices: readonly unknown[];
  /** Files to import so that every plugin is defined. */
  readonly pluginFiles: readonly string[];
  /** Posted form of each module's GlobalCache, by label. */
  readonly caches: { readonly [label: string]: unknown };
  /** Free places of each limited module, by label. */
  readonly limits: { readonly [label: string]: Int32Array };
  readonly searchPath: readonly string[];
  /** Where "model:NAME:VERSION" is looked for, and what each that the parameters have means in this job. */
  readonly modelStore: string;
  readonly pinnedModels: Readonly<Record<string, string>>;
  /** What "auto" means as a module's inference engine. */
  readonly inferenceEngine: string;
  readonly compiler: CompilerSettings;
  /** The memory of compiled models, of all threads. */
  readonly modelMemory: WasmMemory;
  /** A worker thread's number in it: ModelMemory.beginThread. */
  readonly memoryThread: number;
  readonly control: Int32Array;
  readonly isTimed: boolean;
  /** Report each Nth event; 0 = none. */
  readonly reportEvery: number;
  readonly logThreshold: Severity;
}

export interface PlainSourceProduct {
  readonly description: BranchDescription;
  readonly type: PlainType;
}

export interface OutputPlan {
  readonly label: string;
  readonly kept: readonly (PlainSourceProduct & { readonly slot: number })[];
  readonly selection: Selection;
}

/** What the job worked out from all declarations: sent once, before the first event. */
export interface BoundPlan {
  readonly schedule: CompiledSchedule;
  readonly slots: readonly BranchDescription[];
  readonly firstSourceSlot: number;
  readonly sourceProducts: readonly PlainSourceProduct[];
  readonly tokens: ReadonlyMap<string, BoundTokens>;
  /** -1 when nothing reads TriggerResults. */
  readonly triggerResultsSlot: number;
  readonly outputs: readonly OutputPlan[];
  /** one:: analyzers on the main thread and the slots each reads. */
  readonly analyzers: readonly { readonly label: string; readonly slots: readonly number[] }[];
  /** Events each output module may write; undefined = all. Only in a single-threaded job. */
  readonly maxOutput: number | undefined;
}

/** A luminosity block of the job, by its index in input order. */
export interface LumiBlock {
  readonly index: number;
  readonly run: number;
  readonly luminosityBlock: number;
  /** Counts the runs of the input, from 0. */
  readonly runIndex: number;
}

/** A begun luminosity block with what the modules' global begin transitions returned, by label. */
export interface BegunLumi {
  readonly lumi: LumiBlock;
  readonly runCaches: { readonly [label: string]: unknown };
  readonly lumiCaches: { readonly [label: string]: unknown };
}

/** A range, with the index of the luminosity block of each of its segments. */
export interface GrantedRange {
  readonly ticket: number;
  readonly range: InputRange;
  readonly lumis: readonly number[];
  /** Luminosity blocks that this thread has not been told of, in order. */
  readonly news: readonly LumiBlock[];
}

/** An event as the one:: analyzers on the main thread need it. */
export interface EventRecord {
  readonly lumi: number;
  readonly run: number;
  readonly luminosityBlock: number;
  readonly event: number;
  readonly ordinal: number;
  readonly streamID: number;
  /** Per analyzer: whether a path reached it. */
  readonly reached: readonly boolean[];
  /** Slot → product, of the slots that the reached analyzers read. */
  readonly products: ReadonlyMap<number, unknown>;
}

export interface RangeResult {
  readonly ticket: number;
  /** Per output module: what its encode() gave. */
  readonly encoded: readonly unknown[];
  /** Per output module: events selected. */
  readonly selected: readonly number[];
  readonly records: readonly EventRecord[];
}
