/** ExternalWork: its result comes some milliseconds later. Says how many of them are under way at once in its thread. */
import {
  cms,
  DEFINE_FWK_MODULE,
  type Event,
  JetScores,
  LogPrint,
  type ParameterSet,
  stream,
  uint32,
} from "#framework";

const description = {
  delayMs: uint32(5, { comment: "of an odd event; an even one takes three times as long" }),
  failIn: uint32(0, { comment: "event whose work fails" }),
};

let underWay = 0;
let most = 0;

@DEFINE_FWK_MODULE("SlowProducer")
export class SlowProducer extends stream.EDProducer {
  static readonly description = description;

  readonly #delayMs: number;
  readonly #failIn: number;
  readonly #scores = this.produces(JetScores);
  #result = 0;

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#delayMs = pset.getParameter("delayMs");
    this.#failIn = pset.getParameter("failIn");
  }

  override async acquire(event: Event): Promise<void> {
    most = Math.max(most, ++underWay);
    const number = event.event;
    await new Promise((resolve) => setTimeout(resolve, number % 2 === 0 ? 3 * this.#delayMs : this.#delayMs));
    underWay--;
    if (number === this.#failIn) throw new cms.Exception("ExternalFailure", "the server is gone.");
    this.#result = number;
  }

  override produce(event: Event): void {
    event.put(this.#scores, { score: Float32Array.of(this.#result, event.event) });
  }

  override endStream(): void {
    LogPrint("Overlap", `Overlap ${most}`);
  }
}

declare module "#framework" {
  interface EDProducers {
    SlowProducer: typeof SlowProducer;
  }
}
