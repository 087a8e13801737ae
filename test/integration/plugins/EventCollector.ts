/** Notes the events that each stream saw; the job says, at its end, what every stream found. */
import {
  cms,
  DEFINE_FWK_MODULE,
  type Event,
  LogPrint,
  type ParameterSet,
  type StreamID,
  stream,
  untracked,
} from "#framework";

const description = {
  throwIn: untracked.uint32(0, { comment: "the event in which analyze throws; 0 = none" }),
};

interface Found {
  readonly stream: number;
  readonly events: Float64Array;
}

@DEFINE_FWK_MODULE("EventCollector")
export class EventCollector extends stream.EDAnalyzer<{ readonly name: string }> {
  static readonly description = description;

  static initializeGlobalCache(_pset: ParameterSet<typeof description>): { readonly name: string } {
    return { name: "cache" };
  }

  static globalEndJobSummary(summaries: readonly Found[], cache: { readonly name: string }): void {
    const streams = summaries.map(({ stream: id }) => id).join(",");
    const events = summaries.flatMap((found) => [...found.events]).sort((a, b) => a - b);
    LogPrint("Found", `Found ${cache.name} streams ${streams} events ${events.join(",")}`);
  }

  static globalEndJob(): void {
    LogPrint("Found", "Found globalEndJob");
  }

  readonly #throwIn: number;
  readonly #events: number[] = [];
  #stream = -1;

  constructor(pset: ParameterSet<typeof description>, cache: { readonly name: string }) {
    super(cache);
    this.#throwIn = pset.getUntrackedParameter("throwIn");
  }

  override beginStream(streamID: StreamID): void {
    this.#stream = streamID;
  }

  override analyze({ event }: Event): void {
    if (event === this.#throwIn) throw new cms.Exception("TestFailure", "this is a test.");
    this.#events.push(event);
  }

  override endStream(): void {
    LogPrint("Found", `Found endStream ${this.#stream}`);
  }

  override endStreamSummary(): Found {
    return { stream: this.#stream, events: Float64Array.from(this.#events) };
  }
}

declare module "#framework" {
  interface EDAnalyzers {
    EventCollector: typeof EventCollector;
  }
}
