/** A model in one number: what a regression test has to notice when it changes. "hang" and "throw" do that. */
import { readFileSync } from "node:fs";
import { DEFINE_FWK_MODULE, type Event, fileInPath, JetScores, type ParameterSet, stream } from "#framework";

const description = { factor: fileInPath() };

@DEFINE_FWK_MODULE("FactorProducer")
export class FactorProducer extends stream.EDProducer {
  static readonly description = description;

  readonly #factor: string;
  readonly #scores = this.produces(JetScores);

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#factor = readFileSync(pset.getParameter("factor"), "utf8").trim();
  }

  override produce(event: Event): void {
    if (this.#factor === "throw") throw new Error("no factor");
    while (this.#factor === "hang");
    event.put(this.#scores, { score: Float32Array.of(Number(this.#factor) * event.event) });
  }
}

declare module "#framework" {
  interface EDProducers {
    FactorProducer: typeof FactorProducer;
  }
}
