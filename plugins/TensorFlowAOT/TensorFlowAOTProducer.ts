/**
 * The example of ahead-of-time compilation, as in CMSSW's documentation: a compiled model is a member of each stream's
 * instance, and batch rules say how an event's jets are split into runs of the compiled batch sizes.
 */
import {
  DEFINE_FWK_MODULE,
  type Event,
  inputTag,
  JetCollection,
  JetScores,
  type ParameterSet,
  stream,
  tfaot,
  vstring,
} from "#framework";
// Compiled by `npm run build` of data/models/simple; a model of your own: cms_tfaot_compile, then npm install.
import { test_simple } from "tfaot-model-test-simple/model";

const description = {
  batchRules: vstring(["3:1,1,1", "5:4,1", "6:4,4"], {
    comment: "how batches are run, BATCH:SIZE,SIZE,…; other batches by the default rule",
  }),
  jets: inputTag("Jet"),
};

/** pt, eta, phi, mass: what the model takes of a jet. */
const featureCount = 4;
/** A score a class: what it gives. */
const classCount = 2;

@DEFINE_FWK_MODULE("TensorFlowAOTProducer")
export class TensorFlowAOTProducer extends stream.EDProducer {
  static readonly description = description;

  readonly #model = new tfaot.Model(test_simple);
  /** The arrays of a batch by its size: events of as many jets use the same ones. */
  readonly #batches: { readonly features: Float32Array; readonly scores: Float32Array }[] = [];
  readonly #jets;
  readonly #first = this.produces(JetScores, "first");
  readonly #second = this.produces(JetScores, "second");

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#jets = this.consumes(JetCollection, pset.getParameter("jets"));
    for (const rule of pset.getParameter("batchRules")) this.#model.setBatchRule(rule);
  }

  override produce(event: Event): void {
    const { pt, eta, phi, mass } = event.get(this.#jets);
    const jetCount = pt.length;
    const { features, scores } = this.#batch(jetCount);
    for (let jet = 0, i = 0; jet < jetCount; jet++) {
      features[i++] = pt[jet] as number;
      features[i++] = eta[jet] as number;
      features[i++] = phi[jet] as number;
      features[i++] = mass[jet] as number;
    }
    this.#model.runInto(jetCount, [features], [scores]);
    const [first, second] = [new Float32Array(jetCount), new Float32Array(jetCount)];
    for (let jet = 0; jet < jetCount; jet++) {
      first[jet] = scores[classCount * jet] as number;
      second[jet] = scores[classCount * jet + 1] as number;
    }
    event.put(this.#first, { score: first });
    event.put(this.#second, { score: second });
  }

  #batch(jetCount: number) {
    this.#batches[jetCount] ??= {
      features: new Float32Array(featureCount * jetCount),
      scores: new Float32Array(classCount * jetCount),
    };
    return this.#batches[jetCount];
  }
}

declare module "#framework" {
  interface EDProducers {
    TensorFlowAOTProducer: typeof TensorFlowAOTProducer;
  }
}
