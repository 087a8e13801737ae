/** Computes for some milliseconds without a pause, as a model does. */
import { DEFINE_FWK_MODULE, type Event, JetScores, type ParameterSet, stream, uint32 } from "#framework";

const description = { busyMs: uint32(30) };

@DEFINE_FWK_MODULE("SpinningProducer")
export class SpinningProducer extends stream.EDProducer {
  static readonly description = description;

  readonly #busyMs: number;
  readonly #scores = this.produces(JetScores);

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#busyMs = pset.getParameter("busyMs");
  }

  override produce(event: Event): void {
    const end = performance.now() + this.#busyMs;
    let sum = event.event;
    while (performance.now() < end) sum = Math.fround(sum * 1.5) % 1000;
    event.put(this.#scores, { score: Float32Array.of(sum) });
  }
}

declare module "#framework" {
  interface EDProducers {
    SpinningProducer: typeof SpinningProducer;
  }
}
