/**
 * `global` modules: stateless, called by all streams at once. Each thread has a copy for the events; beginJob, endJob
 * and the global transitions run once a job, and what globalBeginRun returns is shared as runCache.
 */
import type { Event, StreamID } from "../data/Event.js";
import type { EventSetup } from "../data/EventSetup.js";
import type { Caches, GlobalHooks } from "./hooks.js";
import { ModuleBase, ProducerBase } from "./registration.js";

export abstract class EDProducer extends ProducerBase {
  static readonly concurrency: string = "global";
  static readonly kind = "EDProducer";
  runCache: Caches["runCache"];
  luminosityBlockCache: Caches["luminosityBlockCache"];
  acquire?(streamID: StreamID, event: Event, setup: EventSetup): void | Promise<void>;
  abstract produce(streamID: StreamID, event: Event, setup: EventSetup): void | Promise<void>;
}
export interface EDProducer extends GlobalHooks {}

export abstract class EDFilter extends ProducerBase {
  static readonly concurrency: string = "global";
  static readonly kind = "EDFilter";
  runCache: Caches["runCache"];
  luminosityBlockCache: Caches["luminosityBlockCache"];
  acquire?(streamID: StreamID, event: Event, setup: EventSetup): void | Promise<void>;
  abstract filter(streamID: StreamID, event: Event, setup: EventSetup): boolean | Promise<boolean>;
}
export interface EDFilter extends GlobalHooks {}

export abstract class EDAnalyzer extends ModuleBase {
  static readonly concurrency: string = "global";
  static readonly kind = "EDAnalyzer";
  runCache: Caches["runCache"];
  luminosityBlockCache: Caches["luminosityBlockCache"];
  abstract analyze(streamID: StreamID, event: Event, setup: EventSetup): void | Promise<void>;
}
export interface EDAnalyzer extends GlobalHooks {}
