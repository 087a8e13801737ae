/** Scores jets by their JetFeatures: all jets of an event are one batch, a column a feature, one score a jet comes back. */
import {
  cms,
  DEFINE_FWK_MODULE,
  type Event,
  fileInPath,
  inputTag,
  JetFeatures,
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
  inputTensorName: string("input", {
    comment: "float32 [jets, 4]: the fields of JetFeatures in the order of their message",
  }),
  outputTensorName: string("output", { comment: "float32 [jets, 1]" }),
  features: inputTag("features"),
};
type Config = ParameterSet<typeof description>;

/** The order of the columns, in training as here. */
const columns = (JetFeatures.fields ?? []).map(({ name }) => name as keyof JetFeatures);

@DEFINE_FWK_MODULE("JetFeaturesScorer")
export class JetFeaturesScorer extends stream.EDProducer<SessionCache> {
  static readonly description = description;

  static initializeGlobalCache(pset: Config): SessionCache {
    return new SessionCache(pset.getParameter("modelPath"));
  }

  static globalEndJob(cache: SessionCache): void {
    cache.closeSession();
  }

  readonly #session: Session;
  readonly #scoreJets: PreparedCall;
  readonly #features;
  readonly #scores = this.produces(JetScores);

  constructor(pset: Config, cache: SessionCache) {
    super(cache);
    this.#features = this.consumes(JetFeatures, pset.getParameter("features"));
    this.#session = cache.createSession();
    this.#scoreJets = this.#session.prepare(
      [pset.getParameter("inputTensorName")],
      [pset.getParameter("outputTensorName")],
    );
  }

  override produce(event: Event): void {
    const features = event.get(this.#features);
    const jetCount = features.logPt.length;
    const input = new Tensor("float32", [jetCount, columns.length]);
    for (const [c, name] of columns.entries()) {
      const column = features[name];
      for (let jet = 0; jet < jetCount; jet++) input.data[jet * columns.length + c] = column[jet] as number;
    }
    const [output] = this.#scoreJets.run([input]);
    const score = output ? output.as("float32") : new Float32Array(0);
    if (score.length !== jetCount) {
      throw new cms.Exception(
        "InvalidRun",
        `the model gave a tensor of shape [${output?.shape ?? []}] for ${jetCount} jets; outputTensorName must name one score a jet.`,
      );
    }
    event.put(this.#scores, { score });
  }

  override endStream(): void {
    this.#session.close();
  }
}

declare module "#framework" {
  interface EDProducers {
    JetFeaturesScorer: typeof JetFeaturesScorer;
  }
}
