/**
 * Where code stands in a step's index space: the coordinate of each axis and, for all views of the step, how far into
 * their storages that is. Each loop level computes its part once; views with the same strides share it.
 */
import { Exception } from "../../base/errors.js";
import { add, i32, mul } from "../kernel/expr.js";
import type { Expr, Local } from "../kernel/ir.js";
import type { KernelBuilder } from "../kernel/KernelBuilder.js";
import type { LoopIndex, View } from "../tensor/View.js";
import { elementMemory } from "./context.js";

/** Bytes from a block's start: `offset` ≥ 0, and so is `index` wherever the code reads. */
export interface Address {
  readonly index: Expr;
  readonly offset: number;
}

/** The views that move alike through memory. */
interface Walk {
  readonly strides: readonly number[];
  /** Bytes from the block's start, as far as the entered axes lead. */
  readonly start: Expr;
}

export class Position {
  readonly #k: KernelBuilder;
  readonly #walks: ReadonlyMap<string, Walk>;
  readonly #coordinates: readonly (Expr | undefined)[];
  readonly #shifts: readonly number[];

  private constructor(
    k: KernelBuilder,
    walks: ReadonlyMap<string, Walk>,
    coordinates: readonly (Expr | undefined)[],
    shifts: readonly number[],
  ) {
    this.#k = k;
    this.#walks = walks;
    this.#coordinates = coordinates;
    this.#shifts = shifts;
  }

  /**
   * At no coordinate yet. `views`: all whose addresses will be asked for; those with fewer axes than others stay where
   * they are along the rest. `loops`: the kernel's parameters.
   */
  static start(
    k: KernelBuilder,
    loops: ReadonlyMap<LoopIndex, Local>,
    rank: number,
    views: readonly View[],
  ): Position {
    const walks = new Map<string, Walk>();
    for (const view of views) {
      const key = keyOf(view);
      if (walks.has(key)) continue;
      const size = bytesOf(view);
      let start = i32(isBackwards(view) ? view.offset * size : 0);
      for (const { index, stride } of view.terms) {
        const local = loops.get(index);
        if (!local) throw new Exception("LogicError", `no loop counts '${index.name}' around this step.`);
        start = add(start, mul(local, i32(stride * size)));
      }
      walks.set(key, { strides: view.strides.map((stride) => stride * size), start: k.let(start, "at") });
    }
    return new Position(
      k,
      walks,
      new Array<undefined>(rank).fill(undefined),
      new Array<number>(rank).fill(0),
    );
  }

  /** At coordinate `index` of an axis: writes the code that moves all views there. */
  enter(axis: number, index: Expr): Position {
    return Position.enterAll([this], axis, index)[0] as Position;
  }

  /** Several at once: those that are only shifted against each other share their code. */
  static enterAll(positions: readonly Position[], axis: number, index: Expr): Position[] {
    const moved = new Map<ReadonlyMap<string, Walk>, ReadonlyMap<string, Walk>>();
    return positions.map((position) => {
      const walks = moved.get(position.#walks) ?? position.#moved(axis, index);
      moved.set(position.#walks, walks);
      return new Position(position.#k, walks, position.#coordinates.with(axis, index), position.#shifts);
    });
  }

  #moved(axis: number, index: Expr): ReadonlyMap<string, Walk> {
    const walks = new Map<string, Walk>();
    for (const [key, walk] of this.#walks) {
      const stride = walk.strides[axis] ?? 0;
      const moved = add(walk.start, mul(index, i32(stride)));
      walks.set(key, stride === 0 ? walk : { ...walk, start: this.#k.let(moved, "at") });
    }
    return walks;
  }

  /** `count` further along an axis; writes no code. */
  shift(axis: number, count: number): Position {
    if (count === 0) return this;
    const shift = (this.#shifts[axis] as number) + count;
    return new Position(this.#k, this.#walks, this.#coordinates, this.#shifts.with(axis, shift));
  }

  get rank(): number {
    return this.#coordinates.length;
  }

  isEntered(axis: number): boolean {
    return this.#coordinates[axis] !== undefined;
  }

  /** The axes that `before` has entered at another coordinate. */
  movedSince(before: Position): number[] {
    const axes = [...this.#coordinates.keys()].filter((axis) => before.isEntered(axis));
    return axes.filter(
      (axis) =>
        this.#coordinates[axis] !== before.#coordinates[axis] || this.#shifts[axis] !== before.#shifts[axis],
    );
  }

  /** An i32. @throws LogicError before the axis is entered */
  coordinate(axis: number): Expr {
    const coordinate = this.#coordinates[axis];
    if (!coordinate) throw new Exception("LogicError", `axis ${axis} of the index space is not entered.`);
    return add(coordinate, i32(this.#shifts[axis] as number));
  }

  /** @throws LogicError for a view that start() was not given */
  address(view: View): Address {
    const walk = this.#walks.get(keyOf(view));
    if (!walk) throw new Exception("LogicError", `a view of '${view.storage.name}' has no position.`);
    let offset = isBackwards(view) ? 0 : view.offset * bytesOf(view);
    for (const [axis, stride] of walk.strides.entries()) offset += stride * (this.#shifts[axis] as number);
    const { start } = walk;
    if (start.kind === "constant") return { index: i32(0), offset: Number(start.value) + offset };
    return offset >= 0 ? { index: start, offset } : { index: add(start, i32(offset)), offset: 0 };
  }
}

function bytesOf(view: View): number {
  return elementMemory[view.dtype].sizeBytes;
}

/** Going backwards, the constant part of an address must lie in its index: an index below 0 would be far outside. */
function isBackwards(view: View): boolean {
  return view.strides.some((stride) => stride < 0) || view.terms.some(({ stride }) => stride < 0);
}

const loopIds = new WeakMap<LoopIndex, number>();
let loopCount = 0;

function idOf(index: LoopIndex): number {
  const id = loopIds.get(index) ?? ++loopCount;
  loopIds.set(index, id);
  return id;
}

function keyOf(view: View): string {
  const size = bytesOf(view);
  const terms = view.terms.map(({ index, stride }) => `${idOf(index)}*${stride * size}`);
  const start = isBackwards(view) ? view.offset * size : "";
  return `${view.strides.map((stride) => stride * size).join()};${terms.join()};${start}`;
}
