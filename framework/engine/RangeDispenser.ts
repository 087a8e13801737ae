/** Gives the input's ranges to the threads in order: each has one in work and one waiting, and none runs far ahead of the slowest. */
import type { InputRange } from "../modules/InputSource.js";
import type { OrderedResults } from "./OrderedResults.js";
import type { RunLumiSequence } from "./RunLumiSequence.js";
import type { ThreadHandle } from "./ThreadHandle.js";
import { control, type LumiBlock } from "./threadPlan.js";

/** Ranges a thread holds: while it works on one, the next is on its way. */
const rangesPerThread = 2;
/** Ranges finished but not yet appended, per thread: bounds the memory that a slow range costs. */
const windowPerThread = 4;

export class RangeDispenser {
  readonly #threads: readonly ThreadHandle[];
  readonly #runLumis: RunLumiSequence;
  readonly #results: OrderedResults;
  readonly #control: Int32Array;
  readonly #failed: (error: unknown) => void;
  /** Ranges each thread holds. */
  readonly #held: number[];
  /** Luminosity blocks each thread has been told of. */
  readonly #told: number[];
  /** The luminosity block that each idle thread was last asked to get ready for. */
  readonly #finishing: number[] = [];
  readonly #outstanding = new Set<Promise<void>>();
  #granted = 0;
  #wake: (() => void) | undefined;
  loopSeconds = 0;

  constructor(
    threads: readonly ThreadHandle[],
    runLumis: RunLumiSequence,
    results: OrderedResults,
    words: Int32Array,
    failed: (error: unknown) => void,
  ) {
    this.#threads = threads;
    this.#runLumis = runLumis;
    this.#results = results;
    this.#control = words;
    this.#failed = failed;
    this.#held = threads.map(() => 0);
    this.#told = threads.map(() => 0);
  }

  /** Resolves when every range is processed and dealt with, or the job stops. */
  async run(ranges: AsyncGenerator<InputRange> | Generator<InputRange>): Promise<void> {
    const start = performance.now();
    try {
      for await (const range of ranges) {
        const thread = await this.#freeThread();
        if (thread === undefined) break;
        this.#grant(thread, range);
      }
    } finally {
      while (this.#outstanding.size > 0) await Promise.all(this.#outstanding);
      this.loopSeconds = (performance.now() - start) / 1000;
    }
  }

  /** Something changed that a waiting run() may have waited for. */
  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  get #isStopping(): boolean {
    return Atomics.load(this.#control, control.stop) !== 0;
  }

  /** The thread with the fewest ranges; undefined when the job stops. */
  async #freeThread(): Promise<number | undefined> {
    const window = windowPerThread * this.#threads.length;
    while (!this.#isStopping) {
      const fewest = Math.min(...this.#held);
      const isWithinWindow = this.#granted - this.#results.appended < window;
      if (fewest < rangesPerThread && isWithinWindow) return this.#held.indexOf(fewest);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return undefined;
  }

  #grant(thread: number, range: InputRange): void {
    const lumis = this.#runLumis.extend(range.segments);
    const news = this.#news(thread);
    this.#held[thread] = (this.#held[thread] ?? 0) + 1;
    const ticket = this.#granted++;
    const work = this.#process(thread, ticket, range, lumis, news).finally(() => {
      this.#outstanding.delete(work);
      this.#held[thread] = (this.#held[thread] ?? 1) - 1;
      this.#runLumis.advance();
      this.wake();
    });
    this.#outstanding.add(work);
    this.#runLumis.need(Math.max(-1, ...lumis));
  }

  async #process(
    thread: number,
    ticket: number,
    range: InputRange,
    lumis: number[],
    news: LumiBlock[],
  ): Promise<void> {
    try {
      const result = await this.#threads[thread]?.process({ ticket, range, lumis, news });
      if (result) await this.#results.deliver(result);
    } catch (error) {
      this.#failed(error);
    }
  }

  #news(thread: number): LumiBlock[] {
    const news = this.#runLumis.lumis.slice(this.#told[thread]);
    this.#told[thread] = this.#runLumis.lumis.length;
    return news;
  }

  /** Threads without work end what lies before `lumi`, so that the others can go on. */
  finishBefore(lumi: number): void {
    for (const [index, thread] of this.#threads.entries()) {
      if (this.#held[index] !== 0 || this.#isStopping || (this.#finishing[index] ?? 0) >= lumi) continue;
      this.#finishing[index] = lumi;
      thread.finishBefore(lumi, this.#news(index)).catch((error: unknown) => this.#failed(error));
    }
  }

  /** The last luminosity block and run of a thread. */
  finish(thread: ThreadHandle, index: number): Promise<void> {
    const last = this.#isStopping ? -1 : this.#runLumis.lumis.length - 1;
    if (last >= 0) this.#runLumis.need(last);
    return thread.finish(last, this.#news(index));
  }
}
