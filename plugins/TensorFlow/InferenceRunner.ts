/**
 * Measures a model inside the event loop: tensorpack's InferenceRunner as an EDAnalyzer. Inputs and labels are columns of
 * products; without a model it measures what another module produced. Each stream has inferencers of its own, which the
 * job merges at its end: the same bits at any number of threads and streams. With a batchSize that takes an engine that
 * gives a row the same bits in any batch, as `compiled` and `reference` do.
 */
import {
  cms,
  DEFINE_FWK_MODULE,
  type Event,
  EventBatch,
  formatResult,
  type Inferencer,
  type InferencerChoice,
  inferencerChoice,
  inferencerParameters,
  type InputTag,
  LogPrint,
  makeInferencer,
  mustBeWritable,
  optional,
  type ParameterSet,
  type PreparedCall,
  resultOf,
  type Session,
  SessionCache,
  stream,
  string,
  type Tensor,
  tensorParameters,
  type TensorSource,
  tensorSource,
  uint32,
  untracked,
  vpset,
  vstring,
  writeHistograms,
  writeScalars,
} from "#framework";

const description = {
  graphPath: optional.fileInPath(),
  tag: string("serve", { comment: "tag of the meta graph in a SavedModel; a frozen graph has none" }),
  engine: untracked.string("auto", { comment: "inference engine; auto = that of the job" }),
  inputs: vpset(tensorParameters),
  outputs: vstring([], { comment: "tensors that the model computes, for the inferencers" }),
  tensors: vpset(tensorParameters),
  batchSize: uint32(0, { comment: "rows a run of the model, across events; 0 = all rows of an event" }),
  inferencers: vpset(inferencerParameters),
  fileName: untracked.string("", { comment: "histograms as UHI JSON; empty = none" }),
  scalarsFileName: untracked.string("", { comment: "scalars as JSON; empty = none" }),
  print: untracked.bool(true, { comment: "whether the scalars are shown at the end of the job" }),
};
type Config = ParameterSet<typeof description>;

interface Settings {
  readonly inferencers: readonly InferencerChoice[];
  readonly fileName: string;
  readonly scalarsFileName: string;
  readonly print: boolean;
}
interface Found {
  readonly settings: Settings;
  readonly rowCount: number;
  /** In the order of the inferencers. */
  readonly states: readonly unknown[];
}

@DEFINE_FWK_MODULE("InferenceRunner")
export class InferenceRunner extends stream.EDAnalyzer<SessionCache | undefined> {
  static readonly description = description;

  /** Once a job: what can be found wrong without an event should not be found at its end. */
  static initializeGlobalCache(pset: Config): SessionCache | undefined {
    const { fileName, scalarsFileName } = settingsOf(pset);
    for (const name of [fileName, scalarsFileName]) if (name !== "") mustBeWritable(name);
    const graphPath = pset.getParameter("graphPath");
    const engine = pset.getUntrackedParameter("engine");
    return graphPath === undefined
      ? undefined
      : new SessionCache(graphPath, { tag: pset.getParameter("tag"), engine });
  }

  static globalEndJobSummary(streams: readonly Found[]): void {
    const [first] = streams;
    if (!first) return;
    const { settings } = first;
    const inferencers = inferencersOf(settings);
    for (const { states } of streams)
      for (const [index, state] of states.entries()) inferencers[index]?.merge(state as never);
    const result = resultOf(inferencers);
    const rowCount = streams.reduce((sum, found) => sum + found.rowCount, 0);
    if (settings.fileName !== "") writeHistograms(settings.fileName, result);
    if (settings.scalarsFileName !== "") writeScalars(settings.scalarsFileName, result);
    if (settings.print) LogPrint("InferenceRunner", formatResult(rowCount, result));
  }

  static globalEndJob(cache: SessionCache | undefined): void {
    cache?.closeSession();
  }

  readonly #settings: Settings;
  readonly #inferencers: readonly Inferencer[];
  readonly #batch: EventBatch;
  readonly #tokens;
  readonly #inputNames: readonly string[];
  readonly #outputNames: readonly string[];
  readonly #batchSize: number;
  readonly #session: Session | undefined;
  readonly #model: PreparedCall | undefined;
  readonly #outputs: Tensor[] = [];
  #rowCount = 0;

