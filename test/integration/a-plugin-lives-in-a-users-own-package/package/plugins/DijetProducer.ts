/** Combines the two hardest jets of an event into a product that the user declared. */
import {
  DEFINE_FWK_MODULE,
  double,
  type Event,
  inputTag,
  JetCollection,
  type ParameterSet,
  stream,
} from "cmsrun";
import { invariantMass } from "./kinematics.js";
import { Dijets } from "./products.js";

const description = { jets: inputTag("Jet"), minMass: double(0) };

@DEFINE_FWK_MODULE("DijetProducer")
export class DijetProducer extends stream.EDProducer {
  static readonly description = description;
  readonly #jets;
  readonly #dijets = this.produces(Dijets);
  readonly #minMass: number;

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#jets = this.consumes(JetCollection, pset.getParameter("jets"));
    this.#minMass = pset.getParameter("minMass");
  }

  override produce(event: Event): void {
    const jets = event.get(this.#jets);
    const mass = jets.pt.length < 2 ? [] : [invariantMass(jets, 0, 1)];
    event.put(this.#dijets, {
      mass: Float32Array.from(mass.filter((value) => value >= this.#minMass)),
      jetCount: jets.pt.length,
    });
  }
}

declare module "cmsrun" {
  interface EDProducers {
    DijetProducer: typeof DijetProducer;
  }
}
