/** Prints the dijet mass of each event. */
import { DEFINE_FWK_MODULE, type Event, inputTag, LogPrint, one, type ParameterSet } from "cmsrun";
import { Dijets } from "./products.js";

const description = { dijets: inputTag("dijets") };

@DEFINE_FWK_MODULE("DijetPrinter")
export class DijetPrinter extends one.EDAnalyzer {
  static readonly description = description;
  readonly #dijets;

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#dijets = this.consumes(Dijets, pset.getParameter("dijets"));
  }

  override analyze(event: Event): void {
    const { mass, jetCount } = event.get(this.#dijets);
    LogPrint(
      "DijetPrinter",
      `${event.event}: ${jetCount} jets, mass ${Array.from(mass, (value) => value.toFixed(1)).join()}`,
    );
  }
}

declare module "cmsrun" {
  interface EDAnalyzers {
    DijetPrinter: typeof DijetPrinter;
  }
}