  constructor(pset: Config, cache: SessionCache | undefined) {
    super(cache);
    this.#settings = settingsOf(pset);
    this.#inferencers = inferencersOf(this.#settings);
    const inputs = pset.getParameter("inputs");
    const tensors = pset.getParameter("tensors");
    const sources = [
      ...inputs.map((input) => tensorSource(input, "matrix")),
      ...tensors.map((tensor) => tensorSource(tensor, "vector")),
    ];
    this.#batch = new EventBatch(sources);
    const tags = [...inputs, ...tensors].map((source) => source.getParameter("src"));
    this.#tokens = this.#batch.types.map((type, index) => this.consumes(type, tags[index] as InputTag));
    this.#inputNames = inputs.map((input) => input.getParameter("tensor"));
    this.#outputNames = pset.getParameter("outputs");
    checkNames(cache !== undefined, this.#inputNames, this.#outputNames, sources, this.#inferencers);
    const batchSize = pset.getParameter("batchSize");
    this.#batchSize = batchSize === 0 ? Number.POSITIVE_INFINITY : batchSize;
    this.#session = cache?.createSession();
    this.#model = this.#session?.prepare(this.#inputNames, this.#outputNames);
  }

  override analyze(event: Event): void {
    const rows = this.#batch.open(this.#tokens.map((token) => event.get(token)));
    const isWholeEvent = this.#batchSize === Number.POSITIVE_INFINITY;
    for (let from = 0; from < rows; ) {
      const to = Math.min(rows, from + this.#batchSize - this.#batch.rowCount);
      this.#batch.append(from, to);
      from = to;
      if (isWholeEvent || this.#batch.rowCount === this.#batchSize) this.#runBatch();
    }
  }

  override endStream(): void {
    try {
      if (this.#batch.rowCount > 0) this.#runBatch();
    } finally {
      this.#session?.close();
    }
  }

  override endStreamSummary(): Found {
    const states = this.#inferencers.map((measured) => measured.toPlain());
    return { settings: this.#settings, rowCount: this.#rowCount, states };
  }

  /** Runs the model on the rows that were gathered, and has the inferencers look at all tensors. */
  #runBatch(): void {
    try {
      const tensors = this.#batch.tensors();
      if (this.#model) {
        const feeds = this.#inputNames.map((name) => tensors[name] as Tensor);
        this.#model.run(feeds, this.#outputs);
        for (const [index, name] of this.#outputNames.entries())
          tensors[name] = this.#outputs[index] as Tensor;
      }
      for (const measured of this.#inferencers) measured.update(tensors, this.#batch.rowCount);
      this.#rowCount += this.#batch.rowCount;
    } finally {
      // Not to be run again by endStream when the model or an inferencer has thrown.
      this.#batch.clear();
    }
  }
}

function settingsOf(pset: Config): Settings {
  return {
    inferencers: pset.getParameter("inferencers").map(inferencerChoice),
    fileName: pset.getUntrackedParameter("fileName"),
    scalarsFileName: pset.getUntrackedParameter("scalarsFileName"),
    print: pset.getUntrackedParameter("print"),
  };
}

/** @throws Configuration, InvalidEvaluation for what makeInferencer refuses, and two that give the same scalar */
function inferencersOf({ inferencers }: Settings): Inferencer[] {
  const made = inferencers.map(({ type, options }) => makeInferencer(type, options));
  resultOf(made);
  return made;
}

/** @throws Configuration */
function checkNames(
  hasModel: boolean,
  inputs: readonly string[],
  outputs: readonly string[],
  sources: readonly TensorSource[],
  inferencers: readonly Inferencer[],
): void {
  const refuse = (what: string) => new cms.Exception("Configuration", `InferenceRunner: ${what}.`);
  if (hasModel && (inputs.length === 0 || outputs.length === 0))
    throw refuse("a model (graphPath) needs 'inputs' and 'outputs'");
  if (!hasModel && inputs.length + outputs.length > 0)
    throw refuse(
      "'inputs' and 'outputs' are those of a model; give graphPath, or put the columns into 'tensors'",
    );
  if (inferencers.length === 0) throw refuse("'inferencers' is empty; add for example RocCurve");
  const names = [...sources.map(({ tensor }) => tensor), ...outputs];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw refuse(`two tensors are called '${twice}'`);
  const missing = inferencers.flatMap(({ fetches }) => fetches).find((name) => !names.includes(name));
  if (missing !== undefined)
    throw refuse(`an inferencer reads tensor '${missing}'; there is '${names.join("', '")}'`);
}

type Module = typeof InferenceRunner;
declare module "#framework" {
  interface EDAnalyzers {
    // Not typeof InferenceRunner: in here that is the framework's own class.
    InferenceRunner: Module;
  }
}
