/**
 * A source: tells on the main thread which events there are (ranges, in input order) and reads them in whichever thread
 * claims a range. Each thread has an instance of its own; nothing decoded crosses a thread.
 */
import type { BranchDescription } from "../data/BranchDescription.js";
import type { EventID } from "../data/EventID.js";
import type { LumiSegment } from "../data/LumiSegment.js";
import type { ProductType } from "../data/ProductType.js";
import type { InputTag } from "../parameters/InputTag.js";
import type { ProcessConfiguration } from "./one.js";

/** A fixed range of the input: what a thread claims, and what becomes one cluster of each output. */
export interface InputRange {
  /** Ordinal of the first event in the job's input. */
  readonly firstOrdinal: number;
  readonly count: number;
  readonly segments: readonly LumiSegment[];
  /** How the source finds the events again: plain data of its own. */
  readonly token: unknown;
}

/** The events of a range, read. */
export interface EventBlock {
  id(entry: number): EventID;
  /** The product of a source slot (index into the consumed source products); undefined when absent. */
  product(index: number, entry: number): unknown;
}

/** A product the source can provide, or why it cannot. */
export type Provided = { readonly description: BranchDescription } | { readonly refusal: string };

/** A consumed source product: the branch it was resolved to and the type its consumer asked for. */
export interface SourceProduct {
  readonly description: BranchDescription;
  readonly type: ProductType<unknown>;
}

export abstract class InputSource {
  static readonly concurrency = "source";
  static readonly kind = "Source";

  /** Main thread, first: opens the input. @throws FileOpenError, FileReadError. */
  open(): void | Promise<void> {}
  /** The processes that made the input, oldest first. */
  history(): readonly ProcessConfiguration[] {
    return [];
  }
  /** Everything an output module's `keep *` may find in the input, beside what modules consume. */
  branches(): readonly SourceProduct[] {
    return [];
  }
  /** All products that match, newest process first; or one refusal that says why there is none. */
  provides(_type: ProductType<unknown>, _tag: InputTag): readonly Provided[] {
    return [];
  }
  /** Main thread: the input in order. `limit`: events wanted at most, or Infinity. */
  abstract ranges(limit: number): AsyncGenerator<InputRange, void, void> | Generator<InputRange, void, void>;
  /** How many events ranges() will give, where it is known before reading on. */
  expectedEvents(_limit: number): number | undefined {
    return undefined;
  }
  /** Any thread, once: which products will be read. */
  setProducts(_products: readonly SourceProduct[]): void {}
  /** Any thread: reads a range. @throws FileReadError naming file and place. */
  abstract read(range: InputRange): EventBlock | Promise<EventBlock>;
  close(): void | Promise<void> {}
}
