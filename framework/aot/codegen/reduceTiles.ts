/**
 * Reductions element by element in order, for a tile of outputs at once: neighbours along contiguous outputs as vectors,
 * several of them and of their rows for the machine's width. Pooling windows and depthwise filters end up here: written
 * out, each input of overlapping windows is loaded once.
 */
import { i32 } from "../kernel/expr.js";
import type { Expr, Kernel } from "../kernel/ir.js";
import type { ReduceStep } from "../tensor/ir.js";
import type { CodegenContext } from "./context.js";
import { canVectorize, weight } from "./elementAxes.js";
import { enterAll, type Scope, shift, startKernel, walk, walkTiles } from "./loopNest.js";
import { isArg } from "./reduceOps.js";
import { isWindow, reduceUnits } from "./reduceUnits.js";

/** @param step over joined axes */
export function generateTiles(step: ReduceStep, context: CodegenContext): Kernel {
  const { origin, out, inner, value, epilogue } = step;
  const rank = out.rank + inner.length;
  const vectorAxis = out.shape.findIndex((_size, axis) => isVectorAxis(step, axis));
  const isVector = vectorAxis >= 0;
  const scope = startKernel(origin, context, rank, out, [value, epilogue], isVector ? vectorAxis : undefined);
  const outer = out.shape.map((size, axis) => ({ axis, size })).filter(({ axis }) => axis !== vectorAxis);
  const row = outer.pop();
  const { lanes } = context.target;
  const vectors = isVector ? Math.ceil((out.shape[vectorAxis] as number) / lanes) : 1;
  const budget = accumulatorBudget(step, context);
  const across = Math.min(vectors, isWindow(step) && row ? 1 : 4, budget);
  const rows = Math.max(1, Math.floor(budget / across));

  const reduceColumn = (at: readonly Scope[]) => {
    if (!isVector)
      return reduceUnits(
        step,
        at.map((place) => ({ scope: place, count: undefined })),
      );
    const size = out.shape[vectorAxis] as number;
    const tile = across * lanes;
    const reduceAt = (from: Expr, count: number) => {
      const units = enterAll(at, vectorAxis, from, true).flatMap((start) => {
        return range(0, count, lanes).map((lane) => ({
          scope: shift(start, vectorAxis, lane),
          count: Math.min(lanes, count - lane),
        }));
      });
      reduceUnits(step, units);
    };
    const whole = size - (size % tile);
    scope.k.for(0, whole, tile, (index) => reduceAt(index, tile));
    if (whole < size) reduceAt(i32(whole), size - whole);
  };
  walk(scope, outer, (around) => {
    if (!row) return reduceColumn([around]);
    walkTiles(around, row.axis, row.size, rows, (at, count) =>
      reduceColumn(range(0, count, 1).map((index) => shift(at, row.axis, index))),
    );
  });
  return scope.k.build();
}

function range(from: number, to: number, step: number): number[] {
  return Array.from(
    { length: Math.max(0, Math.ceil((to - from) / step)) },
    (_, index) => from + index * step,
  );
}

function isVectorAxis({ op, out, value, epilogue }: ReduceStep, axis: number): boolean {
  if (out.strides[axis] !== 1 || out.dtype === "bool") return false;
  return canVectorize(value, axis) && canVectorize(epilogue, axis) && !(isArg(op) && value.dtype === "bool");
}

/**
 * Accumulators at once. Windows also keep in registers what neighbours share: four depthwise 3×3 outputs at once take
 * 0.63 of the time of eight (16×16×32, WebAssembly). Extremes take two registers each.
 */
function accumulatorBudget(step: ReduceStep, { target }: CodegenContext): number {
  const { op, value } = step;
  if (weight(value) > 6) return 2;
  const most = Math.min(8, target.vectorRegisters / 2);
  return isWindow(step) || !(op === "sum" || op === "prod") ? most / 2 : most;
}
