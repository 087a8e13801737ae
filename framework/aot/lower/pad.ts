/** A tensor with margins around it: convolutions and poolings read it by windows. Every element is written once. */
import { read } from "../tensor/element.js";
import type { Element } from "../tensor/ir.js";
import { sizeOf, View } from "../tensor/View.js";
import type { Trace } from "./Lowering.js";

/** Elements before and after those of an axis. */
export type Margin = readonly [before: number, after: number];

/** `value` in the margins, in an index space of no axes. The same view where there are none. */
export function pad(trace: Trace, x: View, margins: readonly Margin[], value: Element): View {
  if (margins.every(([before, after]) => before === 0 && after === 0)) return x;
  const shape = x.shape.map((size, axis) => size + (margins[axis]?.[0] ?? 0) + (margins[axis]?.[1] ?? 0));
  const out = View.of(trace.newStorage(x.dtype, sizeOf(shape)), shape);
  const fill = (part: View) =>
    trace.mapInto(part, value.kind === "read" ? read(value.view, part.shape) : value);
  // The margins of the first axis go over all others, those of the next over what is left.
  let interior = out;
  for (const [axis, [before, after]] of margins.entries()) {
    const size = x.shape[axis] as number;
    fill(interior.slice(axis, 0, before));
    fill(interior.slice(axis, before + size, after));
    interior = interior.slice(axis, before, size);
  }
  trace.mapInto(interior, read(x));
  return out;
}
