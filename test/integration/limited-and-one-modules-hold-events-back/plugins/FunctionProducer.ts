/** Makes a transient product that no other thread can have: a function. */
import { DEFINE_FWK_MODULE, type Event, type ParameterSet, stream } from "#framework";
import { Thing } from "./products.js";

const description = {};

@DEFINE_FWK_MODULE("FunctionProducer")
export class FunctionProducer extends stream.EDProducer {
  static readonly description = description;
  readonly #thing = this.produces(Thing);

  constructor(_pset: ParameterSet<typeof description>) {
    super();
  }

  override produce(event: Event): void {
    event.put(this.#thing, () => event.event);
  }
}

declare module "#framework" {
  interface EDProducers {
    FunctionProducer: typeof FunctionProducer;
  }
}
