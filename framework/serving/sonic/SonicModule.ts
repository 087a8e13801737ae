/**
 * What SonicEDProducer, SonicEDFilter and SonicOneEDAnalyzer have in common: the engine calls acquire and produce (filter, analyze) with event and
 * setup; the user's methods get the client's input and output as well, and the call goes out between them.
 */
import type { Event, LuminosityBlock, Run, StreamID } from "../../data/Event.js";
import type { EventSetup } from "../../data/EventSetup.js";
import { eventMethods, type ModuleMethods } from "../../engine/Worker.js";
import type { Caches, StreamHooks } from "../../modules/hooks.js";
import { ProducerBase } from "../../modules/registration.js";
import type { SonicClient } from "./SonicClient.js";

export type InputOf<Client> = Client extends SonicClient<infer Input, unknown> ? Input : never;
export type OutputOf<Client> = Client extends SonicClient<unknown, infer Output> ? Output : never;
/** A module without a cache calls super(client), one with a cache super(client, cache). */
export type CacheArgument<Cache> = [Cache] extends [void] ? [] : [cache: Readonly<Cache>];
type Result = void | boolean | Promise<void> | Promise<boolean>;

export abstract class SonicModule<Client extends SonicClient<unknown, unknown>, Cache>
  extends ProducerBase
  implements StreamHooks
{
  static readonly concurrency: "stream" | "one" = "stream";
  readonly globalCache: Readonly<Cache>;
  runCache: Caches["runCache"];
  luminosityBlockCache: Caches["luminosityBlockCache"];
  protected readonly client: Client;

  constructor(client: Client, ...cache: CacheArgument<Cache>) {
    super();
    this.client = client;
    this.globalCache = cache[0] as Readonly<Cache>;
  }

  /** Fills the client's input from the event; the call goes out when it returns. */
  abstract acquire(event: Event, setup: EventSetup, input: InputOf<Client>): void | Promise<void>;

  /** The user's produce, filter or analyze. */
  protected abstract conclude(event: Event, setup: EventSetup): Result;

  /** Whoever overrides it calls super.beginStream too, or the first event waits for the server's description. */
  beginStream(_streamID: StreamID): void | Promise<void> {
    return this.client.connect();
  }

  endStream?(): void | Promise<void>;
  beginRun?(run: Run, setup: EventSetup): void | Promise<void>;
  endRun?(run: Run, setup: EventSetup): void | Promise<void>;
  beginLuminosityBlock?(lumi: LuminosityBlock, setup: EventSetup): void | Promise<void>;
  endLuminosityBlock?(lumi: LuminosityBlock, setup: EventSetup): void | Promise<void>;

  [eventMethods](): ModuleMethods {
    return {
      acquire: (event, setup) => this.#acquire(event, setup),
      run: (event, setup) => this.#conclude(event, setup) as boolean | Promise<boolean>,
    };
  }

  async #acquire(event: Event, setup: EventSetup): Promise<void> {
    try {
      await this.client.connect();
      await this.acquire(event, setup, this.client.input as InputOf<Client>);
      await this.client.dispatch();
    } catch (error) {
      this.client.reset();
      throw error;
    }
  }

  async #conclude(event: Event, setup: EventSetup): Promise<Result> {
    try {
      return await this.conclude(event, setup);
    } finally {
      this.client.reset();
    }
  }
}
