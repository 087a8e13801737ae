/**
 * Code of a reduce step. The order of a sum follows from the inner extents and strides alone, so that a row has the same
 * bits in every batch: along contiguous inner elements by lanes (reduceLanes.ts), else one after the other (long
 * float sums by parts, reduceUnits.ts), for several outputs at once (reduceTiles.ts).
 */
import type { Kernel } from "../kernel/ir.js";
import { constantElement, rewrite, viewsOf } from "../tensor/element.js";
import type { ReduceStep } from "../tensor/ir.js";
import { sizeOf } from "../tensor/View.js";
import type { CodegenContext } from "./context.js";
import { canVectorize, dependsOn } from "./elementAxes.js";
import { generateMap } from "./generateMap.js";
import { groupAxes, regroupElement, regroupView, startKernel } from "./loopNest.js";
import { generateLanes } from "./reduceLanes.js";
import { identity, isArg } from "./reduceOps.js";
import { generateTiles } from "./reduceTiles.js";

/** Writes `out`; nothing but the inner extents and strides decides how an element is summed. */
export function generateReduce(step: ReduceStep, context: CodegenContext): Kernel {
  const { origin, out } = step;
  if (out.count === 0) return startKernel(origin, context, 0, out, []).k.build();
  if (sizeOf(step.inner) === 0)
    return generateMap({ kind: "map", origin, out, value: ofNothing(step) }, context);
  const joined = joinAxes(step);
  return hasLanes(joined, context.target.lanes)
    ? generateLanes(joined, context)
    : generateTiles(joined, context);
}

/** The epilogue of a reduction over no elements. */
function ofNothing({ op, value, epilogue }: ReduceStep) {
  const start = isArg(op) ? 0 : identity(op, value.dtype);
  return rewrite(epilogue, (part) =>
    part.kind === "accumulator" ? constantElement(part.dtype, start) : part,
  );
}

/** The same over the fewest axes; outer and inner ones stay apart. */
function joinAxes(step: ReduceStep): ReduceStep {
  const { out, inner, value, epilogue } = step;
  const shape = [...out.shape, ...inner];
  const elements = [value, epilogue];
  const outerViews = [out, ...elements.flatMap(viewsOf)];
  const outer = groupAxes(shape, 0, out.rank, outerViews, elements);
  const within = groupAxes(shape, out.rank, shape.length, viewsOf(value), [value]);
  return {
    ...step,
    out: regroupView(out, outer),
    inner: within.map(({ size }) => size),
    value: regroupElement(value, [...outer, ...within]),
    epilogue: regroupElement(epilogue, outer),
  };
}

/** Whether the innermost inner axis is contiguous and long enough for partial results in lanes. */
function hasLanes({ op, out, inner, value }: ReduceStep, lanes: number): boolean {
  const axis = out.rank + inner.length - 1;
  // Where an extreme was takes long to find among the lanes: rows of 10 take twice the time by lanes.
  const shortest = isArg(op) ? 8 * lanes : 2 * lanes;
  if ((inner.at(-1) ?? 0) < shortest) return false;
  return canVectorize(value, axis) && dependsOn(value, axis);
}
