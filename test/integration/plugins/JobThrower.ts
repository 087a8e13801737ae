/** A one:: analyzer that throws in the transition it is told. */
import { cms, DEFINE_FWK_MODULE, type Event, one, type ParameterSet, string } from "#framework";

const description = { where: string() };

@DEFINE_FWK_MODULE("JobThrower")
export class JobThrower extends one.EDAnalyzer {
  static readonly description = description;

  readonly #where: string;

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#where = pset.getParameter("where");
    this.#failIn("constructor");
  }

  override beginJob(): void {
    this.#failIn("beginJob");
  }
  override beginRun(): void {
    this.#failIn("beginRun");
  }
  override beginLuminosityBlock(): void {
    this.#failIn("beginLuminosityBlock");
  }
  override analyze(event: Event): void {
    if (event.event === 5) this.#failIn("analyze");
  }
  override endLuminosityBlock(): void {
    this.#failIn("endLuminosityBlock");
  }
  override endRun(): void {
    this.#failIn("endRun");
  }
  override endJob(): void {
    this.#failIn("endJob");
  }

  #failIn(where: string): void {
    if (where === this.#where) throw new cms.Exception("TestFailure", `thrown in ${where}; this is a test.`);
  }
}

declare module "#framework" {
  interface EDAnalyzers {
    JobThrower: typeof JobThrower;
  }
}
