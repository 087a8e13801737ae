/** Scores jets in batches; what it gives for one event is wrong. */
import {
  BatchingProducer,
  DEFINE_FWK_MODULE,
  type Event,
  fileInPath,
  inputTag,
  JetCollection,
  JetScores,
  type ParameterSet,
  SessionCache,
  string,
  Tensor,
  type TensorLike,
  uint32,
} from "#framework";

const description = {
  modelPath: fileInPath("data/models/jet_btag/graph.pb"),
  jets: inputTag("Jet"),
  /** What is wrong. */
  gives: string("nothing odd"),
  event: uint32(0),
};
type Config = ParameterSet<typeof description>;

@DEFINE_FWK_MODULE("OddBatcher")
export class OddBatcher extends BatchingProducer {
  static readonly description = description;

  static initializeGlobalCache(pset: Config): SessionCache {
    return new SessionCache(pset.getParameter("modelPath"));
  }

  static globalEndJob(cache: SessionCache): void {
    cache.closeSession();
  }

  readonly #jets;
  readonly #gives: string;
  readonly #event: number;
  readonly #scores = this.produces(JetScores);

  constructor(pset: Config, cache: SessionCache) {
    super(cache, { inputs: ["input"], outputs: ["output"], maxLatencyMs: 2 });
    this.#jets = this.consumes(JetCollection, pset.getParameter("jets"));
    this.#gives = pset.getParameter("gives");
    this.#event = pset.getParameter("event");
  }

  protected override inputsOf(event: Event): TensorLike[] {
    const { pt } = event.get(this.#jets);
    const columns = this.#isOdd(event) && this.#gives === "columns" ? 6 : 5;
    const input = new Tensor("float32", [pt.length, columns]);
    for (let jet = 0; jet < pt.length; jet++) input.data[jet * columns] = pt[jet] as number;
    if (!this.#isOdd(event)) return [input];
    if (this.#gives === "an error") throw new Error("no inputs for this one");
    if (this.#gives === "no tensor") return [];
    if (this.#gives === "two tensors") return [input, input];
    if (this.#gives === "no dimension") return [new Tensor("float32", [])];
    if (this.#gives === "no rows") return [new Tensor("float32", [0, 5])];
    return [input];
  }

  protected override putOutputs(event: Event, [output]: readonly TensorLike[]): void {
    if (this.#isOdd(event) && this.#gives === "no product") throw new Error("no product of this one");
    event.put(this.#scores, { score: output ? (output.data as Float32Array) : new Float32Array(0) });
  }

  #isOdd(event: Event): boolean {
    return event.event === this.#event;
  }
}

declare module "#framework" {
  interface EDProducers {
    OddBatcher: typeof OddBatcher;
  }
}
