/**
 * `stream` modules: one instance per stream, so members need no locks. `Cache` is made once a job by the static
 * initializeGlobalCache and shared by all streams on all threads, read-only.
 */
import type { Event } from "../data/Event.js";
import type { EventSetup } from "../data/EventSetup.js";
import type { Caches, StreamHooks } from "./hooks.js";
import { ModuleBase, ProducerBase } from "./registration.js";

/** A module without a cache calls super(), one with a cache super(cache). */
type CacheArgument<Cache> = [Cache] extends [void] ? [] : [cache: Readonly<Cache>];

export abstract class EDProducer<Cache = void> extends ProducerBase {
  static readonly concurrency = "stream";
  static readonly kind = "EDProducer";
  readonly globalCache: Readonly<Cache>;
  /** What the static globalBeginRun returned for the current run. */
  runCache: Caches["runCache"];
  luminosityBlockCache: Caches["luminosityBlockCache"];
  constructor(...cache: CacheArgument<Cache>) {
    super();
    this.globalCache = cache[0] as Readonly<Cache>;
  }
  /** Starts work that finishes elsewhere; produce() runs when the promise is fulfilled, other streams go on meanwhile. */
  acquire?(event: Event, setup: EventSetup): void | Promise<void>;
  abstract produce(event: Event, setup: EventSetup): void | Promise<void>;
}
export interface EDProducer<Cache> extends StreamHooks {}

export abstract class EDFilter<Cache = void> extends ProducerBase {
  static readonly concurrency = "stream";
  static readonly kind = "EDFilter";
  readonly globalCache: Readonly<Cache>;
  runCache: Caches["runCache"];
  luminosityBlockCache: Caches["luminosityBlockCache"];
  constructor(...cache: CacheArgument<Cache>) {
    super();
    this.globalCache = cache[0] as Readonly<Cache>;
  }
  acquire?(event: Event, setup: EventSetup): void | Promise<void>;
  /** Whether the event passes. */
  abstract filter(event: Event, setup: EventSetup): boolean | Promise<boolean>;
}
export interface EDFilter<Cache> extends StreamHooks {}

export abstract class EDAnalyzer<Cache = void> extends ModuleBase {
  static readonly concurrency = "stream";
  static readonly kind = "EDAnalyzer";
  readonly globalCache: Readonly<Cache>;
  runCache: Caches["runCache"];
  luminosityBlockCache: Caches["luminosityBlockCache"];
  constructor(...cache: CacheArgument<Cache>) {
    super();
    this.globalCache = cache[0] as Readonly<Cache>;
  }
  abstract analyze(event: Event, setup: EventSetup): void | Promise<void>;
}
export interface EDAnalyzer<Cache> extends StreamHooks {}
