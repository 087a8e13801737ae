/** Events without products, numbered as asked: for tests, benchmarks and generators. */
import {
  DEFINE_FWK_MODULE,
  type EventBlock,
  type InputRange,
  InputSource,
  type ParameterSet,
  untracked,
} from "#framework";

const { uint32 } = untracked;
const description = {
  firstRun: uint32(1),
  firstLuminosityBlock: uint32(1),
  firstEvent: uint32(1),
  numberEventsInRun: uint32(0, { comment: "0 = all in one run" }),
  numberEventsInLuminosityBlock: uint32(0, { comment: "0 = all in one luminosity block" }),
  eventsPerRange: uint32(256, { comment: "events that a thread claims at once; one cluster of the output" }),
};

/** Where an event lies in the sequence of runs and luminosity blocks. */
interface Position {
  run: number;
  luminosityBlock: number;
  event: number;
}

@DEFINE_FWK_MODULE("EmptySource")
export class EmptySource extends InputSource {
  static readonly description = description;

  readonly #first: Position;
  readonly #perRun: number;
  readonly #perLumi: number;
  readonly #perRange: number;

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#first = {
      run: pset.getUntrackedParameter("firstRun"),
      luminosityBlock: pset.getUntrackedParameter("firstLuminosityBlock"),
      event: pset.getUntrackedParameter("firstEvent"),
    };
    this.#perRun = pset.getUntrackedParameter("numberEventsInRun") || Number.POSITIVE_INFINITY;
    this.#perLumi = pset.getUntrackedParameter("numberEventsInLuminosityBlock") || Number.POSITIVE_INFINITY;
    this.#perRange = Math.max(1, pset.getUntrackedParameter("eventsPerRange"));
  }

  override expectedEvents(limit: number): number | undefined {
    return Number.isFinite(limit) ? limit : undefined;
  }

  *ranges(limit: number): Generator<InputRange> {
    for (let firstOrdinal = 0; firstOrdinal < limit; firstOrdinal += this.#perRange) {
      const count = Math.min(this.#perRange, limit - firstOrdinal);
      yield { firstOrdinal, count, segments: this.#segments(firstOrdinal, count), token: undefined };
    }
  }

  #segments(firstOrdinal: number, count: number): InputRange["segments"] {
    const segments = [];
    for (let done = 0; done < count; ) {
      const { run, luminosityBlock } = this.#position(firstOrdinal + done);
      const inRun = (firstOrdinal + done) % this.#perRun;
      const left = Math.min(this.#perRun - inRun, this.#perLumi - (inRun % this.#perLumi), count - done);
      segments.push({ run, luminosityBlock, count: left });
      done += left;
    }
    return segments;
  }

  #position(ordinal: number): Position {
    const inRun = ordinal % this.#perRun;
    return {
      run:
        this.#first.run +
        (this.#perRun === Number.POSITIVE_INFINITY ? 0 : Math.floor(ordinal / this.#perRun)),
      luminosityBlock:
        this.#first.luminosityBlock +
        (this.#perLumi === Number.POSITIVE_INFINITY ? 0 : Math.floor(inRun / this.#perLumi)),
      event: this.#first.event + inRun,
    };
  }

  override read({ firstOrdinal }: InputRange): EventBlock {
    return { id: (entry) => this.#position(firstOrdinal + entry), product: () => undefined };
  }
}

declare module "#framework" {
  interface Sources {
    EmptySource: typeof EmptySource;
  }
}
