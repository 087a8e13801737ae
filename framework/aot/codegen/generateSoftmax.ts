/**
 * Code of a softmax step, row by row: what a row's bits are depends on its length alone. Rows of a few vectors stay in
 * registers, several rows at once; longer ones go three times over `out`.
 */
import type { Kernel, Target } from "../kernel/ir.js";
import { read, viewsOf } from "../tensor/element.js";
import type { Element, SoftmaxStep } from "../tensor/ir.js";
import type { View } from "../tensor/View.js";
import type { CodegenContext } from "./context.js";
import { canVectorize } from "./elementAxes.js";
import {
  groupAxes,
  regroupElement,
  regroupView,
  type Scope,
  shift,
  startKernel,
  walk,
  walkTiles,
} from "./loopNest.js";
import { longSoftmaxRow } from "./longSoftmax.js";
import { shortSoftmaxRows } from "./shortSoftmax.js";
import type { SoftmaxRow } from "./softmaxRow.js";
import { VectorForm } from "./VectorForm.js";

/** Rows of up to so many vectors stay in registers. */
const shortRow = 8;

/** Two classes: one by one they need no joining of lanes and do not wait for two stores before one load. */
const longestScalarRow = 2;

/** Of float32 and float64; a NaN or +Inf makes its row NaN. */
export function generateSoftmax(step: SoftmaxStep, context: CodegenContext): Kernel {
  if (step.out.count === 0) return startKernel(step.origin, context, 0, step.out, []).k.build();
  const { out, value, isLog, origin } = joinAxes(step);
  const axis = out.rank - 1;
  const length = out.shape[axis] as number;
  const isContiguous = out.dtype === "float32" && (out.strides[axis] === 1 || length === 1);
  const form = new VectorForm(isContiguous && length > longestScalarRow, context.target.lanes);
  const scope = startKernel(origin, context, out.rank, out, [value], form.isVector ? axis : undefined);
  // What is no vector is first written to `out` element by element, and read from there.
  const isStaged = form.isVector && !canVectorize(value, axis);
  const row: SoftmaxRow = { form, out, value: isStaged ? read(out) : value, isLog, axis, length };
  const vectors = Math.ceil(length / form.lanes);
  const write = (rows: readonly Scope[]) => {
    if (isStaged) for (const at of rows) stage(at, axis, out, value);
    if (vectors <= shortRow) shortSoftmaxRows(rows, row);
    else for (const at of rows) longSoftmaxRow(at, row);
  };
  const outer = out.shape.slice(0, -1).map((size, at) => ({ axis: at, size }));
  const last = outer.pop();
  const atOnce = Math.max(1, Math.floor(vectorsAtOnce(context.target) / vectors));
  walk(scope, outer, (around) => {
    if (!last) write([around]);
    else
      walkTiles(around, last.axis, last.size, atOnce, (at, count) =>
        write(Array.from({ length: count }, (_, index) => shift(at, last.axis, index))),
      );
  });
  return scope.k.build();
}

/** Of all rows that go side by side: what registers hold beside the constants of exp. */
function vectorsAtOnce({ vectorRegisters }: Target): number {
  return vectorRegisters >= 32 ? 8 : 4;
}

/** The outer axes joined; the last one stays, however short. */
function joinAxes(step: SoftmaxStep): SoftmaxStep {
  const { out, value } = step;
  const last = out.rank - 1;
  const outer = groupAxes(out.shape, 0, last, [out, ...viewsOf(value)], [value]);
  const groups = [...outer, { size: out.shape[last] as number, axes: [last] }];
  return { ...step, out: regroupView(out, groups), value: regroupElement(value, groups) };
}

function stage(scope: Scope, axis: number, out: View, value: Element): void {
  const single = new VectorForm(false, 1);
  walkTiles(
    scope,
    axis,
    out.shape[axis] as number,
    4,
    (at, count) => {
      for (let index = 0; index < count; index++) {
        const place = shift(at, axis, index);
        single.store(place, out, single.emit(place, value));
      }
    },
    true,
  );
}
