/** Several tensors into one, and one into several: Concat, Pack, Unpack. */
import type { Lowering, LoweringTable } from "../Recorder.js";
import { axesOf, input, int32, listOf, node, refusal, scalar, typeOf } from "./nodes.js";

const concat: Lowering = (recorder, inputs, attrs) => {
  const parts = listOf(inputs);
  const [first] = parts;
  if (first === undefined) throw refusal("Concat", "it has no tensors");
  if (parts.length === 1) return first;
  const [axis = 0] = axesOf(attrs.axis, first.value.shape.length);
  return node(recorder, "ConcatV2", [...parts, scalar(recorder, "int32", axis, "concat/axis")], {
    ...typeOf(first),
    N: { i: parts.length },
    Tidx: int32,
  });
};

const pack: Lowering = (recorder, inputs, attrs) => {
  const parts = listOf(inputs);
  const [first] = parts;
  if (first === undefined) throw refusal("Pack", "it has no tensors");
  const [axis = 0] = axesOf(attrs.axis, first.value.shape.length + 1);
  return node(recorder, "Pack", parts, { ...typeOf(first), N: { i: parts.length }, axis: { i: axis } });
};

const unpack: Lowering = (recorder, inputs, attrs) => {
  const x = input(inputs, "value");
  const [axis = 0] = axesOf(attrs.axis, x.value.shape.length);
  const num = x.value.shape[axis] as number;
  return recorder.node("Unpack", [x], { ...typeOf(x), num: { i: num }, axis: { i: axis } });
};

export const join: LoweringTable = { Concat: concat, Pack: pack, Unpack: unpack };
