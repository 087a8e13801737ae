/** Says every transition that a one:: analyzer sees, and every event in the order of its coming. */
import {
  DEFINE_FWK_MODULE,
  type Event,
  inputTag,
  JetScores,
  LogPrint,
  type LuminosityBlock,
  one,
  type ParameterSet,
  type Run,
} from "#framework";

const description = { src: inputTag("scores") };

@DEFINE_FWK_MODULE("JobRecorder")
export class JobRecorder extends one.EDAnalyzer {
  static readonly description = description;

  readonly #src;

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#src = this.consumes(JetScores, pset.getParameter("src"));
  }

  override beginJob(): void {
    say("beginJob");
  }
  override beginRun({ run }: Run): void {
    say(`beginRun ${run}`);
  }
  override beginLuminosityBlock({ run, luminosityBlock }: LuminosityBlock): void {
    say(`beginLuminosityBlock ${run}:${luminosityBlock}`);
  }
  override analyze(event: Event): void {
    const handle = event.getHandle(this.#src);
    const scores = handle.isValid ? Array.from(handle.product.score).join(",") : "none";
    say(
      `analyze ${event.run}:${event.luminosityBlock}:${event.event} ordinal=${event.ordinal} scores=${scores}`,
    );
  }
  override endLuminosityBlock({ run, luminosityBlock }: LuminosityBlock): void {
    say(`endLuminosityBlock ${run}:${luminosityBlock}`);
  }
  override endRun({ run }: Run): void {
    say(`endRun ${run}`);
  }
  override endJob(): void {
    say("endJob");
  }
}

function say(what: string): void {
  LogPrint("Job", `Job ${what}`);
}

declare module "#framework" {
  interface EDAnalyzers {
    JobRecorder: typeof JobRecorder;
  }
}
