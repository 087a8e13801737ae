/** The same elements elsewhere: transposes and reversals are views; what repeats or pads is copied. */
import { intAttr, stringAttr } from "../../tensorflow/attributes.js";
import { call, read, selectElement } from "../tensor/element.js";
import type { Element } from "../tensor/ir.js";
import { View } from "../tensor/View.js";
import type { Lower, LowerTable } from "./Lowering.js";
import { axisOf, broadcastTo, numberElement } from "./operands.js";
import { type Margin, pad } from "./pad.js";

const transpose: Lower = (trace, _node, inputs) => {
  const [x, order] = inputs as [View, View];
  const axes = trace.integers(order, "the permutation").map((axis) => axisOf(trace, axis, x.rank));
  if (axes.length !== x.rank || new Set(axes).size !== x.rank)
    return trace.unsupported(`[${axes}] is no order of ${x.rank} axes; correct the graph`);
  return x.permute(axes);
};

/** A repeated axis is one more axis of stride 0. */
const tile: Lower = (trace, _node, inputs) => {
  const [x, repeats] = inputs as [View, View];
  const multiples = trace.integers(repeats, "the multiples");
  if (multiples.length !== x.rank || multiples.some((multiple) => multiple < 0))
    return trace.unsupported(`[${multiples}] are no multiples of ${x.rank} axes; correct the graph`);
  const both = (own: readonly number[]) => own.flatMap((value, axis) => [multiples[axis] as number, value]);
  const strides = x.strides.flatMap((stride) => [0, stride]);
  const shape = x.shape.map((size, axis) => size * (multiples[axis] as number));
  return trace.reshape(x.strided(both(x.shape), strides), shape);
};

/** [before, after] of each axis. */
function margins(values: readonly number[]): Margin[] {
  return Array.from({ length: values.length / 2 }, (_, axis) => [
    values[2 * axis] as number,
    values[2 * axis + 1] as number,
  ]);
}

const padWith: Lower = (trace, _node, inputs) => {
  const [x, amounts, value] = inputs as [View, View, View | undefined];
  const given = trace.integers(amounts, "the paddings");
  if (given.length !== 2 * x.rank || given.some((amount) => amount < 0))
    return trace.unsupported(`[${given}] are no paddings of [${x.shape}]; correct the graph`);
  if (value && (value.rank > 0 || value.dtype !== x.dtype))
    return trace.unsupported(`it pads with a ${value.dtype} of [${value.shape}]; correct the graph`);
  return pad(trace, x, margins(given), value ? read(value, []) : numberElement(x.dtype, 0));
};

/** What lies beyond an edge is what lies before it, with the edge itself (SYMMETRIC) or without (REFLECT). */
const mirrorPad: Lower = (trace, node, inputs) => {
  const [x, amounts] = inputs as [View, View];
  const skipped = stringAttr(node, "mode") === "REFLECT" ? 1 : 0;
  const around = margins(trace.integers(amounts, "the paddings"));
  const isNegative = ([before, after]: Margin) => !(before >= 0 && after >= 0);
  const isTooWide = ([before, after]: Margin, axis: number) =>
    Math.max(before, after) > (x.shape[axis] as number) - skipped;
  if (around.length !== x.rank || around.some(isNegative) || around.some(isTooWide))
    return trace.unsupported(`[${around}] is more than [${x.shape}] can mirror; correct the graph`);
  const shape = x.shape.map((size, axis) => size + (around[axis]?.[0] ?? 0) + (around[axis]?.[1] ?? 0));
  const whole = View.of(
    trace.newStorage(
      x.dtype,
      shape.reduce((a, b) => a * b, 1),
    ),
    shape,
  );
  let parts = [{ out: whole, from: x }];
  for (const [axis, [before, after]] of around.entries()) {
    const size = x.shape[axis] as number;
    parts = parts.flatMap(({ out, from }) => [
      { out: out.slice(axis, 0, before), from: from.slice(axis, before - 1 + skipped, before, -1) },
      { out: out.slice(axis, before, size), from },
      { out: out.slice(axis, before + size, after), from: from.slice(axis, size - 1 - skipped, after, -1) },
    ]);
  }
  for (const { out, from } of parts) trace.mapInto(out, read(from));
  return whole;
};

const reverse: Lower = (trace, _node, inputs) => {
  const [x, axes] = inputs as [View, View];
  return trace
    .integers(axes, "the axes")
    .reduce((view, axis) => view.reverse(axisOf(trace, axis, x.rank)), x);
};

/** The first seq_lengths[b] positions of each batch turned round. */
const reverseSequence: Lower = (trace, node, inputs) => {
  const [x, lengths] = inputs as [View, View];
  const axis = axisOf(trace, intAttr(node, "seq_dim"), x.rank);
  const batch = axisOf(trace, intAttr(node, "batch_dim", 0), x.rank);
  const { dtype } = lengths;
  if ((dtype !== "int32" && dtype !== "int64") || lengths.rank !== 1 || lengths.count !== x.shape[batch])
    return trace.unsupported(
      `its lengths [${lengths.shape}] do not fit [${x.shape}]; correct the graph or the feeds`,
    );
  const position: Element = { kind: "index", dtype, axis };
  let length = lengths;
  while (length.rank < x.rank - batch) length = length.insertAxis(length.rank);
  const count = read(length, x.shape);
  const turned = call("sub", call("sub", count, numberElement(dtype, 1)), position);
  const value = selectElement(call("less", position, count), turned, position);
  const view = x.strided(x.shape, x.strides.with(axis, 0));
  const indices = [{ value, stride: x.strides[axis] as number, limit: x.shape[axis] as number }];
  const fault = `a length of '${node.name}' (ReverseSequence) is more than ${x.shape[axis]}`;
  return trace.map(x.shape, { kind: "gather", dtype: x.dtype, view, indices, fault });
};

const broadcast: Lower = (trace, _node, inputs) => {
  const [x, wanted] = inputs as [View, View];
  return broadcastTo(trace, x, trace.integers(wanted, "the shape"));
};

export const rearrangeLowerings: LowerTable = {
  Transpose: transpose,
  Tile: tile,
  Pad: padWith,
  PadV2: padWith,
  MirrorPad: mirrorPad,
  ReverseV2: reverse,
  ReverseSequence: reverseSequence,
  BroadcastTo: broadcast,
};
