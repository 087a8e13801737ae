/**
 * CMSSW's SonicEDProducer, SonicEDFilter and SonicOneEDAnalyzer: modules whose work is done by a remote service. The first
 * two are stream modules (ExternalWork); the last sees the events in input order, one call after another.
 */
import type { Event } from "../../data/Event.js";
import type { EventSetup } from "../../data/EventSetup.js";
import { eventMethods, type ModuleMethods } from "../../engine/Worker.js";
import type { SonicClient } from "./SonicClient.js";
import { type OutputOf, SonicModule } from "./SonicModule.js";

/** @see TritonEDProducer for the one with a TritonClient */
export abstract class SonicEDProducer<
  Client extends SonicClient<unknown, unknown>,
  Cache = void,
> extends SonicModule<Client, Cache> {
  static readonly kind = "EDProducer";
  /** Makes products of what came back; also of the empty output of an input without rows. */
  abstract produce(event: Event, setup: EventSetup, output: OutputOf<Client>): void | Promise<void>;

  protected override conclude(event: Event, setup: EventSetup): void | Promise<void> {
    return this.produce(event, setup, this.client.output as OutputOf<Client>);
  }
}

export abstract class SonicEDFilter<
  Client extends SonicClient<unknown, unknown>,
  Cache = void,
> extends SonicModule<Client, Cache> {
  static readonly kind = "EDFilter";
  /** Whether the event passes. */
  abstract filter(event: Event, setup: EventSetup, output: OutputOf<Client>): boolean | Promise<boolean>;

  protected override conclude(event: Event, setup: EventSetup): boolean | Promise<boolean> {
    return this.filter(event, setup, this.client.output as OutputOf<Client>);
  }
}

export abstract class SonicOneEDAnalyzer<Client extends SonicClient<unknown, unknown>> extends SonicModule<
  Client,
  void
> {
  static override readonly concurrency = "one";
  static readonly kind = "EDAnalyzer";
  abstract analyze(event: Event, setup: EventSetup, output: OutputOf<Client>): void | Promise<void>;

  beginJob(): void | Promise<void> {
    return this.client.connect();
  }

  protected override conclude(event: Event, setup: EventSetup): void | Promise<void> {
    return this.analyze(event, setup, this.client.output as OutputOf<Client>);
  }

  override [eventMethods](): ModuleMethods {
    const { acquire, run } = super[eventMethods]();
    const both = async (event: Event, setup: EventSetup) => {
      await acquire?.(event, setup);
      await run(event, setup);
    };
    return { acquire: undefined, run: both };
  }
}
