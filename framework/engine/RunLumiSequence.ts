/**
 * The job's runs and luminosity blocks in input order: begins each globally when a thread needs it and enough earlier
 * ones are over, ends each when every thread has ended it. Lives on the main thread.
 */
import { toPosted } from "../base/sharedForm.js";
import type { EventSetup } from "../data/EventSetup.js";
import type { LumiSegment } from "../data/LumiSegment.js";
import { attemptAll } from "./attemptAll.js";
import type { BegunLumi, LumiBlock } from "./threadPlan.js";
import { callGlobalHook, type JobLevel } from "./transitions.js";

/** What modules returned from a global begin transition: live on the main thread, posted to the others. */
interface Caches {
  [label: string]: unknown;
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
  /** Of every luminosity block that has begun and not ended, by index. */
  readonly #lumiCaches = new Map<number, Caches>();
  #isStopped = false;
  #working: Promise<void> | undefined;
  #isWorking = false;
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
    if (!this.#isWorking) this.#working = this.#work();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    try {
      while (this.#again) {
        this.#again = false;
        while (await this.#one()) this.#again = true;
      }
    } catch (error) {
      this.#options.failed(error);
    } finally {
      // In the same turn as the last look at #again: a call of advance() in between would be lost.
      this.#isWorking = false;
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
      const runIsOver =
        this.#ended === this.#begun && (this.#runEnds[this.#openRun.runIndex] ?? 0) >= threadCount;
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
      this.#runCaches = {};
      await this.#each("globalBeginRun", lumi, this.#runCaches);
    }
    this.#begun++;
    const lumiCaches: Caches = {};
    this.#lumiCaches.set(lumi.index, lumiCaches);
    await this.#each("globalBeginLuminosityBlock", lumi, lumiCaches);
    this.#options.announce(lumi.index, { lumi, runCaches: this.#runCaches, lumiCaches });
  }

  async #endLumi(): Promise<void> {
    const lumi = this.lumis[this.#ended++] as LumiBlock;
    const caches = this.#lumiCaches.get(lumi.index) ?? {};
    this.#lumiCaches.delete(lumi.index);
    await this.#each("globalEndLuminosityBlock", lumi, caches);
  }

  async #endRun(): Promise<void> {
    const run = this.#openRun as LumiBlock;
    this.#openRun = undefined;
    await this.#each("globalEndRun", run, this.#runCaches);
  }

  /** A begin transition puts what modules return into `caches`, an end transition gives it back to them. */
  async #each(name: string, { run, luminosityBlock }: LumiBlock, caches: Caches): Promise<void> {
    const { hooks, setup } = this.#options;
    const id = name.endsWith("Run") ? { run } : { run, luminosityBlock };
    const call = async (hook: JobLevel) => {
      const { label, type } = hook.module;
      const value = await callGlobalHook(hook, name, id, setup, caches[label]);
      if (value === undefined || name.startsWith("globalEnd")) return;
      toPosted(value, `module '${label}' (${type}): ${name}`);
      caches[label] = value;
    };
    await attemptAll(hooks.map((hook) => () => call(hook)));
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
    const lumis = Array.from({ length: this.#begun - this.#ended }, () => () => this.#endLumi());
    await attemptAll([...lumis, () => this.#openRun && this.#endRun()]);
  }
}
