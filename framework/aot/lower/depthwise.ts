/** DepthwiseConv2dNative: every channel has filters of its own; a reduction, as there are no channels to contract. */
import { intsAttr } from "../../tensorflow/attributes.js";
import { call, read } from "../tensor/element.js";
import type { View } from "../tensor/View.js";
import type { Lower, LowerTable } from "./Lowering.js";
import { checkSameDtype, numberElement } from "./operands.js";
import { reduceInto } from "./reduceTo.js";
import { coverWith, ImageFormat, windowsOf } from "./windows.js";

const depthwise: Lower = (trace, node, inputs) => {
  const [x, filter] = inputs as [View, View];
  const format = new ImageFormat(trace, node);
  const images = format.imagesOf(x);
  const [rows, columns, channels, multiplier] = filter.shape as [number, number, number, number];
  if (x.rank !== 4 || filter.rank !== 4 || channels !== images.shape[3])
    return trace.unsupported(`a filter of [${filter.shape}] does not fit [${x.shape}]; correct the graph`);
  checkSameDtype(trace, inputs);
  const strides = format.spaceOf(intsAttr(node, "strides"), 4);
  const sizes = [rows, columns];
  const axes = coverWith(trace, node, format, images.shape.slice(1, -1), { sizes, strides });
  const windows = windowsOf(trace, images, axes, numberElement(x.dtype, 0));
  const { image, last } = format.newImage(
    trace,
    x,
    axes.map(({ count }) => count),
    channels * multiplier,
  );
  // [n, y, x, c] or, with several filters a channel, [n, y, x, c, m]; then the window [r, s].
  const pixels = windows.permute([0, 1, 2, 5, 3, 4]);
  const weights = filter.permute([2, 3, 0, 1]);
  if (multiplier === 1) {
    const value = call("mul", read(pixels), read(weights.dropAxis(1), pixels.shape));
    reduceInto(trace, "sum", last, sizes, value);
    return image;
  }
  const stride = last.strides[3] as number;
  const out = last.strided(
    [...last.shape.slice(0, 3), channels, multiplier],
    [...last.strides.slice(0, 3), multiplier * stride, stride],
  );
  const space = [...out.shape, ...sizes];
  reduceInto(trace, "sum", out, sizes, call("mul", read(pixels.insertAxis(4), space), read(weights, space)));
  return image;
};

export const depthwiseLowerings: LowerTable = { DepthwiseConv2dNative: depthwise };
