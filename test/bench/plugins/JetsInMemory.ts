/**
 * Puts jets that lie in memory and times the loop around it: nanoseconds from event to event once warm, and of the bare
 * model call on the same batches in the same process, told at the end as "LOOP … BARE … ns".
 */
import {
  bool,
  createSession,
  DEFINE_FWK_MODULE,
  type Event,
  fileInPath,
  JetCollection,
  loadGraph,
  type ParameterSet,
  stream,
  Tensor,
  tfaot,
  uint32,
} from "#framework";
import { test_simple } from "tfaot-model-test-simple/model";

const description = {
  events: uint32(undefined, { comment: "of the job" }),
  graphPath: fileInPath(undefined, { comment: "the graph whose bare call is timed" }),
  isAot: bool(false, { comment: "time the model compiled ahead of time in its place" }),
};

/** Jets an event, by turns: what NanoAOD events of top pairs have. */
const jetCounts = [4, 6, 3, 8, 5, 7, 2, 5];
const featureCount = 5;
const aotFeatureCount = 4;
const rounds = 7;

function jets(count: number): JetCollection {
  const column = (first: number) => Float32Array.from({ length: count }, (_, jet) => first + 0.1 * jet);
  return {
    pt: column(50),
    eta: column(-0.4),
    phi: column(1),
    mass: column(8),
    nConstituents: Uint32Array.from({ length: count }, (_, jet) => 20 + jet),
  };
}

@DEFINE_FWK_MODULE("JetsInMemory")
export class JetsInMemory extends stream.EDProducer {
  static readonly description = description;

  readonly #collections = jetCounts.map(jets);
  readonly #jets = this.produces(JetCollection);
  readonly #events: number;
  readonly #bareCall: (turn: number) => void;
  #start = 0;
  #loopNs = 0;

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#events = pset.getParameter("events");
    this.#bareCall = pset.getParameter("isAot") ? aotCall() : preparedCall(pset.getParameter("graphPath"));
  }

  override produce(event: Event): void {
    // The first half is for V8 to learn from.
    if (event.ordinal === this.#events / 2) this.#start = performance.now();
    if (event.ordinal === this.#events - 1)
      this.#loopNs = (1e6 * (performance.now() - this.#start)) / (this.#events / 2 - 1);
    event.put(this.#jets, this.#collections[event.ordinal % jetCounts.length] as JetCollection);
  }

  override endStream(): void {
    const bareNs = Array.from({ length: rounds }, () => this.#bareRound()).sort((a, b) => a - b);
    process.stdout.write(`LOOP ${this.#loopNs} BARE ${bareNs[rounds >> 1]} ns\n`);
  }

  #bareRound(): number {
    const calls = this.#events / 2;
    const start = performance.now();
    for (let call = 0; call < calls; call++) this.#bareCall(call % jetCounts.length);
    return (1e6 * (performance.now() - start)) / calls;
  }
}

/** What MyPlugin calls, with tensors that are there already. */
function preparedCall(graphPath: string): (turn: number) => void {
  const call = createSession(loadGraph(graphPath)).prepare(["input"], ["output"]);
  const feeds = jetCounts.map((count) => {
    const rows = new Float32Array(featureCount * count).fill(0.5);
    return [new Tensor("float32", [count, featureCount], rows)];
  });
  const outputs = jetCounts.map((): Tensor[] => []);
  return (turn) => void call.run(feeds[turn] as Tensor[], outputs[turn]);
}

/** What TensorFlowAOTProducer calls, likewise and by the same rules. */
function aotCall(): (turn: number) => void {
  const model = new tfaot.Model(test_simple);
  for (const rule of ["3:1,1,1", "5:4,1", "6:4,4"]) model.setBatchRule(rule);
  const arrays = jetCounts.map((count) => ({
    inputs: [new Float32Array(aotFeatureCount * count).fill(0.5)] as const,
    outputs: [new Float32Array(2 * count)] as const,
  }));
  return (turn) => {
    const { inputs, outputs } = arrays[turn] as (typeof arrays)[number];
    model.runInto(jetCounts[turn] as number, inputs, outputs);
  };
}

declare module "#framework" {
  interface EDProducers {
    JetsInMemory: typeof JetsInMemory;
  }
}
