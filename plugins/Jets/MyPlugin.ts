/**
 * Scores the jets of each event with a TensorFlow model: all jets of an event are one batch, one score a jet comes back.
 * The example to start from: a model shared by the whole job (GlobalCache) or owned by each instance, as configured.
 */
import {
  cms,
  createSession,
  DEFINE_FWK_MODULE,
  type Event,
  fileInPath,
  inputTag,
  JetCollection,
  JetScores,
  loadGraph,
  type Options,
  type ParameterSet,
  type PreparedCall,
  type Session,
  SessionCache,
  stream,
  string,
  Tensor,
  untracked,
} from "#framework";
import { featureCount, fillFeatures } from "./features.js";

const description = {
  graphPath: fileInPath(undefined, {
    comment: "frozen graph (.pb): rows of jet features to one score a row",
  }),
  inputTensorName: string("input"),
  outputTensorName: string("output"),
  jets: inputTag("Jet"),
  modelPolicy: untracked.string("globalCache", {
    allowed: ["globalCache", "perInstance"],
    comment: "one model for all streams and threads, or one for each instance",
  }),
  engine: untracked.string("auto", { comment: "inference engine; auto = that of the job" }),
};
type Config = ParameterSet<typeof description>;

@DEFINE_FWK_MODULE("MyPlugin")
export class MyPlugin extends stream.EDProducer<SessionCache | undefined> {
  static readonly description = description;

  /** Once a job, before any constructor. With "perInstance" there is nothing to share. */
  static initializeGlobalCache(pset: Config): SessionCache | undefined {
    const isShared = pset.getUntrackedParameter("modelPolicy") === "globalCache";
    return isShared ? new SessionCache(pset.getParameter("graphPath"), options(pset)) : undefined;
  }

  static globalEndJob(cache: SessionCache | undefined): void {
    cache?.closeSession();
  }

  readonly #session: Session;
  readonly #scoreJets: PreparedCall;
  readonly #jets;
  readonly #scores = this.produces(JetScores);

  constructor(pset: Config, cache: SessionCache | undefined) {
    super(cache);
    this.#jets = this.consumes(JetCollection, pset.getParameter("jets"));
    this.#session = cache
      ? cache.createSession()
      : createSession(loadGraph(pset.getParameter("graphPath")), options(pset));
    this.#scoreJets = this.#session.prepare(
      [pset.getParameter("inputTensorName")],
      [pset.getParameter("outputTensorName")],
    );
  }

  override produce(event: Event): void {
    const jets = event.get(this.#jets);
    const [output] = this.#scoreJets.run([features(jets)]);
    // No jets, no output: as in CMSSW, an empty input is not run.
    const score = output ? output.as("float32") : new Float32Array(0);
    if (score.length !== jets.pt.length) {
      throw new cms.Exception(
        "InvalidRun",
        `the model gave a tensor of shape [${output?.shape ?? []}] for ${jets.pt.length} jets; outputTensorName must name one score a jet.`,
      );
    }
    event.put(this.#scores, { score });
  }

  override endStream(): void {
    this.#session.close();
  }
}

function options(pset: Config): Options {
  return { engine: pset.getUntrackedParameter("engine") };
}

/** One row a jet: shape [number of jets, 5]. */
function features(jets: JetCollection): Tensor<"float32"> {
  const rows = new Float32Array(featureCount * jets.pt.length);
  fillFeatures(jets, rows);
  return new Tensor("float32", [jets.pt.length, featureCount], rows);
}

declare module "#framework" {
  interface EDProducers {
    MyPlugin: typeof MyPlugin;
  }
}
