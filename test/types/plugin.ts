/** What the compiler says about plugins; checked by `npm run check`, never run. */
import {
  bool,
  DEFINE_FWK_MODULE,
  double,
  type Event,
  eventID,
  inputTag,
  type InputTag,
  int64,
  type JetCollection,
  JetScores,
  JetCollection as Jets,
  optional,
  type ParameterSet,
  pset,
  SessionCache,
  stream,
  string,
  untracked,
  vInputTag,
  vpset,
} from "#framework";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Fails to compile unless the value is exactly of type T. */
function exactly<T>() {
  return <V>(_value: V, _isSame: Same<V, T>): void => {};
}

const description = {
  src: inputTag("jets"),
  sources: vInputTag([]),
  threshold: double(),
  big: int64(3),
  first: eventID("1:2:3"),
  comment: optional.string(),
  verbose: untracked.bool(false),
  cuts: pset({ minPt: double(20), inner: pset({ name: string("x") }) }),
  steps: vpset({ flag: bool() }),
};
type Config = ParameterSet<typeof description>;

export function read(parameters: Config): void {
  exactly<InputTag>()(parameters.getParameter("src"), true);
  exactly<readonly InputTag[]>()(parameters.getParameter("sources"), true);
  exactly<number>()(parameters.getParameter("threshold"), true);
  exactly<bigint>()(parameters.getParameter("big"), true);
  exactly<number>()(parameters.getParameter("first").luminosityBlock, true);
  exactly<string | undefined>()(parameters.getParameter("comment"), true);
  exactly<boolean>()(parameters.getUntrackedParameter("verbose"), true);
  exactly<number>()(parameters.getParameter("cuts").getParameter("minPt"), true);
  exactly<string>()(parameters.getParameter("cuts").getParameter("inner").getParameter("name"), true);
  exactly<boolean[]>()(parameters.getParameter("steps").map((step) => step.getParameter("flag")), true);
  // @ts-expect-error the value is a number
  exactly<string>()(parameters.getParameter("threshold"), true);
  // @ts-expect-error misspelt
  parameters.getParameter("treshold");
  // @ts-expect-error it is untracked
  parameters.getParameter("verbose");
  // @ts-expect-error it is tracked
  parameters.getUntrackedParameter("threshold");
  // @ts-expect-error misspelt in a PSet
  parameters.getParameter("cuts").getParameter("minpt");
}

@DEFINE_FWK_MODULE("Plain")
export class Plain extends stream.EDProducer {
  static readonly description = description;
  readonly #jets;
  readonly #scores = this.produces(JetScores);
  constructor(parameters: Config) {
    super();
    this.#jets = this.consumes(Jets, parameters.getParameter("src"));
  }
  override produce(event: Event): void {
    exactly<JetCollection>()(event.get(this.#jets), true);
    event.put(this.#scores, { score: new Float32Array(1) });
    // @ts-expect-error a misspelt field of the product
    event.put(this.#scores, { scores: new Float32Array(1) });
    // @ts-expect-error a token of what is made does not read
    event.get(this.#scores);
  }
}

@DEFINE_FWK_MODULE("WithCache")
export class WithCache extends stream.EDProducer<SessionCache> {
  static readonly description = description;
  static initializeGlobalCache(parameters: Config): SessionCache {
    return new SessionCache(parameters.getParameter("threshold") > 0 ? "a.pb" : "b.pb");
  }
  constructor(_parameters: Config, cache: SessionCache) {
    super(cache);
  }
  override produce(): void {}
}

// @ts-expect-error no description
@DEFINE_FWK_MODULE("NoDescription")
export class NoDescription extends stream.EDProducer {
  override produce(): void {}
}

// @ts-expect-error a cache, and nothing that makes it
@DEFINE_FWK_MODULE("NoCache")
export class NoCache extends stream.EDProducer<SessionCache> {
  static readonly description = description;
  override produce(): void {}
}

// @ts-expect-error makes a cache of another type
@DEFINE_FWK_MODULE("OtherCache")
export class OtherCache extends stream.EDProducer<SessionCache> {
  static readonly description = description;
  static initializeGlobalCache(): number {
    return 3;
  }
  override produce(): void {}
}

// @ts-expect-error produce is missing
export class NoProduce extends stream.EDProducer {}
