/** Gathers, while a thread works on a range, what leaves the thread: each output's cluster and the one:: analyzers' events. */
import type { ProductReader } from "../data/Event.js";
import type { EventID } from "../data/EventID.js";
import type { EventBlock } from "../modules/InputSource.js";
import type { OutputModule } from "../modules/one.js";
import { isSelected } from "./selectEvents.js";
import type { StreamSchedule } from "./StreamSchedule.js";
import type { BoundPlan, EventRecord, RangeResult } from "./threadPlan.js";
import { withContext } from "./transitions.js";
import { state } from "./Worker.js";

interface Kept {
  readonly entry: number;
  readonly id: EventID;
  readonly products: readonly unknown[];
}

/** The thread side of an output module. */
export interface ThreadOutput {
  readonly label: string;
  readonly type: string;
  readonly instance: OutputModule;
}

export class RangeCollector {
  /** The first error of an event that was waiting for a promise. */
  failure: unknown;
  /** Gives streams the source products of the range at hand. */
  read: ProductReader = () => undefined;

  readonly #bound: BoundPlan;
  readonly #outputs: readonly ThreadOutput[];
  /** Worker index of each output and analyzer. */
  readonly #outputWorkers: readonly number[];
  readonly #analyzerWorkers: readonly number[];
  #kept: Kept[][] = [];
  #records: { entry: number; record: EventRecord }[] = [];
  /** Per output: events of earlier ranges. */
  readonly #written: number[];
  readonly #inFlight = new Set<Promise<void>>();

  constructor(bound: BoundPlan, outputs: readonly ThreadOutput[]) {
    this.#bound = bound;
    this.#outputs = outputs;
    const workers = bound.schedule.workers;
    this.#outputWorkers = bound.outputs.map(({ label }) => workers.indexOf(label));
    this.#analyzerWorkers = bound.analyzers.map(({ label }) => workers.indexOf(label));
    this.#written = bound.outputs.map(() => 0);
  }

  start(block: EventBlock): void {
    this.#kept = this.#bound.outputs.map(() => []);
    this.#records = [];
    this.read = (index, entry) => block.product(index, entry);
  }

  /** Every output has as many events as the job may write. */
  get isFull(): boolean {
    const { maxOutput } = this.#bound;
    if (maxOutput === undefined || this.#kept.length === 0) return false;
    return this.#kept.every((kept, output) => (this.#written[output] as number) + kept.length >= maxOutput);
  }

  /** An event has gone through all paths. */
  done(stream: StreamSchedule, entry: number, lumi: number): void {
    const outputs = this.#outputWorkers;
    for (let i = 0; i < outputs.length; i++) this.#keep(stream, entry, i, outputs[i] as number);
    if (this.#analyzerWorkers.length > 0) this.#record(stream, entry, lumi);
  }

  #keep(stream: StreamSchedule, entry: number, output: number, worker: number): void {
    const plan = this.#bound.outputs[output];
    if (!plan || stream.workers[worker]?.state !== state.passed) return;
    if (!isSelected(plan.selection, stream.states)) return;
    const { event } = stream;
    const { run, luminosityBlock } = event;
    const products = plan.kept.map(({ slot }) => event.productAt(slot));
    this.#kept[output]?.push({ entry, id: { run, luminosityBlock, event: event.event }, products });
  }

  #record({ event, workers, streamID }: StreamSchedule, entry: number, lumi: number): void {
    const { analyzers } = this.#bound;
    const reached = this.#analyzerWorkers.map((worker) => workers[worker]?.state === state.passed);
    const products = new Map<number, unknown>();
    for (const [index, { slots }] of analyzers.entries()) {
      if (reached[index]) for (const slot of slots) if (slot >= 0) products.set(slot, event.productAt(slot));
    }
    const { run, luminosityBlock, ordinal } = event;
    this.#records.push({
      entry,
      record: { lumi, run, luminosityBlock, event: event.event, ordinal, streamID, reached, products },
    });
  }

  /** An event waits for a promise: it is done, or has failed, when that is settled. */
  follow(stream: StreamSchedule, entry: number, lumi: number, pending: Promise<void>): void {
    const settled = pending
      .then(() => this.done(stream, entry, lumi))
      .catch((error: unknown) => {
        this.failure ??= error;
      })
      .finally(() => {
        stream.isBusy = false;
        this.#inFlight.delete(settled);
      });
    this.#inFlight.add(settled);
  }

  async oneDone(): Promise<void> {
    await Promise.race(this.#inFlight);
  }

  /** Waits for all events in flight. */
  async drained(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
  }

  /** Encodes the range. @throws the failure of an event that was in flight. */
  async finish(ticket: number): Promise<RangeResult> {
    if (this.failure) throw this.failure;
    const encoded: unknown[] = [];
    const selected: number[] = [];
    for (const [index, output] of this.#outputs.entries()) {
      const kept = this.#wanted(index);
      encoded.push(kept.length > 0 ? await encode(output, kept) : undefined);
      selected.push(kept.length);
    }
    const records = this.#records.sort((a, b) => a.entry - b.entry).map(({ record }) => record);
    return { ticket, encoded, selected, records };
  }

  /** The events kept for an output, in input order (those that waited for promises finish in any), up to its limit. */
  #wanted(output: number): Kept[] {
    const { maxOutput = Number.POSITIVE_INFINITY } = this.#bound;
    const written = this.#written[output] as number;
    const kept = (this.#kept[output] ?? []).sort((a, b) => a.entry - b.entry).slice(0, maxOutput - written);
    this.#written[output] = written + kept.length;
    return kept;
  }
}

function encode({ label, type, instance }: ThreadOutput, kept: readonly Kept[]): Promise<unknown> {
  const batch = { ids: kept.map(({ id }) => id), products: kept.map(({ products }) => products) };
  return withContext({ label, type }, "Encoding events", () => instance.encode(batch));
}
