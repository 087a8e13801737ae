/** A one:: analyzer of FunctionProducer's product. */
import { DEFINE_FWK_MODULE, type Event, InputTag, one, type ParameterSet } from "#framework";
import { Thing } from "./products.js";

const description = {};

@DEFINE_FWK_MODULE("FunctionReader")
export class FunctionReader extends one.EDAnalyzer {
  static readonly description = description;
  readonly #thing = this.consumes(Thing, new InputTag("thing"));

  constructor(_pset: ParameterSet<typeof description>) {
    super();
  }

  override analyze(event: Event): void {
    event.get(this.#thing)();
  }
}

declare module "#framework" {
  interface EDAnalyzers {
    FunctionReader: typeof FunctionReader;
  }
}
