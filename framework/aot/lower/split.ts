/** A tensor cut into pieces along an axis: views of it. */
import { intAttr } from "../../tensorflow/attributes.js";
import type { View } from "../tensor/View.js";
import type { Lower, LowerTable } from "./Lowering.js";
import { axisOf, integerOf } from "./operands.js";

/** Pieces of an axis, one after another. */
function pieces(view: View, axis: number, sizes: readonly number[]): View[] {
  let begin = 0;
  return sizes.map((size) => {
    const piece = view.slice(axis, begin, size);
    begin += size;
    return piece;
  });
}

const split: Lower = (trace, node, inputs) => {
  const [axisInput, x] = inputs as [View, View];
  const count = intAttr(node, "num_split");
  const axis = axisOf(trace, integerOf(trace, axisInput, "the axis"), x.rank);
  const size = (x.shape[axis] as number) / count;
  if (!Number.isInteger(size))
    return trace.unsupported(`axis ${axis} of [${x.shape}] has no ${count} equal parts; correct the graph`);
  return pieces(x, axis, new Array<number>(count).fill(size));
};

/** One size may be -1: what is left over. */
const splitV: Lower = (trace, _node, inputs) => {
  const [x, sizesInput, axisInput] = inputs as [View, View, View];
  const axis = axisOf(trace, integerOf(trace, axisInput, "the axis"), x.rank);
  const extent = x.shape[axis] as number;
  const given = trace.integers(sizesInput, "the sizes of the pieces");
  const known = given.reduce((sum, size) => sum + Math.max(size, 0), 0);
  const sizes = given.map((size) => (size === -1 ? extent - known : size));
  if (sizes.some((size) => size < 0) || sizes.reduce((sum, size) => sum + size, 0) !== extent)
    return trace.unsupported(`sizes [${given}] do not add up to ${extent}; correct the graph or the feeds`);
  return pieces(x, axis, sizes);
};

const unpack: Lower = (trace, node, inputs) => {
  const [x] = inputs as [View];
  const axis = axisOf(trace, intAttr(node, "axis", 0), x.rank);
  const count = intAttr(node, "num");
  if (x.shape[axis] !== count)
    return trace.unsupported(`axis ${axis} of [${x.shape}] has no ${count} elements; correct the graph`);
  return Array.from({ length: count }, (_, i) => x.at(axis, i));
};

export const splitLowerings: LowerTable = { Split: split, SplitV: splitV, Unpack: unpack };
