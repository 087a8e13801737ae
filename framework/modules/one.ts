/**
 * `one` modules: one instance in the job, on the main thread. Analyzers and output modules see every event in input
 * order, whatever the number of threads; a producer or filter makes the job single-threaded, because other modules wait for it.
 */
import type { BranchDescription } from "../data/BranchDescription.js";
import type { Event } from "../data/Event.js";
import type { EventID } from "../data/EventID.js";
import type { EventSetup } from "../data/EventSetup.js";
import type { ProductType } from "../data/ProductType.js";
import type { OneHooks } from "./hooks.js";
import { ModuleBase, ProducerBase } from "./registration.js";

export abstract class EDProducer extends ProducerBase {
  static readonly concurrency = "one";
  static readonly kind = "EDProducer";
  acquire?(event: Event, setup: EventSetup): void | Promise<void>;
  abstract produce(event: Event, setup: EventSetup): void | Promise<void>;
}
export interface EDProducer extends OneHooks {}

export abstract class EDFilter extends ProducerBase {
  static readonly concurrency = "one";
  static readonly kind = "EDFilter";
  acquire?(event: Event, setup: EventSetup): void | Promise<void>;
  abstract filter(event: Event, setup: EventSetup): boolean | Promise<boolean>;
}
export interface EDFilter extends OneHooks {}

export abstract class EDAnalyzer extends ModuleBase {
  static readonly concurrency = "one";
  static readonly kind = "EDAnalyzer";
  abstract analyze(event: Event, setup: EventSetup): void | Promise<void>;
}
export interface EDAnalyzer extends OneHooks {}

/** A kept product: what it is called in the output and what its values are. */
export interface KeptProduct {
  readonly description: BranchDescription;
  readonly type: ProductType<unknown>;
}

/** What a job writes into a file's header: every process that made something in it, oldest first. */
export interface ProcessConfiguration {
  readonly name: string;
  readonly parameterSetId: string;
  readonly release: string;
}

/** The selected events of one range of the input: ids, and per event the kept products in order. */
export interface EventBatch {
  readonly ids: readonly EventID[];
  readonly products: readonly (readonly unknown[])[];
}

/**
 * An output module's own `static selectProducts`, in place of outputCommands: which of the products that there are it
 * takes. Called once a job; `owner` names the module in errors. @throws Configuration
 */
export type ProductSelection<Config = never> = (
  pset: Config,
  candidates: readonly KeptProduct[],
  owner: string,
) => readonly KeptProduct[];

/**
 * Writes the selected events. encode() runs in the thread that processed the events, write() on the main thread in
 * input order, so the main thread only appends.
 */
export abstract class OutputModule extends ModuleBase {
  static readonly concurrency = "one";
  static readonly kind = "OutputModule";
  /** Tells which products exist after keep/drop; called in every thread before the first event. */
  abstract setProducts(products: readonly KeptProduct[]): void;
  /** Main thread, before the first event. @throws FileWriteError when the file cannot be made. */
  abstract openFile(history: readonly ProcessConfiguration[]): void | Promise<void>;
  /** Thread side: one range's events to what write() takes; must be structured-cloneable. */
  abstract encode(batch: EventBatch): unknown | Promise<unknown>;
  abstract write(encoded: never): void | Promise<void>;
  /** `complete` is false after an exception: what was written must then not look complete. Gives a line that says where it is. */
  abstract closeFile(complete: boolean): string | Promise<string>;
}
export interface OutputModule extends OneHooks {}
