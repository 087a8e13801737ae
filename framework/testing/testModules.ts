/** What stands around the module under test: a source that gives the test's products, and the two probes that watch an event. */
import type { EventID } from "../data/EventID.js";
import type { Event } from "../data/Event.js";
import { TriggerResults } from "../data/products.generated.js";
import type { ProductType } from "../data/ProductType.js";
import {
  type EventBlock,
  type InputRange,
  InputSource,
  type Provided,
  type SourceProduct,
} from "../modules/InputSource.js";
import * as one from "../modules/one.js";
import { DEFINE_FWK_MODULE } from "../modules/PluginFactory.js";
import * as stream from "../modules/stream.js";
import { untracked } from "../parameters/description.js";
import { InputTag } from "../parameters/InputTag.js";
import type { ParameterSet } from "../parameters/ParameterSet.js";

/** One event as the test gives it: the id, and the products by productKey. */
export interface TestInput {
  readonly id: EventID;
  readonly products: ReadonlyMap<string, unknown>;
}

/** The test's side of a job, found by the number that the job's probes have as parameter. */
export interface Exchange {
  /** The next event; undefined: there are no more. */
  next(): Promise<TestInput | undefined>;
  /** The keys of the products that the module under test reads. */
  readonly consumed: Set<string>;
  put(key: string, product: unknown): void;
  done(passed: boolean): void;
}

export const exchanges = new Map<number, Exchange>();
export const pathName = "p";

/** How a product to read is called: `JetCollection Jet`. */
export function productKey(type: string, tag: InputTag): string {
  return `${type} ${tag}`;
}

/** How a product that the module put is called: `Type`, or `Type:instance`. */
export function putKey(type: string, instance: string): string {
  return instance ? `${type}:${instance}` : type;
}

const description = { exchange: untracked.int32() };
type Config = ParameterSet<typeof description>;
const exchangeOf = (pset: Config) => exchanges.get(pset.getUntrackedParameter("exchange")) as Exchange;

/** Has every product that the module under test asks for, and in each event those that the test gave. */
export class TestSource extends InputSource {
  static readonly description = description;
  readonly #exchange: Exchange;
  readonly #keys = new Map<string, string>();
  #products: readonly SourceProduct[] = [];

  constructor(pset: Config) {
    super();
    this.#exchange = exchangeOf(pset);
  }

  override provides(type: ProductType<unknown>, tag: InputTag): readonly Provided[] {
    if (type.name === TriggerResults.name) return [];
    const branch = {
      type: type.name,
      label: tag.label,
      instance: tag.instance,
      process: tag.process || "INPUT",
    };
    const key = productKey(type.name, tag);
    this.#exchange.consumed.add(key);
    this.#keys.set(Object.values(branch).join("_"), key);
    return [{ description: branch }];
  }

  override async *ranges(): AsyncGenerator<InputRange> {
    let firstOrdinal = 0;
    for (let token = await this.#exchange.next(); token; token = await this.#exchange.next()) {
      const { run, luminosityBlock } = token.id;
      yield { firstOrdinal: firstOrdinal++, count: 1, segments: [{ run, luminosityBlock, count: 1 }], token };
    }
  }

  override setProducts(products: readonly SourceProduct[]): void {
    this.#products = products;
  }

  override read({ token }: InputRange): EventBlock {
    const { id, products } = token as TestInput;
    return {
      id: () => id,
      product: (index) => {
        const { type, label, instance, process } = (this.#products[index] as SourceProduct).description;
        return products.get(this.#keys.get([type, label, instance, process].join("_")) ?? "");
      },
    };
  }
}

/** First on the path: from here on it sees what is put into the event. */
export class TestPutProbe extends stream.EDAnalyzer {
  static readonly description = description;
  readonly #exchange: Exchange;
  #watched: Event | undefined;

  constructor(pset: Config) {
    super();
    this.#exchange = exchangeOf(pset);
  }

  override analyze(event: Event): void {
    // One Event object serves a stream for the whole job.
    if (this.#watched === event) return;
    this.#watched = event;
    const put = event.put.bind(event);
    event.put = (token, product) => {
      put(token, product);
      if (token.type.name !== TriggerResults.name)
        this.#exchange.put(putKey(token.type.name, token.instance), product);
    };
  }
}

/** Last of the one:: analyzers: when it is called, the event is over. */
export class TestEndProbe extends one.EDAnalyzer {
  static readonly description = description;
  readonly #exchange: Exchange;
  readonly #results = this.consumes(TriggerResults, new InputTag("TriggerResults"));

  constructor(pset: Config) {
    super();
    this.#exchange = exchangeOf(pset);
  }

  override analyze(event: Event): void {
    const { path, state } = event.get(this.#results);
    this.#exchange.done(state[path.indexOf(pathName)] === 1);
  }
}

DEFINE_FWK_MODULE("TestSource")(TestSource);
DEFINE_FWK_MODULE("TestPutProbe")(TestPutProbe);
DEFINE_FWK_MODULE("TestEndProbe")(TestEndProbe);
