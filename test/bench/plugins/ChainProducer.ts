/** A trivial module: reads the number before it and puts one more. Measures what the framework costs, not the module. */
import { DEFINE_FWK_MODULE, type Event, inputTag, type ParameterSet, stream, transient } from "#framework";

const ChainNumber = transient<number>("ChainNumber");
const description = { src: inputTag("") };

@DEFINE_FWK_MODULE("ChainProducer")
export class ChainProducer extends stream.EDProducer {
  static readonly description = description;

  readonly #before;
  readonly #number = this.produces(ChainNumber);

  constructor(pset: ParameterSet<typeof description>) {
    super();
    const src = pset.getParameter("src");
    this.#before = src.label === "" ? undefined : this.consumes(ChainNumber, src);
  }

  override produce(event: Event): void {
    event.put(this.#number, (this.#before ? event.get(this.#before) : 0) + 1);
  }
}

declare module "#framework" {
  interface EDProducers {
    ChainProducer: typeof ChainProducer;
  }
}
