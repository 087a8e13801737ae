/** Comparisons, logic on bools, and the choice between two tensors. */
import type { DType } from "../../dtypes.js";
import type { Lowering, LoweringTable, Traced } from "../Recorder.js";
import { cast, input, node, typeAttr, typed, typeOf } from "./nodes.js";

/** Bools have no order in TensorFlow; as integers they have tfjs's. */
function order(op: string): Lowering {
  return (recorder, inputs) => {
    const [a, b] = [input(inputs, "a"), input(inputs, "b")];
    if (a.value.dtype !== "bool") return typed(recorder, op, a, b);
    return typed(recorder, op, cast(recorder, a, "int32"), cast(recorder, b, "int32"));
  };
}

function equalityAttrs(dtype: DType) {
  return { T: typeAttr(dtype), incompatible_shape_error: { b: true } };
}

function equality(op: string): Lowering {
  return (recorder, inputs) => {
    const [a, b] = [input(inputs, "a"), input(inputs, "b")];
    return node(recorder, op, [a, b], equalityAttrs(a.value.dtype));
  };
}

function logic(op: string): Lowering {
  return (recorder, inputs) => {
    const bools = [input(inputs, "a"), input(inputs, "b")].map((x) => cast(recorder, x, "bool"));
    return recorder.node(op, bools, {});
  };
}

/** tf.where has made all three one shape before. */
const select: Lowering = (recorder, inputs) => {
  const [condition, t, e] = [input(inputs, "condition"), input(inputs, "t"), input(inputs, "e")];
  const types = [t.value.dtype, e.value.dtype];
  const dtype =
    (["float32", "int32", "bool", "string"] as const).find((type) => types.includes(type)) ?? "float32";
  const chosen = [t, e].map((x) => cast(recorder, x, dtype)) as [Traced, Traced];
  return node(recorder, "SelectV2", [cast(recorder, condition, "bool"), ...chosen], typeOf(chosen[0]));
};

export const compare: LoweringTable = {
  Equal: equality("Equal"),
  NotEqual: equality("NotEqual"),
  Less: order("Less"),
  LessEqual: order("LessEqual"),
  Greater: order("Greater"),
  GreaterEqual: order("GreaterEqual"),
  LogicalAnd: logic("LogicalAnd"),
  LogicalOr: logic("LogicalOr"),
  LogicalXor: (recorder, inputs) => {
    const bools = [input(inputs, "a"), input(inputs, "b")].map((x) => cast(recorder, x, "bool"));
    return node(recorder, "NotEqual", bools, equalityAttrs("bool"));
  },
  Select: select,
};
