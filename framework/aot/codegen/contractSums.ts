/**
 * The loops over k around a step that adds the products of one k to its sums: short runs written out, long ones as a
 * loop that only moves two addresses. All tiles of a contraction take k in the same order.
 */
import { add, i32, mul } from "../kernel/expr.js";
import type { Expr } from "../kernel/ir.js";
import type { KernelBuilder } from "../kernel/KernelBuilder.js";
import { moved, movedBy, type Places } from "./contractAddress.js";
import type { SumAxis } from "./contractSpace.js";
import type { Address } from "./Position.js";

export interface SumLoops {
  readonly k: KernelBuilder;
  readonly axes: readonly SumAxis[];
  /** Products of one round of the innermost loop; a multiple of `split`. */
  readonly unroll: number;
  /** Runs of at most so many are written out. */
  readonly longestRun: number;
  /** WebAssembly: addresses that each round moves; otherwise products of the index, which C compilers turn into them. */
  readonly hasPointers: boolean;
  /** `position` in its run of k. */
  readonly step: (places: Places, position: number) => void;
}

export function writeSums(loops: SumLoops, places: Places): void {
  writeAxis(loops, places, 0);
}

function writeAxis(loops: SumLoops, places: Places, depth: number): void {
  const { axes, k, longestRun, step } = loops;
  const axis = axes[depth];
  if (!axis) {
    step(places, 0);
    return;
  }
  const { size, left, right } = axis;
  const isInnermost = depth === axes.length - 1;
  const inner = axes.slice(depth + 1).reduce((product, next) => product * next.size, 1);
  if (size * inner <= longestRun) {
    for (let i = 0; i < size; i++) {
      const at = { left: moved(places.left, i * left), right: moved(places.right, i * right) };
      if (isInnermost) step(at, i);
      else writeAxis(loops, at, depth + 1);
    }
  } else if (isInnermost) writeRun(loops, places, axis);
  else
    k.for(0, size, 1, (index) => {
      const at = {
        left: movedBy(k, places.left, index, left, true),
        right: movedBy(k, places.right, index, right, true),
      };
      writeAxis(loops, at, depth + 1);
    });
}

/** The innermost axis as a loop, and what does not fill a round written out behind it. */
function writeRun(loops: SumLoops, places: Places, axis: SumAxis): void {
  const { unroll, step } = loops;
  const whole = axis.size - (axis.size % unroll);
  const steps = (from: Places, count: number) => {
    for (let i = 0; i < count; i++)
      step({ left: moved(from.left, i * axis.left), right: moved(from.right, i * axis.right) }, i);
  };
  if (loops.hasPointers && axis.left >= 0 && axis.right > 0) writePointers(loops, places, axis, whole, steps);
  else
    loops.k.for(0, whole, unroll, (index) => {
      const at = {
        left: movedBy(loops.k, places.left, index, axis.left, false),
        right: movedBy(loops.k, places.right, index, axis.right, false),
      };
      steps(at, unroll);
    });
  const rest = {
    left: moved(places.left, whole * axis.left),
    right: moved(places.right, whole * axis.right),
  };
  steps(rest, axis.size - whole);
}

type Steps = (from: Places, count: number) => void;

/** The right address is the loop's counter. */
function writePointers(
  { k, unroll }: SumLoops,
  { left, right }: Places,
  axis: SumAxis,
  whole: number,
  steps: Steps,
): void {
  const pointer = axis.left === 0 ? undefined : k.variable(left.index, "left");
  const end = add(right.index, i32(whole * axis.right));
  k.for(right.index, end, unroll * axis.right, (index: Expr) => {
    const from: Address = { index: pointer ?? left.index, offset: left.offset };
    steps({ left: from, right: { index, offset: right.offset } }, unroll);
    if (pointer) k.set(pointer, add(pointer, mul(i32(unroll), i32(axis.left))));
  });
}
