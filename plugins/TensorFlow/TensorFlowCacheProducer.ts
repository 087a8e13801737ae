/**
 * The multi-threaded example: the model is loaded once a job and shared by all streams on all threads (GlobalCache);
 * each stream has a session of its own on it. Scores all jets of an event as one batch.
 */
import {
  DEFINE_FWK_MODULE,
  type Event,
  fileInPath,
  inputTag,
  JetCollection,
  JetScores,
  type ParameterSet,
  type PreparedCall,
  type Session,
  SessionCache,
  stream,
  string,
  Tensor,
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
};
type Config = ParameterSet<typeof description>;

@DEFINE_FWK_MODULE("TensorFlowCacheProducer")
export class TensorFlowCacheProducer extends stream.EDProducer<SessionCache> {
  static readonly description = description;

  /** Once a job, before any constructor. */
  static initializeGlobalCache(pset: Config): SessionCache {
    return new SessionCache(pset.getParameter("modelPath"), { tag: pset.getParameter("tag") });
  }

  static globalEndJob(cache: SessionCache): void {
    cache.closeSession();
  }

  readonly #session: Session;
  readonly #scoreJets: PreparedCall;
  readonly #jets;
  readonly #scores = this.produces(JetScores);

  constructor(pset: Config, cache: SessionCache) {
    super(cache);
    this.#jets = this.consumes(JetCollection, pset.getParameter("jets"));
    this.#session = cache.createSession();
    this.#scoreJets = this.#session.prepare(
      [pset.getParameter("inputTensorName")],
      [pset.getParameter("outputTensorName")],
    );
  }

  override produce(event: Event): void {
    const { pt, eta, phi, mass, nConstituents } = event.get(this.#jets);
    const columns = [pt, eta, phi, mass, nConstituents];
    const input = new Tensor("float32", [pt.length, columns.length]);
    for (const [c, column] of columns.entries()) {
      for (let jet = 0; jet < pt.length; jet++) input.data[jet * columns.length + c] = column[jet] as number;
    }
    const [output] = this.#scoreJets.run([input]);
    event.put(this.#scores, { score: output ? output.as("float32") : new Float32Array(0) });
  }

  override endStream(): void {
    this.#session.close();
  }
}

declare module "#framework" {
  interface EDProducers {
    TensorFlowCacheProducer: typeof TensorFlowCacheProducer;
  }
}
