/** Modules for the TestProcessor's own tests, one of each kind. */
import {
  bool,
  cms,
  DEFINE_FWK_MODULE,
  double,
  type Event,
  global,
  inputTag,
  int32,
  JetCollection,
  JetScores,
  limited,
  LogPrint,
  type LuminosityBlock,
  one,
  type ParameterSet,
  type Run,
  stream,
  transient,
  uint32,
} from "#framework";

const jets = inputTag("Jet");

const scaleDescription = { jets, factor: double(), throwOn: uint32(0) };

/** Two products, one with an instance name. */
@DEFINE_FWK_MODULE("ScaleProducer")
export class ScaleProducer extends stream.EDProducer<{ factor: number }> {
  static readonly description = scaleDescription;
  static readonly calls: string[] = [];

  static initializeGlobalCache(pset: ParameterSet<typeof scaleDescription>): { factor: number } {
    ScaleProducer.calls.push("initializeGlobalCache");
    return { factor: pset.getParameter("factor") };
  }
  static globalBeginRun({ run }: Run): void {
    ScaleProducer.calls.push(`globalBeginRun ${run}`);
  }
  static globalEndJob(): void {
    ScaleProducer.calls.push("globalEndJob");
  }

  readonly #jets;
  readonly #scores = this.produces(JetScores);
  readonly #scaled = this.produces(JetCollection, "scaled");
  readonly #throwOn: number;

  constructor(pset: ParameterSet<typeof scaleDescription>, cache: { factor: number }) {
    super(cache);
    this.#jets = this.consumes(JetCollection, pset.getParameter("jets"));
    this.#throwOn = pset.getParameter("throwOn");
  }

  override beginStream(): void {
    ScaleProducer.calls.push("beginStream");
  }
  override beginLuminosityBlock({ run, luminosityBlock }: LuminosityBlock): void {
    ScaleProducer.calls.push(`beginLuminosityBlock ${run}:${luminosityBlock}`);
  }
  override endLuminosityBlock({ run, luminosityBlock }: LuminosityBlock): void {
    ScaleProducer.calls.push(`endLuminosityBlock ${run}:${luminosityBlock}`);
  }
  override endRun({ run }: Run): void {
    ScaleProducer.calls.push(`endRun ${run}`);
  }
  override endStream(): void {
    ScaleProducer.calls.push("endStream");
  }

  override produce(event: Event): void {
    if (event.event === this.#throwOn) throw new cms.Exception("EventCorruption", "as the test wants");
    const found = event.get(this.#jets);
    const pt = found.pt.map((value) => value * this.globalCache.factor);
    event.put(this.#scores, { score: pt });
    event.put(this.#scaled, { ...found, pt });
  }
}

export const Count = transient<{ count: number }>("Count");

/** Finishes later, and reads a product that may be absent. */
@DEFINE_FWK_MODULE("LateProducer")
export class LateProducer extends stream.EDProducer {
  static readonly description = { jets, fails: bool(false) };
  readonly #jets;
  readonly #count = this.produces(Count);
  readonly #fails: boolean;
  constructor(pset: ParameterSet<typeof LateProducer.description>) {
    super();
    this.#jets = this.consumes(JetCollection, pset.getParameter("jets"));
    this.#fails = pset.getParameter("fails");
  }
  override async acquire(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (this.#fails) throw new Error("too late");
  }
  override produce(event: Event): void {
    const handle = event.getHandle(this.#jets);
    event.put(this.#count, { count: handle.isValid ? handle.product.pt.length : -1 });
  }
}

@DEFINE_FWK_MODULE("CountFilter")
export class CountFilter extends limited.EDFilter {
  static readonly description = { jets, minJets: int32(2), ...limited.description };
  readonly #jets;
  readonly #count = this.produces(Count);
  readonly #minJets: number;
  constructor(pset: ParameterSet<typeof CountFilter.description>) {
    super();
    this.#jets = this.consumes(JetCollection, pset.getParameter("jets"));
    this.#minJets = pset.getParameter("minJets");
  }
  override filter(_streamID: number, event: Event): boolean {
    const count = event.get(this.#jets).pt.length;
    event.put(this.#count, { count });
    return count >= this.#minJets;
  }
}

@DEFINE_FWK_MODULE("CountAnalyzer")
export class CountAnalyzer extends one.EDAnalyzer {
  static readonly description = { jets };
  readonly #jets;
  #count = 0;
  constructor(pset: ParameterSet<typeof CountAnalyzer.description>) {
    super();
    this.#jets = this.consumes(JetCollection, pset.getParameter("jets"));
  }
  override analyze(event: Event): void {
    this.#count += event.get(this.#jets).pt.length;
  }
  override endJob(): void {
    LogPrint("CountAnalyzer", `${this.#count} jets`);
  }
}

@DEFINE_FWK_MODULE("RunEndProducer")
export class RunEndProducer extends global.EDProducer {
  static readonly description = {};
  override produce(): void {}
  override globalEndRun(): void {
    throw new cms.Exception("LogicError", "the run ends badly");
  }
}

/** Not registered. */
export class Unregistered extends global.EDProducer {
  static readonly description = {};
  override produce(): void {}
}
