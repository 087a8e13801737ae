/** Says each jet's score, with all its digits, and whether it is a b jet. */
import { DEFINE_FWK_MODULE, type Event, InputTag, JetScores, JetTruth, LogPrint, one } from "#framework";

const description = {};

@DEFINE_FWK_MODULE("RowPrinter")
export class RowPrinter extends one.EDAnalyzer {
  static readonly description = description;

  readonly #scores = this.consumes(JetScores, new InputTag("scores"));
  readonly #truth = this.consumes(JetTruth, new InputTag("Jet"));

  override analyze(event: Event): void {
    const { hadronFlavour } = event.get(this.#truth);
    for (const [jet, score] of event.get(this.#scores).score.entries())
      LogPrint("Row", `Row ${score} ${Number(hadronFlavour[jet] === 5)}`);
  }
}

declare module "#framework" {
  interface EDAnalyzers {
    RowPrinter: typeof RowPrinter;
  }
}
