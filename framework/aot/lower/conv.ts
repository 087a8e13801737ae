/** Conv2D and Conv3D: the windows of the images contracted with the filter; groups of channels are batches of that. */
import { intsAttr } from "../../tensorflow/attributes.js";
import type { View } from "../tensor/View.js";
import type { Lower, LowerTable } from "./Lowering.js";
import { numberElement } from "./operands.js";
import { contractInto } from "./reduceTo.js";
import { coverWith, ImageFormat, range, windowsOf } from "./windows.js";

const convolve: Lower = (trace, node, inputs) => {
  const [x, filter] = inputs as [View, View];
  const format = new ImageFormat(trace, node);
  const images = format.imagesOf(x);
  const space = images.shape.slice(1, -1);
  const [depth, outputs] = filter.shape.slice(-2) as [number, number];
  const groups = (images.shape.at(-1) as number) / depth;
  if (filter.rank !== x.rank || !Number.isInteger(groups) || groups < 1 || outputs % groups !== 0)
    return trace.unsupported(`a filter of [${filter.shape}] does not fit [${x.shape}]; correct the graph`);
  const strides = format.spaceOf(intsAttr(node, "strides"), x.rank);
  const axes = coverWith(trace, node, format, space, { sizes: filter.shape.slice(0, -2), strides });
  const windows = windowsOf(trace, images, axes, numberElement(x.dtype, 0));
  const positions = axes.map(({ count }) => count);
  const { image, last } = format.newImage(trace, x, positions, outputs);
  if (groups === 1)
    contractInto(trace, last, windows, repeated(filter, windows.shape.slice(0, -space.length - 1)));
  else convolveGroups(last, windows, filter, groups, (...views) => contractInto(trace, ...views));
  return image;
};

/** The filter, the same for every axis of `outer`. */
function repeated(filter: View, outer: readonly number[]): View {
  return filter.broadcast([...outer, ...filter.shape]);
}

/** The groups come first: [group, n, …positions, f], [group, n, …positions, …window, c] and [group, …, …window, c, f]. */
function convolveGroups(
  out: View,
  windows: View,
  filter: View,
  groups: number,
  contract: (out: View, left: View, right: View) => void,
): void {
  const outer = out.shape.slice(0, -1);
  const outGroups = splitLast(out, groups);
  const filterGroups = splitLast(filter, groups).insertAxis(1);
  let right = filterGroups;
  for (let axis = 1; axis < outer.length; axis++) right = right.insertAxis(1);
  contract(
    outGroups,
    splitLast(windows, groups),
    right.broadcast([groups, ...outer, ...filterGroups.shape.slice(2)]),
  );
}

/** The last axis cut into groups, whose axis comes first. */
function splitLast(view: View, groups: number): View {
  const size = (view.shape.at(-1) as number) / groups;
  const stride = view.strides.at(-1) as number;
  const cut = view.strided(
    [...view.shape.slice(0, -1), groups, size],
    [...view.strides.slice(0, -1), size * stride, stride],
  );
  return cut.permute([cut.rank - 2, ...range(0, cut.rank - 2), cut.rank - 1]);
}

export const convLowerings: LowerTable = { Conv2D: convolve, Conv3D: convolve };
