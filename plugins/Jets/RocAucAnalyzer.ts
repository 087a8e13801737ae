/**
 * Measures inside the event loop how well scores tell b jets from others: the area under the ROC curve, which is the
 * share of pairs of a b jet and another jet in which the b jet has the higher score; equal scores count half.
 */
import {
  cms,
  DEFINE_FWK_MODULE,
  type Event,
  inputTag,
  JetScores,
  JetTruth,
  LogPrint,
  one,
  type ParameterSet,
} from "#framework";

const description = { scores: inputTag("scores"), truth: inputTag("Jet") };

/** Hadron flavour of a jet that contains a b hadron. */
const bFlavour = 5;

@DEFINE_FWK_MODULE("RocAucAnalyzer")
export class RocAucAnalyzer extends one.EDAnalyzer {
  static readonly description = description;

  readonly #scores;
  readonly #truth;
  readonly #jets: { score: number; isB: boolean }[] = [];

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#scores = this.consumes(JetScores, pset.getParameter("scores"));
    this.#truth = this.consumes(JetTruth, pset.getParameter("truth"));
  }

  override analyze(event: Event): void {
    const { score } = event.get(this.#scores);
    const { hadronFlavour } = event.get(this.#truth);
    if (score.length !== hadronFlavour.length) {
      throw new cms.Exception(
        "LogicError",
        `RocAucAnalyzer: event ${event.event} has ${score.length} scores for ${hadronFlavour.length} jets.`,
      );
    }
    for (let jet = 0; jet < score.length; jet++) {
      this.#jets.push({ score: score[jet] as number, isB: hadronFlavour[jet] === bFlavour });
    }
  }

  override endJob(): void {
    const bCount = this.#jets.filter(({ isB }) => isB).length;
    const auc = rocAuc(this.#jets);
    LogPrint("RocAuc", `ROC AUC ${auc.toFixed(9)} on ${this.#jets.length} jets, ${bCount} of them b jets`);
  }
}

/** The rank statistic of Mann and Whitney; NaN when all jets are of one kind. */
function rocAuc(jets: { score: number; isB: boolean }[]): number {
  jets.sort((a, b) => a.score - b.score);
  let bSeen = 0;
  let otherSeen = 0;
  let wins = 0;
  for (let first = 0; first < jets.length; ) {
    let end = first;
    let bTied = 0;
    for (; jets[end]?.score === jets[first]?.score && end < jets.length; end++) if (jets[end]?.isB) bTied++;
    const othersTied = end - first - bTied;
    wins += bTied * (otherSeen + othersTied / 2);
    bSeen += bTied;
    otherSeen += othersTied;
    first = end;
  }
  return wins / (bSeen * otherSeen);
}

declare module "#framework" {
  interface EDAnalyzers {
    RocAucAnalyzer: typeof RocAucAnalyzer;
  }
}
