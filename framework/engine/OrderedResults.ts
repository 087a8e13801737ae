/**
 * The main thread's share of the events, in input order whatever thread was first: appends clusters to the outputs and
 * runs the one:: analyzers, with their run and luminosity block transitions.
 */
import { Event } from "../data/Event.js";
import type { EventSetup } from "../data/EventSetup.js";
import type { OutputModule } from "../modules/one.js";
import { attemptAll } from "./attemptAll.js";
import type { BoundPlan, EventRecord, LumiBlock, RangeResult } from "./threadPlan.js";
import { callGlobalHook, type JobLevel, withContext } from "./transitions.js";
import { type ModuleMethods, methodsOf } from "./Worker.js";

export interface OneModule {
  readonly label: string;
  readonly type: string;
  readonly instance: object;
}

export class OrderedResults {
  readonly #outputs: readonly OneModule[];
  readonly #analyzers: readonly OneModule[];
  readonly #analyzeMethods: readonly ModuleMethods[];
  readonly #lumis: readonly LumiBlock[];
  readonly #setup: EventSetup;
  readonly #event: Event;
  readonly #waiting = new Map<number, RangeResult>();
  readonly #hooks: readonly JobLevel[];
  #next = 0;
  /** Index of the last luminosity block entered. */
  #position = -1;
  #lumi: LumiBlock | undefined;
  #run: LumiBlock | undefined;
  #working = Promise.resolve();
  readonly #onAppended: () => void;
  readonly eventsWritten: number[];

  /** `outputs` and `analyzers` in the order of the bound plan. */
  constructor(
    bound: BoundPlan,
    one: { outputs: readonly OneModule[]; analyzers: readonly OneModule[] },
    lumis: readonly LumiBlock[],
    setup: EventSetup,
    onAppended: () => void,
  ) {
    this.#outputs = one.outputs;
    this.#analyzers = one.analyzers;
    this.#analyzeMethods = one.analyzers.map(({ instance }) => methodsOf(instance, "EDAnalyzer", "one", 0));
    this.#hooks = [...one.analyzers, ...one.outputs].map((module) => ({
      module,
      target: module.instance,
      cache: [],
    }));
    this.#lumis = lumis;
    this.#setup = setup;
    this.#event = new Event(0, bound.slots, bound.firstSourceSlot);
    this.#onAppended = onAppended;
    this.eventsWritten = one.outputs.map(() => 0);
  }

  /** Ranges delivered in order so far. */
  get appended(): number {
    return this.#next;
  }

  /** Takes a range's result in any order; resolves when it and all before it are dealt with, or later. */
  deliver(result: RangeResult): Promise<void> {
    this.#waiting.set(result.ticket, result);
    this.#working = this.#working.then(() => this.#work());
    return this.#working;
  }

  async #work(): Promise<void> {
    for (let result = this.#waiting.get(this.#next); result; result = this.#waiting.get(this.#next)) {
      this.#waiting.delete(this.#next);
      await this.#take(result);
      this.#next++;
      this.#onAppended();
    }
  }

  async #take({ encoded, selected, records }: RangeResult): Promise<void> {
    for (const record of records) await this.#analyze(record);
    for (const [index, output] of this.#outputs.entries()) {
      if (encoded[index] === undefined) continue;
      const module = output.instance as OutputModule;
      await withContext(output, "Writing events", () => module.write(encoded[index] as never));
      this.eventsWritten[index] = (this.eventsWritten[index] ?? 0) + (selected[index] ?? 0);
    }
  }

  async #analyze(record: EventRecord): Promise<void> {
    await this.#enter(record.lumi);
    const event = this.#event;
    const { run, luminosityBlock, event: number, ordinal, streamID } = record;
    event.reset(() => undefined, 0);
    Object.assign(event, { run, luminosityBlock, event: number, ordinal, streamID });
    for (const [slot, product] of record.products) event.put({ slot } as never, product);
    for (const [index, analyzer] of this.#analyzers.entries()) {
      if (!record.reached[index]) continue;
      const outer = `Processing  Event run: ${run} lumi: ${luminosityBlock} event: ${number} stream: ${streamID}`;
      await withContext(analyzer, outer, () => this.#analyzeMethods[index]?.run(event, this.#setup));
    }
  }

  async #enter(lumi: number): Promise<void> {
    for (let next = this.#position + 1; next <= lumi; next++) {
      const block = this.#lumis[next] as LumiBlock;
      this.#position = next;
      const isNewRun = this.#run?.runIndex !== block.runIndex;
      await this.#leave(isNewRun);
      if (isNewRun) {
        this.#run = block;
        await this.#each("beginRun", block);
      }
      this.#lumi = block;
      await this.#each("beginLuminosityBlock", block);
    }
  }

  /** Ends the luminosity block, and the run with it when `endsRun`. */
  async #leave(endsRun: boolean): Promise<void> {
    const lumi = this.#lumi;
    const run = endsRun ? this.#run : undefined;
    this.#lumi = undefined;
    if (endsRun) this.#run = undefined;
    await attemptAll([
      () => lumi && this.#each("endLuminosityBlock", lumi),
      () => run && this.#each("endRun", run),
    ]);
  }

  async #each(name: string, { run, luminosityBlock }: LumiBlock): Promise<void> {
    const id = name.endsWith("Run") ? { run } : { run, luminosityBlock };
    await attemptAll(this.#hooks.map((hook) => () => callGlobalHook(hook, name, id, this.#setup)));
  }

  /** After the last range: takes what lies behind a gap left by a stopped thread, and ends the last run. */
  async finish(lastLumi: number): Promise<void> {
    await this.#working;
    const tickets = [...this.#waiting.keys()].sort((a, b) => a - b);
    for (const ticket of tickets) await this.#take(this.#waiting.get(ticket) as RangeResult);
    this.#waiting.clear();
    await this.#enter(lastLumi);
    await this.end();
  }

  /** The end transitions of what is open. */
  end(): Promise<void> {
    return this.#leave(true);
  }
}
