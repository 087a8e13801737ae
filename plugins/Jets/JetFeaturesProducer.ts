/**
 * Computes what a jet network is given. Training records are written from its product and scores are computed from it,
 * so a model sees in the event loop exactly what it was trained on.
 */
import {
  DEFINE_FWK_MODULE,
  type Event,
  inputTag,
  JetCollection,
  JetFeatures,
  type ParameterSet,
  stream,
} from "#framework";

const description = { jets: inputTag("Jet") };

/** Below it the logarithm says nothing of a jet [GeV]. */
const minPt = 1;

@DEFINE_FWK_MODULE("JetFeaturesProducer")
export class JetFeaturesProducer extends stream.EDProducer {
  static readonly description = description;

  readonly #jets;
  readonly #features = this.produces(JetFeatures);

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#jets = this.consumes(JetCollection, pset.getParameter("jets"));
  }

  override produce(event: Event): void {
    const { pt, eta, mass, nConstituents } = event.get(this.#jets);
    event.put(this.#features, {
      logPt: pt.map((value) => Math.log(Math.max(value, minPt))),
      absEta: eta.map(Math.abs),
      massOverPt: mass.map((value, jet) => Math.max(value, 0) / Math.max(pt[jet] as number, minPt)),
      nConstituents: Float32Array.from(nConstituents),
    });
  }
}

declare module "#framework" {
  interface EDProducers {
    JetFeaturesProducer: typeof JetFeaturesProducer;
  }
}
