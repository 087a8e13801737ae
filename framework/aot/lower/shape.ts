/** Shapes as values, known at compile time; and the same elements under another shape, or handed on: views. */
import { intsAttr, stringAttr } from "../../tensorflow/attributes.js";
import { call, cast, read } from "../tensor/element.js";
import { sizeOf, type View } from "../tensor/View.js";
import type { Lower, LowerTable } from "./Lowering.js";
import { axisOf, checkFloat, constantOf, elementTypeAttr, integerOf } from "./operands.js";

const shape: Lower = (trace, node, inputs) => {
  const [x] = inputs as [View];
  return constantOf(trace, elementTypeAttr(trace, node, "out_type", "int32"), [x.rank], x.shape);
};

const shapeN: Lower = (trace, node, inputs) => {
  return inputs.map((input) => shape(trace, node, [input]) as View);
};

const rank: Lower = (trace, _node, inputs) => constantOf(trace, "int32", [], [(inputs[0] as View).rank]);

const size: Lower = (trace, node, inputs) => {
  const dtype = elementTypeAttr(trace, node, "out_type", "int32");
  return constantOf(trace, dtype, [], [(inputs[0] as View).count]);
};

/** One dimension may be -1: what is left over. */
const reshape: Lower = (trace, _node, inputs) => {
  const [x, wantedInput] = inputs as [View, View];
  const wanted = trace.integers(wantedInput, "the new shape");
  const known = sizeOf(wanted.filter((extent) => extent !== -1));
  const isOpen = wanted.includes(-1);
  const full = wanted.map((extent) => (extent === -1 ? x.count / known : extent));
  const isPossible = full.every((extent) => Number.isInteger(extent) && extent >= 0);
  if (!isPossible || sizeOf(full) !== x.count || (isOpen && wanted.indexOf(-1) !== wanted.lastIndexOf(-1)))
    return trace.unsupported(
      `[${x.shape}] does not fit the shape [${wanted}]; correct the graph or the feeds`,
    );
  return trace.reshape(x, full);
};

const squeeze: Lower = (trace, node, inputs) => {
  const [x] = inputs as [View];
  const named = intsAttr(node, node.attrs.squeeze_dims ? "squeeze_dims" : "axis");
  const chosen = named.map((axis) => axisOf(trace, axis, x.rank));
  const wrong = chosen.find((axis) => x.shape[axis] !== 1);
  if (wrong !== undefined)
    return trace.unsupported(
      `axis ${wrong} of [${x.shape}] is not of size 1; correct the graph or the feeds`,
    );
  let view = x;
  for (let axis = x.rank - 1; axis >= 0; axis--) {
    const isDropped = chosen.length > 0 ? chosen.includes(axis) : x.shape[axis] === 1;
    if (isDropped) view = view.dropAxis(axis);
  }
  return view;
};

const expandDims: Lower = (trace, _node, inputs) => {
  const [x, axis] = inputs as [View, View];
  return x.insertAxis(axisOf(trace, integerOf(trace, axis, "the axis"), x.rank + 1));
};

const identity: Lower = (_trace, _node, inputs) => inputs[0] as View;
const identityN: Lower = (_trace, _node, inputs) => inputs;

/** Hands the tensor on; an element that is not finite is a fault of the run. */
const checkNumerics: Lower = (trace, node, inputs) => {
  const [x] = inputs as [View];
  checkFloat(trace, x);
  const isBad = cast(call("not", call("isFinite", read(x))), "int32");
  const fault = `${stringAttr(node, "message", "")} : Tensor had NaN or infinite values (CheckNumerics '${node.name}')`;
  const indices = [{ value: isBad, stride: 0, limit: 1 }];
  return trace.map(x.shape, { kind: "gather", dtype: x.dtype, view: x, indices, fault });
};

const yes: Lower = (trace) => constantOf(trace, "bool", [], [1]);

export const shapeLowerings: LowerTable = {
  Shape: shape,
  ShapeN: shapeN,
  Rank: rank,
  Size: size,
  Reshape: reshape,
  Squeeze: squeeze,
  ExpandDims: expandDims,
  Identity: identity,
  IdentityN: identityN,
  StopGradient: identity,
  PreventGradient: identity,
  Snapshot: identity,
  CheckNumerics: checkNumerics,
  ReadVariableOp: identity,
  VarIsInitializedOp: yes,
  IsVariableInitialized: yes,
};
