/**
 * Puts jets that lie in memory. By turns, a block of events is scored by the plugin behind it or rejected after the bare
 * model call on the same batches; at the end "EXTRA … BARE … ns": what the plugin's events take more, and a bare call.
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
const blocks = 100;
const bareRounds = 7;

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
export class JetsInMemory extends stream.EDFilter {
  static readonly description = description;

  readonly #collections = jetCounts.map(jets);
  readonly #jets = this.produces(JetCollection);
  readonly #perBlock: number;
  readonly #bareCall: (turn: number) => void;
  readonly #starts: number[] = [];

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#perBlock = pset.getParameter("events") / blocks;
    this.#bareCall = pset.getParameter("isAot") ? aotCall() : preparedCall(pset.getParameter("graphPath"));
  }

  override filter(event: Event): boolean {
    const turn = event.ordinal % jetCounts.length;
    if (event.ordinal % this.#perBlock === 0) this.#starts.push(performance.now());
    event.put(this.#jets, this.#collections[turn] as JetCollection);
    const isPlugin = Math.floor(event.ordinal / this.#perBlock) % 2 === 1;
    if (!isPlugin) this.#bareCall(turn);
    return isPlugin;
  }

  override endStream(): void {
    const times = this.#starts.slice(1).map((end, i) => (1e6 * (end - this.#starts[i]!)) / this.#perBlock);
    const extra: number[] = [];
    // The first half is for V8 to learn from.
    for (let block = blocks / 2; block + 1 < times.length; block += 2)
      extra.push(times[block + 1]! - times[block]!);
    const bare = Array.from({ length: bareRounds }, () => this.#bareRound());
    process.stdout.write(`EXTRA ${median(extra)} BARE ${median(bare)} ns\n`);
  }

  #bareRound(): number {
    const calls = 10 * this.#perBlock;
    const start = performance.now();
    for (let call = 0; call < calls; call++) this.#bareCall(call % jetCounts.length);
    return (1e6 * (performance.now() - start)) / calls;
  }
}

function median(values: number[]): number {
  return values.sort((x, y) => x - y)[values.length >> 1] as number;
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
    outputs: [new Float32Array(2 * count)] as [Float32Array],
  }));
  return (turn) => {
    const { inputs, outputs } = arrays[turn] as (typeof arrays)[number];
    model.runInto(jetCounts[turn] as number, inputs, outputs);
  };
}

declare module "#framework" {
  interface EDFilters {
    JetsInMemory: typeof JetsInMemory;
  }
}
