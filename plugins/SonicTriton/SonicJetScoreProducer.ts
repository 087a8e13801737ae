/**
 * Scores the jets of each event on an inference server: MyPlugin's scores, computed elsewhere. The jets of an event are
 * one request; meanwhile the thread's other streams go on.
 */
import {
  DEFINE_FWK_MODULE,
  type Event,
  type EventSetup,
  inputTag,
  JetCollection,
  JetScores,
  type ParameterSet,
  string,
  tritonClient,
  TritonEDProducer,
  type TritonInputMap,
  type TritonOutputMap,
} from "#framework";
import { fillFeatures } from "../Jets/features.js";

const description = {
  Client: tritonClient,
  jets: inputTag("Jet"),
  inputName: string("input"),
  outputName: string("output"),
};
type Config = ParameterSet<typeof description>;

@DEFINE_FWK_MODULE("SonicJetScoreProducer")
export class SonicJetScoreProducer extends TritonEDProducer {
  static readonly description = description;

  readonly #jets;
  readonly #inputName: string;
  readonly #outputName: string;
  readonly #scores = this.produces(JetScores);

  constructor(pset: Config) {
    super(pset);
    this.#jets = this.consumes(JetCollection, pset.getParameter("jets"));
    this.#inputName = pset.getParameter("inputName");
    this.#outputName = pset.getParameter("outputName");
  }

  override acquire(event: Event, _setup: EventSetup, input: TritonInputMap): void {
    const jets = event.get(this.#jets);
    this.client.setBatchSize(jets.pt.length);
    const features = input.at(this.#inputName);
    const rows = features.allocate("float32");
    fillFeatures(jets, rows);
    features.toServer(rows);
  }

  override produce(event: Event, _setup: EventSetup, output: TritonOutputMap): void {
    event.put(this.#scores, { score: output.at(this.#outputName).fromServer("float32").data });
  }
}

declare module "#framework" {
  interface EDProducers {
    SonicJetScoreProducer: typeof SonicJetScoreProducer;
  }
}
