/**
 * Where each storage lies in the arena. One that is no longer read gives its place to the next; what a loop carries
 * from round to round keeps its place while the loop runs. Inputs and outputs keep theirs.
 */
import { type Block, blockAlignment, roundUp } from "../kernel/ir.js";
import { bytesPerElement } from "../../tensorflow/dtypes.js";
import type { Step } from "../tensor/ir.js";
import type { Storage } from "../tensor/View.js";
import { bodiesOf, isCompute, readsOf } from "./access.js";

/** First and last step, by number, that touch a storage. */
interface Life {
  from: number;
  to: number;
}

/** Gives every storage of the steps that is no constant a block. Returns the arena's size in bytes. */
export function planMemory(steps: readonly Step[], kept: readonly Storage[]): number {
  const lives = new Lifetimes(steps).lives;
  let sizeBytes = blockAlignment;
  const place = (storage: Storage, at: number, bytes: number) => {
    storage.block = { name: storage.name, space: "arena", sizeBytes: bytes, place: at } satisfies Block;
    sizeBytes = Math.max(sizeBytes, at + bytes);
  };
  for (const storage of new Set(kept)) {
    place(storage, sizeBytes, bytesOf(storage));
    lives.delete(storage);
  }
  const start = sizeBytes;
  const placed: { readonly life: Life; readonly at: number; readonly end: number }[] = [];
  // The largest first: they leave the fewest gaps.
  const waiting = [...lives].sort(([a], [b]) => bytesOf(b) - bytesOf(a));
  for (const [storage, life] of waiting) {
    const bytes = bytesOf(storage);
    const neighbours = placed
      .filter((other) => other.life.from <= life.to && life.from <= other.life.to)
      .sort((a, b) => a.at - b.at);
    let at = start;
    for (const other of neighbours) {
      if (at + bytes <= other.at) break;
      at = Math.max(at, other.end);
    }
    place(storage, at, bytes);
    placed.push({ life, at, end: at + bytes });
  }
  return roundUp(sizeBytes);
}

function bytesOf({ dtype, count }: Storage): number {
  return Math.max(roundUp(count * bytesPerElement(dtype)), blockAlignment);
}

class Lifetimes {
  readonly lives = new Map<Storage, Life>();
  #clock = 0;

  constructor(steps: readonly Step[]) {
    this.#walk(steps);
  }

  #walk(steps: readonly Step[]): void {
    for (const step of steps) {
      this.#clock++;
      for (const { storage } of readsOf(step)) this.#touch(storage);
      if (isCompute(step)) this.#touch(step.out.storage);
      const begin = this.#clock;
      const outer = new Set(this.lives.keys());
      for (const body of bodiesOf(step)) this.#walk(body);
      if (step.kind === "loop") this.#carry(step, begin, outer);
    }
  }

  #touch(storage: Storage): void {
    if (storage.data) return;
    const life = this.lives.get(storage);
    if (life) life.to = this.#clock;
    else this.lives.set(storage, { from: this.#clock, to: this.#clock });
  }

  /** What a round reads before it writes it, or what existed before the loop, lives as long as the loop. */
  #carry(loop: Step, begin: number, outer: ReadonlySet<Storage>): void {
    const end = ++this.#clock;
    const isCarried = carriedBy(loop);
    for (const [storage, life] of this.lives) {
      const isInside = life.to > begin;
      if (!isInside || (!outer.has(storage) && !isCarried.has(storage))) continue;
      life.from = Math.min(life.from, begin);
      life.to = end;
    }
    if (loop.kind === "loop" && loop.condition) this.#touch(loop.condition.storage);
  }
}

/** Storages that a body reads before it has written all of them. */
function carriedBy(loop: Step): Set<Storage> {
  const carried = new Set<Storage>();
  const walk = (steps: readonly Step[], outer: ReadonlySet<Storage>) => {
    const written = new Set(outer);
    for (const step of steps) {
      for (const { storage } of readsOf(step)) if (!written.has(storage)) carried.add(storage);
      if (isCompute(step)) {
        // A part of it may be left from the round before.
        if (step.out.isWhole) written.add(step.out.storage);
        else if (!written.has(step.out.storage)) carried.add(step.out.storage);
      }
      // A branch or an inner loop may not run: what it writes is written for the steps in it alone.
      for (const body of bodiesOf(step)) walk(body, written);
    }
  };
  for (const body of bodiesOf(loop)) walk(body, new Set());
  return carried;
}
