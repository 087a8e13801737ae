/** CMSSW's SonicEDProducer and SonicEDFilter: stream modules whose work is done by a remote service (ExternalWork). */
import type { Event } from "../../data/Event.js";
import type { EventSetup } from "../../data/EventSetup.js";
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
