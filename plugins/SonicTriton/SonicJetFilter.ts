/** Keeps the events that have a jet with a score above a threshold; each jet is scored by a request of its own. */
import {
  DEFINE_FWK_MODULE,
  double,
  type Event,
  type EventSetup,
  inputTag,
  JetCollection,
  type ParameterSet,
  tritonClient,
  TritonEDFilter,
  type TritonInputMap,
  type TritonOutputMap,
} from "#framework";
import { featureCount, fillFeatures } from "../Jets/features.js";

const description = { Client: tritonClient, jets: inputTag("Jet"), threshold: double(0.5) };
type Config = ParameterSet<typeof description>;

@DEFINE_FWK_MODULE("SonicJetFilter")
export class SonicJetFilter extends TritonEDFilter {
  static readonly description = description;

  readonly #jets;
  readonly #threshold: number;

  constructor(pset: Config) {
    super(pset);
    this.#jets = this.consumes(JetCollection, pset.getParameter("jets"));
    this.#threshold = pset.getParameter("threshold");
    this.client.setBatchMode("Ragged");
  }

  override acquire(event: Event, _setup: EventSetup, input: TritonInputMap): void {
    const jets = event.get(this.#jets);
    const count = jets.pt.length;
    const rows = new Float32Array(featureCount * count);
    fillFeatures(jets, rows);
    this.client.setBatchSize(count);
    for (let jet = 0; jet < count; jet++)
      input.at("input").toServer(rows.subarray(featureCount * jet, featureCount * (jet + 1)), jet);
  }

  override filter(_event: Event, _setup: EventSetup, output: TritonOutputMap): boolean {
    for (let jet = 0; jet < this.client.batchSize; jet++) {
      const [score] = output.at("output").fromServer("float32", jet).data;
      if (score !== undefined && score > this.#threshold) return true;
    }
    return false;
  }
}

declare module "#framework" {
  interface EDFilters {
    SonicJetFilter: typeof SonicJetFilter;
  }
}
