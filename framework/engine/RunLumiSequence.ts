/**
 * The job's runs and luminosity blocks in input order: begins each globally when a thread needs it and enough earlier
 * ones are over, ends each when every thread has ended it. Lives on the main thread.
 */
import { toPosted } from "../base/sharedForm.js";
import type { EventSetup } from "../data/EventSetup.js";
import type { LumiSegment } from "../modules/InputSource.js";
import type { BegunLumi, LumiBlock } from "./threadPlan.js";
import { callGlobalHook, type JobLevel } from "./transitions.js";

/** What modules returned from a global begin transition: live on the main thread, posted to the others. */
interface Caches {
  readonly [label: string]: unknown;
}

export interface RunLumiOptions {
  readonly hooks: readonly JobLevel[];
  readonly setup: EventSetup;
  readonly threadCount: number;
  readonly concurrentLumis: number;
  /** Tells every thread that a luminosity block has begun; undefined: that the job stops. */
  readonly announce: (lumi: number, begun: BegunLumi | undefined) => void;
  /** Called when the next begin waits for threads to end what lies before `lumi`. */
  readonly blocked: (lumi: number) => void;
  readonly failed: (error: unknown) => void;
}

export class RunLumiSequence {
  readonly lumis: LumiBlock[] = [];
  readonly #options: RunLumiOptions;
  /** Threads that ended each luminosity block and each run. */
  readonly #lumiEnds: number[] = [];
  readonly #runEnds: number[] = [];
  #begun = 0;
  #ended = 0;
  #needed = -1;
  #openRun: LumiBlock | undefined;
  #runCaches: Caches = {};
  #isStopped = false;
  #working: Promise<void> | undefined;
  #again = false;

  constructor(options: RunLumiOptions) {
    this.#options = options;
  }

  /** Appends a range's segments; gives the index of each one's luminosity block. */
  extend(segments: readonly LumiSegment[]): number[] {
    return segments.map(({ run, luminosityBlock }) => {
      const last = this.lumis.at(-1);
      if (last?.run === run && last.luminosityBlock === luminosityBlock) return last.index;
      const runIndex = last === undefined ? 0 : last.run === run ? last.runIndex : last.runIndex + 1;
      return this.lumis.push({ index: this.lumis.length, run, luminosityBlock, runIndex }) - 1;
    });
  }

  /** A thread will need every luminosity block up to `lumi`. */
  need(lumi: number): void {
    this.#needed = Math.max(this.#needed, lumi);
    this.advance();
  }

  threadEnded(what: "lumi" | "run", index: number): void {
    const ends = what === "lumi" ? this.#lumiEnds : this.#runEnds;
    ends[index] = (ends[index] ?? 0) + 1;
    this.advance();
  }

  /** Looks whether something can begin or end. Reentrant calls are gathered. */
  advance(): void {
    this.#again = true;
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async #work(): Promise<void> {
    try {
      while (this.#again) {
        this.#again = false;
        while (await this.#one()) this.#again = true;
      }
    } catch (error) {
      this.#options.failed(error);
    }
  }

  async #one(): Promise<boolean> {
    if (this.#isStopped) return false;
    const { threadCount, concurrentLumis } = this.#options;
    if (this.#ended < this.#begun && (this.#lumiEnds[this.#ended] ?? 0) >= threadCount) {
      await this.#endLumi();
      return true;
    }
    const next = this.lumis[this.#begun];
    if (!next || next.index > this.#needed) return false;
    if (this.#openRun && this.#openRun.runIndex !== next.runIndex) {
      const runIsOver = this.#ended === this.#begun && (this.#runEnds[this.#openRun.runIndex] ?? 0) >= threadCount;
      if (!runIsOver) return this.#wait(next);
      await this.#endRun();
      return true;
    }
    if (this.#begun - this.#ended >= concurrentLumis) return this.#wait(next);
    await this.#begin(next);
    return true;
  }

  #wait(next: LumiBlock): false {
    this.#options.blocked(next.index);
    return false;
  }

  async #begin(lumi: LumiBlock): Promise<void> {
    if (!this.#openRun) {
      this.#openRun = lumi;
      this.#runCaches = await this.#each("globalBeginRun", lumi);
    }
    this.#begun++;
    const lumiCaches = await this.#each("globalBeginLuminosityBlock", lumi);
    this.#options.announce(lumi.index, { lumi, runCaches: this.#runCaches, lumiCaches });
  }

  async #endLumi(): Promise<void> {
    const lumi = this.lumis[this.#ended++] as LumiBlock;
    await this.#each("globalEndLuminosityBlock", lumi);
  }

  async #endRun(): Promise<void> {
    const run = this.#openRun as LumiBlock;
    this.#openRun = undefined;
    await this.#each("globalEndRun", run);
  }

  async #each(name: string, { run, luminosityBlock }: LumiBlock): Promise<Caches> {
    const caches: Record<string, unknown> = {};
    let first: unknown;
    for (const hook of this.#options.hooks) {
      const id = name.endsWith("Run") ? { run } : { run, luminosityBlock };
      try {
        const value = await callGlobalHook(hook, name, id, this.#options.setup);
        if (value !== undefined && name.includes("Begin")) {
          toPosted(value, `module '${hook.module.label}' (${hook.module.type}): ${name}`);
          caches[hook.module.label] = value;
        }
      } catch (error) {
        first ??= error;
      }
    }
    if (first) throw first;
    return caches;
  }

  /** No further begin; every waiting thread is told. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#options.announce(-1, undefined);
    await this.#working;
  }

  /** The global end of everything begun, after all threads have finished. */
  async finish(): Promise<void> {
    await this.#working;
    let first: unknown;
    const attempt = async (end: () => Promise<void>) => {
      try {
        await end();
      } catch (error) {
        first ??= error;
      }
    };
    while (this.#ended < this.#begun) await attempt(() => this.#endLumi());
    if (this.#openRun) await attempt(() => this.#endRun());
    if (first) throw first;
  }
}
