/**
 * The example of batching across events: the jets of all events that the streams of a thread have in hand are scored in
 * one call of the model. Gives the bytes that TensorFlowCacheProducer gives.
 */
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
  untracked,
} from "#framework";

const description = {
  modelPath: fileInPath(undefined, {
    comment: "frozen graph (.pb, .pb.txt) or the directory of a SavedModel",
  }),
  tag: string("serve", { comment: "tag of the meta graph in a SavedModel; a frozen graph has none" }),
  inputTensorName: string("input", {
    comment: "float32 [jets, 5]: pt, eta, phi, mass, number of constituents",
  }),
  outputTensorName: string("output", { comment: "float32 [jets, 1]" }),
  jets: inputTag("Jet"),
  maxBatchSize: untracked.uint32(64, { comment: "jets of one call, at most" }),
  maxLatencyMs: untracked.double(0, {
    comment: "longest that an event waits for those of other streams; 0: only those that are there already",
  }),
};
type Config = ParameterSet<typeof description>;

@DEFINE_FWK_MODULE("BatchingTensorFlowProducer")
export class BatchingTensorFlowProducer extends BatchingProducer {
  static readonly description = description;

  /** Once a job, before any constructor. */
  static initializeGlobalCache(pset: Config): SessionCache {
    return new SessionCache(pset.getParameter("modelPath"), { tag: pset.getParameter("tag") });
  }

  static globalEndJob(cache: SessionCache): void {
    cache.closeSession();
  }

  readonly #jets;
  readonly #scores = this.produces(JetScores);

  constructor(pset: Config, cache: SessionCache) {
    super(cache, {
      inputs: [pset.getParameter("inputTensorName")],
      outputs: [pset.getParameter("outputTensorName")],
      maxBatchSize: pset.getUntrackedParameter("maxBatchSize"),
      maxLatencyMs: pset.getUntrackedParameter("maxLatencyMs"),
    });
    this.#jets = this.consumes(JetCollection, pset.getParameter("jets"));
  }

  protected override inputsOf(event: Event): TensorLike[] {
    const { pt, eta, phi, mass, nConstituents } = event.get(this.#jets);
    const columns = [pt, eta, phi, mass, nConstituents];
    const input = new Tensor("float32", [pt.length, columns.length]);
    for (const [c, column] of columns.entries()) {
      for (let jet = 0; jet < pt.length; jet++) input.data[jet * columns.length + c] = column[jet] as number;
    }
    return [input];
  }

  protected override putOutputs(event: Event, [output]: readonly TensorLike[]): void {
    event.put(this.#scores, { score: output ? (output.data as Float32Array) : new Float32Array(0) });
  }
}

declare module "#framework" {
  interface EDProducers {
    BatchingTensorFlowProducer: typeof BatchingTensorFlowProducer;
  }
}
