/** Says what TriggerResults holds, event by event. */
import {
  DEFINE_FWK_MODULE,
  type Event,
  InputTag,
  inputTag,
  LogPrint,
  one,
  type ParameterSet,
  TriggerResults,
} from "#framework";

const description = { src: inputTag(new InputTag("TriggerResults")) };

@DEFINE_FWK_MODULE("TriggerPrinter")
export class TriggerPrinter extends one.EDAnalyzer {
  static readonly description = description;

  readonly #src;

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#src = this.consumes(TriggerResults, pset.getParameter("src"));
  }

  override analyze(event: Event): void {
    const { path, state, index } = event.get(this.#src);
    LogPrint(
      "Trigger",
      `Trigger ${event.event} ${path.map((name, i) => `${name}=${state[i]}@${index[i]}`).join(" ")}`,
    );
  }
}

declare module "#framework" {
  interface EDAnalyzers {
    TriggerPrinter: typeof TriggerPrinter;
  }
}
