/** Adds up the scores it reads, one number in and out: for chains of modules. Says when it runs, when it has a name. */
import {
  DEFINE_FWK_MODULE,
  type Event,
  JetScores,
  LogPrint,
  type ParameterSet,
  stream,
  string,
  untracked,
  vInputTag,
  double,
  bool,
} from "#framework";

const description = {
  inputs: vInputTag([]),
  value: double(0, { comment: "added to the sum; with no inputs and 0 the event's number" }),
  instance: string(""),
  puts: untracked.uint32(1, { comment: "how often it puts its product" }),
  reads: bool(true, { comment: "whether it reads what it consumes" }),
  name: untracked.string(""),
};

@DEFINE_FWK_MODULE("Adder")
export class Adder extends stream.EDProducer {
  static readonly description = description;

  readonly #inputs;
  readonly #value: number;
  readonly #puts: number;
  readonly #reads: boolean;
  readonly #name: string;
  readonly #sum;

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#inputs = pset.getParameter("inputs").map((tag) => this.consumes(JetScores, tag));
    this.#value = pset.getParameter("value");
    this.#puts = pset.getUntrackedParameter("puts");
    this.#reads = pset.getParameter("reads");
    this.#name = pset.getUntrackedParameter("name");
    this.#sum = this.produces(JetScores, pset.getParameter("instance"));
  }

  override produce(event: Event): void {
    if (this.#name) LogPrint("Ran", `Ran ${this.#name} ${event.event}`);
    let sum = this.#inputs.length === 0 && this.#value === 0 ? event.event : this.#value;
    if (this.#reads) for (const token of this.#inputs) sum += event.get(token).score[0] as number;
    for (let i = 0; i < this.#puts; i++) event.put(this.#sum, { score: Float32Array.of(sum) });
  }
}

declare module "#framework" {
  interface EDProducers {
    Adder: typeof Adder;
  }
}
