/** Runs a model on a batch of zeros each event, all streams on one SessionCache: what the job shares is measured around it. */
import {
  DEFINE_FWK_MODULE,
  type Event,
  fileInPath,
  type ParameterSet,
  SessionCache,
  stream,
  string,
  Tensor,
  transient,
  uint32,
} from "#framework";

const FirstScore = transient<number>("FirstScore");
const description = {
  graphPath: fileInPath(undefined),
  input: string(undefined, { comment: "name of the one input, rows of float32" }),
  output: string(undefined),
  width: uint32(undefined, { comment: "elements of a row" }),
  batch: uint32(8),
};
type Config = ParameterSet<typeof description>;

@DEFINE_FWK_MODULE("SharedModelProducer")
export class SharedModelProducer extends stream.EDProducer<SessionCache> {
  static readonly description = description;

  static initializeGlobalCache(pset: Config): SessionCache {
    return new SessionCache(pset.getParameter("graphPath"));
  }

  readonly #call;
  readonly #feeds: Tensor[];
  readonly #outputs: Tensor[] = [];
  readonly #score = this.produces(FirstScore);

  constructor(pset: Config, cache: SessionCache) {
    super(cache);
    this.#call = cache.createSession().prepare([pset.getParameter("input")], [pset.getParameter("output")]);
    this.#feeds = [new Tensor("float32", [pset.getParameter("batch"), pset.getParameter("width")])];
  }

  override produce(event: Event): void {
    this.#call.run(this.#feeds, this.#outputs);
    event.put(this.#score, this.#outputs[0]?.data[0] as number);
  }
}

declare module "#framework" {
  interface EDProducers {
    SharedModelProducer: typeof SharedModelProducer;
  }
}
