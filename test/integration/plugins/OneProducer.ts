/** A one:: producer that waits inside; says how many events were in it at once. */
import { DEFINE_FWK_MODULE, type Event, JetScores, LogPrint, one, type ParameterSet } from "#framework";

const description = {};

@DEFINE_FWK_MODULE("OneProducer")
export class OneProducer extends one.EDProducer {
  static readonly description = description;

  readonly #scores = this.produces(JetScores);
  #inside = 0;
  #most = 0;

  constructor(_pset: ParameterSet<typeof description>) {
    super();
  }

  override async produce(event: Event): Promise<void> {
    this.#most = Math.max(this.#most, ++this.#inside);
    await new Promise((resolve) => setTimeout(resolve, 2));
    event.put(this.#scores, { score: Float32Array.of(event.event) });
    this.#inside--;
  }

  override endJob(): void {
    LogPrint("One", `One ${this.#most}`);
  }
}

declare module "#framework" {
  interface EDProducers {
    OneProducer: typeof OneProducer;
  }
}
