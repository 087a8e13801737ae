/** MaxPool and AvgPool of images and volumes: reductions of windows; an average is over what lies within the image. */
import { intsAttr } from "../../tensorflow/attributes.js";
import type { NodeDef } from "../../tensorflow/GraphDef.js";
import { call, read } from "../tensor/element.js";
import type { View } from "../tensor/View.js";
import type { Lower, LowerTable, Trace } from "./Lowering.js";
import { constantOf, isFloat, numberElement } from "./operands.js";
import { neutral, reduceInto } from "./reduceTo.js";
import { coverWith, ImageFormat, range, type WindowAxis, windowsOf } from "./windows.js";

/** The window and its strides as all axes have them: attributes, or inputs (MaxPoolV2). */
interface Sizes {
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
}

function poolWith(trace: Trace, node: NodeDef, x: View, isMax: boolean, given: Sizes): View {
  const format = new ImageFormat(trace, node);
  const images = format.imagesOf(x);
  const sizes = format.spaceOf(given.sizes, x.rank);
  const strides = format.spaceOf(given.strides, x.rank);
  const product = (values: readonly number[]) => values.reduce((a, b) => a * b, 1);
  const isPossible = sizes.length === x.rank - 2 && sizes.every((size) => size >= 1);
  if (
    !isPossible ||
    x.dtype === "bool" ||
    product(given.sizes) !== product(sizes) ||
    product(given.strides) !== product(strides)
  )
    return trace.unsupported(`windows of [${given.sizes}] go over batches or channels; pool the space alone`);
  const axes = coverWith(trace, node, format, images.shape.slice(1, -1), { sizes, strides });
  // TensorFlow passes over NaN in windows, and starts from the lowest finite number.
  const op = isMax ? "maxNumber" : "sum";
  const windows = windowsOf(trace, images, axes, neutral(op, x.dtype));
  const positions = axes.map(({ count }) => count);
  const { image, last } = format.newImage(trace, x, positions, images.shape.at(-1) as number);
  // [n, …positions, c] followed by the window.
  const outer = axes.length + 1;
  const ordered = windows.permute([...range(0, outer), windows.rank - 1, ...range(outer, windows.rank - 1)]);
  if (isMax) reduceInto(trace, op, last, sizes, read(ordered));
  else {
    const count = countsOf(trace, x, axes, last.shape);
    const divide = isFloat(x.dtype) ? "div" : "truncateDiv";
    reduceInto(trace, op, last, sizes, read(ordered), (sum) => call(divide, sum, count));
  }
  return image;
}

/** How many elements of each window lie within the image: a number where all are alike. */
function countsOf(trace: Trace, x: View, axes: readonly WindowAxis[], shape: readonly number[]) {
  let counts = [1];
  for (const { extent, size, stride, before, count } of axes) {
    const along = range(0, count).map((at) => {
      const first = at * stride - before;
      return Math.min(first + size, extent) - Math.max(first, 0);
    });
    counts = counts.flatMap((outer) => along.map((inner) => outer * inner));
  }
  const [first = 1] = counts;
  if (counts.every((count) => count === first)) return numberElement(x.dtype, first);
  return read(constantOf(trace, x.dtype, [...axes.map(({ count }) => count), 1], counts), shape);
}

function pool(isMax: boolean): Lower {
  return (trace, node, inputs) => {
    const [x, sizes, strides] = inputs as [View, View | undefined, View | undefined];
    const given = {
      sizes: sizes ? trace.integers(sizes, "the window") : intsAttr(node, "ksize"),
      strides: strides ? trace.integers(strides, "the strides") : intsAttr(node, "strides"),
    };
    return poolWith(trace, node, x, isMax, given);
  };
}

export const poolLowerings: LowerTable = {
  MaxPool: pool(true),
  MaxPoolV2: pool(true),
  MaxPool3D: pool(true),
  AvgPool: pool(false),
  AvgPool3D: pool(false),
};
