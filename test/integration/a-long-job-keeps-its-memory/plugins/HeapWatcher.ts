/** Says how much heap is in use after a garbage collection, every so many events. Needs node --expose-gc. */
import { DEFINE_FWK_MODULE, type Event, LogPrint, one, type ParameterSet, uint32 } from "#framework";

const description = { every: uint32() };

@DEFINE_FWK_MODULE("HeapWatcher")
export class HeapWatcher extends one.EDAnalyzer {
  static readonly description = description;

  readonly #every: number;

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#every = pset.getParameter("every");
  }

  override analyze(event: Event): void {
    if ((event.ordinal + 1) % this.#every !== 0) return;
    globalThis.gc?.();
    LogPrint("Heap", `Heap ${process.memoryUsage().heapUsed}`);
  }
}

declare module "#framework" {
  interface EDAnalyzers {
    HeapWatcher: typeof HeapWatcher;
  }
}
