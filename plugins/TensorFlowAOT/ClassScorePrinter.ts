/** Prints the scores of each event's jets, a number a class, in input order whatever the number of threads. */
import {
  DEFINE_FWK_MODULE,
  type Event,
  JetScores,
  LogPrint,
  one,
  type ParameterSet,
  untracked,
  vInputTag,
} from "#framework";

const description = {
  scores: vInputTag([], { comment: "one product a class" }),
  maxEvents: untracked.int32(-1, { comment: "events printed at most; -1 = all" }),
};

/** As the tfaot documentation gives its scores. */
const digits = 6;

@DEFINE_FWK_MODULE("ClassScorePrinter")
export class ClassScorePrinter extends one.EDAnalyzer {
  static readonly description = description;

  readonly #classes;
  readonly #maxEvents: number;
  #printed = 0;

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#classes = pset.getParameter("scores").map((tag) => this.consumes(JetScores, tag));
    const wanted = pset.getUntrackedParameter("maxEvents");
    this.#maxEvents = wanted < 0 ? Number.POSITIVE_INFINITY : wanted;
  }

  override analyze(event: Event): void {
    if (this.#printed++ >= this.#maxEvents) return;
    const classes = this.#classes.map((token) => event.get(token).score);
    const jetCount = classes[0]?.length ?? 0;
    const jets = Array.from({ length: jetCount }, (_, jet) =>
      classes.map((scores) => scores[jet]?.toFixed(digits)).join(", "),
    );
    const shown = jets.map((scores) => `(${scores})`).join(" ");
    LogPrint("ClassScores", `Event ${event.event}: ${jetCount} jets ${shown}`.trimEnd());
  }
}

declare module "#framework" {
  interface EDAnalyzers {
    ClassScorePrinter: typeof ClassScorePrinter;
  }
}
