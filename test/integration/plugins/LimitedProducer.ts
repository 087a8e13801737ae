/** A limited module that waits inside, and counts in memory shared by all threads how many events are in it at once. */
import {
  DEFINE_FWK_MODULE,
  type Event,
  JetScores,
  limited,
  LogPrint,
  type ParameterSet,
  type Run,
} from "#framework";

const description = { ...limited.description };

@DEFINE_FWK_MODULE("LimitedProducer")
export class LimitedProducer extends limited.EDProducer {
  static readonly description = description;

  readonly #scores = this.produces(JetScores);

  constructor(_pset: ParameterSet<typeof description>) {
    super();
  }

  /** [inside now, most at once] */
  override globalBeginRun(): Int32Array {
    return new Int32Array(new SharedArrayBuffer(8));
  }

  override async produce(_streamID: number, event: Event): Promise<void> {
    const counts = this.runCache as Int32Array;
    const inside = Atomics.add(counts, 0, 1) + 1;
    for (let most = Atomics.load(counts, 1); inside > most; most = Atomics.load(counts, 1))
      Atomics.compareExchange(counts, 1, most, inside);
    await new Promise((resolve) => setTimeout(resolve, 2));
    event.put(this.#scores, { score: Float32Array.of(event.event) });
    Atomics.sub(counts, 0, 1);
  }

  override globalEndRun(_run: Run, _setup: unknown, counts: unknown): void {
    LogPrint("Limited", `Limited ${(counts as Int32Array)[1]}`);
  }
}

declare module "#framework" {
  interface EDProducers {
    LimitedProducer: typeof LimitedProducer;
  }
}
