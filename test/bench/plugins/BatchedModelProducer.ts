/** SharedModelProducer's model and rows, with the events of all streams of a thread in one call: what batching gains is measured by it. */
import {
  BatchingProducer,
  DEFINE_FWK_MODULE,
  type Event,
  fileInPath,
  type ParameterSet,
  SessionCache,
  string,
  Tensor,
  type TensorLike,
  transient,
  uint32,
} from "#framework";

const FirstScore = transient<number>("FirstScore");
const description = {
  graphPath: fileInPath(undefined),
  input: string(undefined, { comment: "name of the one input, rows of float32" }),
  output: string(undefined),
  width: uint32(undefined, { comment: "elements of a row" }),
  batch: uint32(8, { comment: "rows of an event" }),
};
type Config = ParameterSet<typeof description>;

@DEFINE_FWK_MODULE("BatchedModelProducer")
export class BatchedModelProducer extends BatchingProducer {
  static readonly description = description;

  static initializeGlobalCache(pset: Config): SessionCache {
    return new SessionCache(pset.getParameter("graphPath"));
  }

  readonly #inputs: readonly TensorLike[];
  readonly #score = this.produces(FirstScore);

  constructor(pset: Config, cache: SessionCache) {
    super(cache, {
      inputs: [pset.getParameter("input")],
      outputs: [pset.getParameter("output")],
      maxBatchSize: 64,
      maxLatencyMs: 0,
    });
    this.#inputs = [new Tensor("float32", [pset.getParameter("batch"), pset.getParameter("width")])];
  }

  protected override inputsOf(): readonly TensorLike[] {
    return this.#inputs;
  }

  protected override putOutputs(event: Event, [output]: readonly TensorLike[]): void {
    event.put(this.#score, output?.data[0] as number);
  }
}

declare module "#framework" {
  interface EDProducers {
    BatchedModelProducer: typeof BatchedModelProducer;
  }
}
