/** Keeps state from event to event, so that what it makes depends on the number of streams. */
import { DEFINE_FWK_MODULE, type Event, JetScores, stream } from "#framework";

@DEFINE_FWK_MODULE("CountingProducer")
export class CountingProducer extends stream.EDProducer {
  static readonly description = {};

  readonly #scores = this.produces(JetScores);
  #count = 0;

  override produce(event: Event): void {
    event.put(this.#scores, { score: Float32Array.of(this.#count++) });
  }
}

declare module "#framework" {
  interface EDProducers {
    CountingProducer: typeof CountingProducer;
  }
}
