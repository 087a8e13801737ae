/** Passes every Nth event by its number: CMSSW's TestFilterModule. */
import {
  DEFINE_FWK_MODULE,
  type Event,
  LogPrint,
  type ParameterSet,
  stream,
  uint32,
  untracked,
} from "#framework";

const description = { acceptValue: uint32(1), name: untracked.string("") };

@DEFINE_FWK_MODULE("ModuloFilter")
export class ModuloFilter extends stream.EDFilter {
  static readonly description = description;

  readonly #acceptValue: number;
  readonly #name: string;

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#acceptValue = pset.getParameter("acceptValue");
    this.#name = pset.getUntrackedParameter("name");
  }

  override filter(event: Event): boolean {
    if (this.#name) LogPrint("Ran", `Ran ${this.#name} ${event.event}`);
    return event.event % this.#acceptValue === 0;
  }
}

declare module "#framework" {
  interface EDFilters {
    ModuloFilter: typeof ModuloFilter;
  }
}
