/** FusedBatchNorm with given moments or with the batch's own; what is constant becomes one factor and one shift. */
import { boolAttr, floatAttr, stringAttr } from "../../tensorflow/attributes.js";
import type { NodeDef } from "../../tensorflow/GraphDef.js";
import { call, constantElement, read } from "../tensor/element.js";
import type { Element } from "../tensor/ir.js";
import type { View } from "../tensor/View.js";
import type { Lower, LowerTable, Trace } from "./Lowering.js";
import { checkFloat, checkSameDtype, constantOf } from "./operands.js";
import { reduceTo } from "./reduceTo.js";
import { range } from "./windows.js";

/** y, mean and variance, then what training would keep: five outputs, of V3 six. */
function batchNorm(outputs: number): Lower {
  return (trace, node, inputs) => {
    const [x, scale, offset, mean, variance] = inputs as [View, View, View, View, View];
    checkFloat(trace, x);
    checkSameDtype(trace, inputs);
    const axis = stringAttr(node, "data_format", "NHWC").startsWith("NC") ? 1 : x.rank - 1;
    const isTraining = boolAttr(node, "is_training", true);
    const channels = x.shape[axis];
    const used = isTraining ? [scale, offset] : [scale, offset, mean, variance];
    if (x.rank < 2 || used.some(({ count }) => count !== channels))
      return trace.unsupported(`a parameter does not fit the channels of [${x.shape}]; correct the graph`);
    const normalize = { trace, x, axis, scale, offset, epsilon: floatAttr(node, "epsilon", 1e-4) };
    const [y, ...kept] = isTraining
      ? withOwnMoments(normalize, node, mean, variance)
      : [withMoments(normalize, mean, variance), mean, variance, mean, variance];
    const nothing = constantOf(trace, scale.dtype, [0], []);
    return [y as View, ...kept, nothing].slice(0, outputs);
  };
}

interface Normalization {
  readonly trace: Trace;
  readonly x: View;
  readonly axis: number;
  readonly scale: View;
  readonly offset: View;
  readonly epsilon: number;
}

/** One number a channel, read for each element. */
function ofChannel({ x, axis }: Normalization, vector: View): Element {
  let column = vector;
  for (let inner = axis + 1; inner < x.rank; inner++) column = column.insertAxis(column.rank);
  return read(column, x.shape);
}

/** scale / sqrt(variance + epsilon). */
function factorOf({ trace, scale, epsilon }: Normalization, variance: View): View {
  const spread = call("add", read(variance), constantElement(variance.dtype, epsilon));
  return trace.map(scale.shape, call("mul", read(scale), call("rsqrt", spread)));
}

function withMoments(given: Normalization, mean: View, variance: View): View {
  const { trace, x, offset } = given;
  const folded = fold(given, mean, variance);
  if (folded) {
    const [factor, shift] = folded;
    const scaled = call("mul", read(x), ofChannel(given, factor));
    return trace.map(x.shape, call("add", scaled, ofChannel(given, shift)));
  }
  const centred = call("sub", read(x), ofChannel(given, mean));
  const scaled = call("mul", centred, ofChannel(given, factorOf(given, variance)));
  return trace.map(x.shape, call("add", scaled, ofChannel(given, offset)));
}

/**
 * Factor and shift of each channel. TensorFlow computes (x − mean) · factor + offset with a factor of float32: the
 * shift is that of the rounded factor, so that x near the mean loses nothing.
 */
function fold(given: Normalization, mean: View, variance: View): [View, View] | undefined {
  const { trace, scale, offset, epsilon } = given;
  const known = [scale, offset, mean, variance].map((view) => trace.constant(view)?.data);
  if (!known.every((data) => data !== undefined)) return undefined;
  const [scales, offsets, means, variances] = known as unknown as [Numbers, Numbers, Numbers, Numbers];
  const round = scale.dtype === "float32" ? Math.fround : (value: number) => value;
  const factors = Array.from(scales, (s, c) => round(s / Math.sqrt((variances[c] as number) + epsilon)));
  const shifts = factors.map((factor, c) => (offsets[c] as number) - (means[c] as number) * factor);
  return [
    constantOf(trace, scale.dtype, [factors.length], factors),
    constantOf(trace, scale.dtype, [shifts.length], shifts),
  ];
}

type Numbers = ArrayLike<number>;

/** y, then mean and Bessel-corrected variance, then mean and plain variance of each channel. */
function withOwnMoments(given: Normalization, node: NodeDef, oldMean: View, oldVariance: View): View[] {
  const { trace, x, axis, scale } = given;
  const ordered = x.permute([axis, ...range(0, x.rank).filter((other) => other !== axis)]);
  const inner = ordered.shape.slice(1);
  const count = inner.reduce((a, b) => a * b, 1);
  const divided = (by: number) => (sum: Element) => call("div", sum, constantElement(x.dtype, by));
  const mean = reduceTo(trace, "sum", scale.shape, inner, read(ordered), divided(count));
  let column = mean;
  for (const _ of inner) column = column.insertAxis(column.rank);
  const squares = call("squaredDifference", read(ordered), read(column, ordered.shape));
  const variance = reduceTo(trace, "sum", scale.shape, inner, squares, divided(count));
  const correction = constantElement(x.dtype, count / Math.max(count - 1, 1));
  const corrected = trace.map(scale.shape, call("mul", read(variance), correction));
  const weight = floatAttr(node, "exponential_avg_factor", 1);
  return [
    withMoments(given, mean, variance),
    running(trace, oldMean, mean, weight),
    running(trace, oldVariance, corrected, weight),
    mean,
    variance,
  ];
}

/** The running moment that training would keep: all of it is new unless the node says otherwise. */
function running(trace: Trace, old: View, now: View, weight: number): View {
  if (weight === 1 || old.count === 0) return now;
  const part = (view: View, of: number) => call("mul", read(view), constantElement(view.dtype, of));
  return trace.map(now.shape, call("add", part(old, 1 - weight), part(now, weight)));
}

export const batchNormLowerings: LowerTable = {
  FusedBatchNorm: batchNorm(5),
  FusedBatchNormV2: batchNorm(5),
  FusedBatchNormV3: batchNorm(6),
};
