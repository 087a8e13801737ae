/** Tensors out of sizes and positions. Those of one number everywhere are views of that number. */
import { intAttr } from "../../tensorflow/attributes.js";
import { call, cast, read, selectElement } from "../tensor/element.js";
import type { Element } from "../tensor/ir.js";
import type { View } from "../tensor/View.js";
import type { Lower, LowerTable } from "./Lowering.js";
import {
  axisOf,
  checkInteger,
  broadcastTo,
  checkSameDtype,
  constantOf,
  filledWith,
  integerOf,
} from "./operands.js";

const fill: Lower = (trace, _node, inputs) => {
  const [sizes, value] = inputs as [View, View];
  if (value.count !== 1) return trace.unsupported(`it fills with [${value.shape}] instead of a scalar`);
  return broadcastTo(trace, trace.reshape(value, []), trace.integers(sizes, "the shape"));
};

function like(value: number): Lower {
  return (trace, _node, inputs) => {
    const [x] = inputs as [View];
    return filledWith(trace, x.dtype, x.shape, value);
  };
}

/** start, start + delta … up to but without limit. */
const range: Lower = (trace, _node, inputs) => {
  checkSameDtype(trace, inputs);
  const [start, limit, delta] = inputs.map((input) => {
    const known = trace.constant(input)?.data[0];
    return known === undefined
      ? trace.unsupported("the length of the range is not known at compile time; give it constants")
      : Number(known);
  }) as [number, number, number];
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  if (delta === 0 || !Number.isFinite(count))
    return trace.unsupported("the range has no end; correct the graph");
  const values = Array.from({ length: count }, (_, i) => start + i * delta);
  return constantOf(trace, (inputs[0] as View).dtype, [count], values);
};

/** A row of `off` for each position, with `on` at that position; a position outside means `off` alone. */
const oneHot: Lower = (trace, node, inputs) => {
  const [positions, depthInput, on, off] = inputs as [View, View, View, View];
  const depth = integerOf(trace, depthInput, "the depth");
  checkInteger(trace, positions);
  checkSameDtype(trace, [on, off]);
  if (depth < 0 || on.count !== 1 || off.count !== 1)
    return trace.unsupported("its depth or its values are not possible; correct the graph");
  const given = intAttr(node, "axis", -1);
  const axis = given === -1 ? positions.rank : axisOf(trace, given, positions.rank + 1);
  const shape = positions.shape.toSpliced(axis, 0, depth);
  const dtype = positions.dtype === "int64" ? "int64" : "int32";
  const place: Element = { kind: "index", dtype, axis };
  const isOn = call("equal", cast(read(positions.insertAxis(axis), shape), dtype), place);
  return trace.map(
    shape,
    selectElement(isOn, read(trace.reshape(on, []), shape), read(trace.reshape(off, []), shape)),
  );
};

export const makeLowerings: LowerTable = {
  Fill: fill,
  ZerosLike: like(0),
  OnesLike: like(1),
  Range: range,
  OneHot: oneHot,
};
