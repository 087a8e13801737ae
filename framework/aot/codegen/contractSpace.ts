/** The index space of a contraction in as few axes as its views allow, and a kernel's start in it. */
import type { Local } from "../kernel/ir.js";
import { KernelBuilder } from "../kernel/KernelBuilder.js";
import { viewsOf } from "../tensor/element.js";
import type { ContractStep, Element } from "../tensor/ir.js";
import type { LoopIndex, View } from "../tensor/View.js";
import { type CodegenContext, elementMemory } from "./context.js";
import { ElementEmitter } from "./emitElement.js";
import { groupAxes, regroupElement, regroupView, type Scope } from "./loopNest.js";
import { Position } from "./Position.js";

export interface Axis {
  readonly axis: number;
  readonly size: number;
}

/** An axis of the sum; strides in bytes. */
export interface SumAxis {
  readonly size: number;
  readonly left: number;
  readonly right: number;
}

export interface ContractSpace {
  readonly out: View;
  readonly epilogue: Element;
  /** Over m… and n, at the first k. */
  readonly left: View;
  readonly right: View;
  /** Axes of m that `right` depends on, and the others. */
  readonly batch: readonly Axis[];
  readonly rows: readonly Axis[];
  readonly columns: Axis;
  /** Outermost first, none of size 1; empty for a single product. */
  readonly sum: readonly SumAxis[];
  /** Whether there is nothing to add up. */
  readonly isEmptySum: boolean;
}

export function contractSpace(step: ContractStep): ContractSpace {
  const rank = step.out.rank - 1;
  const head = (view: View, column: number) =>
    view.strided(step.out.shape, [...view.strides.slice(0, rank), column]);
  const left = head(step.left, 0);
  const right = head(step.right, step.right.strides.at(-1) as number);
  const views = [step.out, left, right, ...viewsOf(step.epilogue)];
  const rows = groupAxes(step.out.shape, 0, rank, views, [step.epilogue]);
  const columns = { axis: rows.length, size: step.out.shape[rank] as number };
  const groups = [...rows, { size: columns.size, axes: [rank] }];
  const axes = rows.map(({ size }, axis) => ({ axis, size }));
  const regrouped = regroupView(right, groups);
  const isBatch = ({ axis }: Axis) => regrouped.strides[axis] !== 0;
  return {
    out: regroupView(step.out, groups),
    epilogue: regroupElement(step.epilogue, groups),
    left: regroupView(left, groups),
    right: regrouped,
    batch: axes.filter(isBatch),
    rows: axes.filter((axis) => !isBatch(axis)),
    columns,
    sum: sumAxes(step, rank),
    isEmptySum: step.left.shape.slice(rank).includes(0),
  };
}

/** The k axes, neighbours joined where both operands allow it. */
function sumAxes({ left, right }: ContractStep, rank: number): SumAxis[] {
  const bytes = elementMemory[left.dtype].sizeBytes;
  const joined: SumAxis[] = [];
  for (let axis = rank; axis < left.rank; axis++) {
    const size = left.shape[axis] as number;
    if (size === 1) continue;
    const own = {
      size,
      left: (left.strides[axis] as number) * bytes,
      right: (right.strides[axis] as number) * bytes,
    };
    const last = joined.at(-1);
    if (last && last.left === own.left * size && last.right === own.right * size)
      joined[joined.length - 1] = { ...own, size: size * last.size };
    else joined.push(own);
  }
  return joined;
}

/** An empty kernel outside of all axes. */
export function startContract(name: string, space: ContractSpace, context: CodegenContext): Scope {
  const k = new KernelBuilder(name);
  const loops = new Map<LoopIndex, Local>(context.loops.map((index) => [index, k.param(index.name)]));
  const views = [space.out, space.left, space.right, ...viewsOf(space.epilogue)];
  const position = Position.start(k, loops, space.columns.axis + 1, views);
  const emitter = new ElementEmitter(k, context, position, { vectorAxis: space.columns.axis });
  return { k, context, position, emitter, hoisted: [], vectorAxis: space.columns.axis };
}

/** Like walkTiles of loopNest.ts, in `count` tiles as equal as can be: tiles of one size, then of one row less. */
export function evenTiles(size: number, largest: number): { rows: number; from: number; to: number }[] {
  const count = Math.ceil(size / largest);
  const rows = Math.ceil(size / count);
  const shorter = count * rows - size;
  const end = (count - shorter) * rows;
  const tiles = [{ rows, from: 0, to: end }];
  if (shorter > 0) tiles.push({ rows: rows - 1, from: end, to: size });
  return tiles;
}
