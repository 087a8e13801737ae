/** Computes for a given time an event: stands for real work when the scaling over threads is measured. */
import { DEFINE_FWK_MODULE, double, type Event, type ParameterSet, stream, transient } from "#framework";

const BusyResult = transient<number>("BusyResult");
const description = { microseconds: double(25) };

/** The work of one microsecond is calibrated once a process, on an idle core. */
let stepsPerMicrosecond = 0;

function work(steps: number): number {
  let x = 1;
  for (let i = 0; i < steps; i++) x = (x * 1103515245 + 12345) % 2147483648;
  return x;
}

function calibrate(): number {
  const rates: number[] = [];
  for (let round = 0; round < 7; round++) {
    const start = performance.now();
    work(200_000);
    rates.push(200_000 / (1000 * (performance.now() - start)));
  }
  return Math.max(...rates);
}

@DEFINE_FWK_MODULE("BusyProducer")
export class BusyProducer extends stream.EDProducer {
  static readonly description = description;

  readonly #microseconds: number;
  readonly #result = this.produces(BusyResult);

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#microseconds = pset.getParameter("microseconds");
  }

  override beginStream(): void {
    stepsPerMicrosecond ||= calibrate();
  }

  override produce(event: Event): void {
    event.put(this.#result, work(Math.round(this.#microseconds * stepsPerMicrosecond)));
  }
}

declare module "#framework" {
  interface EDProducers {
    BusyProducer: typeof BusyProducer;
  }
}
