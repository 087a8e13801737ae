/**
 * The single-threaded example: one instance, which owns its session. Scores all jets of an event as one batch.
 * The model is a frozen graph (.pb, .pb.txt) or, with a tag, that meta graph of a SavedModel's directory.
 */
import {
  createSession,
  DEFINE_FWK_MODULE,
  type Event,
  fileInPath,
  inputTag,
  JetCollection,
  JetScores,
  loadGraphDef,
  loadMetaGraphDef,
  one,
  type ParameterSet,
  type PreparedCall,
  type Session,
  string,
  Tensor,
} from "#framework";

const description = {
  modelPath: fileInPath(undefined, { comment: "frozen graph, or with a tag the directory of a SavedModel" }),
  tag: string("", {
    comment: "tag of the meta graph in a SavedModel, such as serve; empty for a frozen graph",
  }),
  inputTensorName: string("input", {
    comment: "float32 [jets, 5]: pt, eta, phi, mass, number of constituents",
  }),
  outputTensorName: string("output", { comment: "float32 [jets, 1]" }),
  jets: inputTag("Jet"),
};
type Config = ParameterSet<typeof description>;

@DEFINE_FWK_MODULE("TensorFlowSessionProducer")
export class TensorFlowSessionProducer extends one.EDProducer {
  static readonly description = description;

  readonly #session: Session;
  readonly #scoreJets: PreparedCall;
  readonly #jets;
  readonly #scores = this.produces(JetScores);

  constructor(pset: Config) {
    super();
    this.#jets = this.consumes(JetCollection, pset.getParameter("jets"));
    this.#session = openSession(pset.getParameter("modelPath"), pset.getParameter("tag"));
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

  override endJob(): void {
    this.#session.close();
  }
}

function openSession(path: string, tag: string): Session {
  if (tag === "") return createSession(loadGraphDef(path));
  return createSession(loadMetaGraphDef(path, tag), path);
}

declare module "#framework" {
  interface EDProducers {
    TensorFlowSessionProducer: typeof TensorFlowSessionProducer;
  }
}
