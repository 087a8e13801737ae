/** Scores as many jets as the event's number modulo 7 by a compiled model; the jets are made up from the numbers. */
import { DEFINE_FWK_MODULE, type Event, LogPrint, type ParameterSet, stream, tfaot, vstring } from "cmsrun";
import { jet_btag } from "tfaot-model-jet-btag/model";

const description = { batchRules: vstring([]) };

@DEFINE_FWK_MODULE("JetScorer")
export class JetScorer extends stream.EDAnalyzer {
  static readonly description = description;
  readonly #model = new tfaot.Model(jet_btag);

  constructor(pset: ParameterSet<typeof description>) {
    super();
    for (const rule of pset.getParameter("batchRules")) this.#model.setBatchRule(rule);
  }

  override analyze(event: Event): void {
    const number = Number(event.event);
    const jets: tfaot.FloatArrays = Array.from({ length: number % 7 }, (_, jet) => [
      20 + number,
      jet / 4,
      1,
      jet,
      3,
    ]);
    const [scores] = this.#model.run(jets.length, jets);
    const [flat] = this.#model.run(jets.length, Float32Array.from(jets.flat()));
    const same = flat.length === scores.length && scores.every(([score], i) => score === flat[i]);
    LogPrint("Scores", `Scores ${number} ${same} ${JSON.stringify(scores.flat())}`);
  }
}

declare module "cmsrun" {
  interface EDAnalyzers {
    JetScorer: typeof JetScorer;
  }
}
