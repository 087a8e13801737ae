/** Prints the scores of each event's jets, in input order whatever the number of threads. */
import {
  DEFINE_FWK_MODULE,
  type Event,
  inputTag,
  JetScores,
  LogPrint,
  one,
  type ParameterSet,
  untracked,
} from "#framework";

const description = {
  scores: inputTag("scores"),
  maxEvents: untracked.int32(-1, { comment: "events printed at most; -1 = all" }),
};

@DEFINE_FWK_MODULE("JetScorePrinter")
export class JetScorePrinter extends one.EDAnalyzer {
  static readonly description = description;

  readonly #scores;
  readonly #maxEvents: number;
  #printed = 0;

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#scores = this.consumes(JetScores, pset.getParameter("scores"));
    const wanted = pset.getUntrackedParameter("maxEvents");
    this.#maxEvents = wanted < 0 ? Number.POSITIVE_INFINITY : wanted;
  }

  override analyze(event: Event): void {
    if (this.#printed++ >= this.#maxEvents) return;
    const { score } = event.get(this.#scores);
    const shown = Array.from(score, (value) => value.toFixed(4)).join(" ");
    LogPrint("JetScores", `Run ${event.run}, Event ${event.event}: ${score.length} jets, scores ${shown}`);
  }
}

declare module "#framework" {
  interface EDAnalyzers {
    JetScorePrinter: typeof JetScorePrinter;
  }
}
