/** Has the jets of each event scored and prints the scores, in input order. */
import {
  DEFINE_FWK_MODULE,
  type Event,
  type EventSetup,
  inputTag,
  JetCollection,
  LogPrint,
  type ParameterSet,
  Tensor,
  tritonClient,
  type TritonInputMap,
  TritonOneEDAnalyzer,
  type TritonOutputMap,
} from "#framework";

const description = { Client: tritonClient, jets: inputTag("Jet") };

@DEFINE_FWK_MODULE("SonicScorePrinter")
export class SonicScorePrinter extends TritonOneEDAnalyzer {
  static readonly description = description;
  readonly #jets;

  constructor(pset: ParameterSet<typeof description>) {
    super(pset);
    this.#jets = this.consumes(JetCollection, pset.getParameter("jets"));
  }

  override acquire(event: Event, _setup: EventSetup, input: TritonInputMap): void {
    const { pt, eta, phi, mass, nConstituents } = event.get(this.#jets);
    const rows = Array.from(pt, (value, i) => [value, eta[i], phi[i], mass[i], nConstituents[i]] as number[]);
    this.client.setBatchSize(rows.length);
    input.at("input").toServer(new Tensor("float32", [rows.length, 5], rows.flat()));
  }

  override analyze(event: Event, _setup: EventSetup, output: TritonOutputMap): void {
    const scores = Array.from(output.at("output").fromServer("float32").data).join(" ");
    LogPrint("Scores", `Scores ${event.event}: ${scores}`);
  }
}

declare module "#framework" {
  interface EDAnalyzers {
    SonicScorePrinter: typeof SonicScorePrinter;
  }
}
