/** Arithmetic on two tensors. tfjs has made them one type before; sizes broadcast as in TensorFlow. */
import type { Lowering, LoweringTable } from "../Recorder.js";
import { cast, input, listOf, node, refusal, typed, typeOf } from "./nodes.js";

/** `ofBools`: what the op is of bools, which TensorFlow does not reckon with. */
function arithmetic(op: string, ofBools?: string): Lowering {
  return (recorder, inputs) => {
    const a = input(inputs, "a");
    const b = input(inputs, "b");
    if (a.value.dtype !== "bool") return typed(recorder, op, a, b);
    if (ofBools === undefined) throw refusal(op, "it is given bools; cast them to int32 or float32 before");
    return recorder.node(ofBools, [a, b], {});
  };
}

/** An op that TensorFlow has for floats only; of integers tfjs keeps what stands before the point. */
function ofFloats(op: string): Lowering {
  return (recorder, inputs) => {
    const [a, b] = [input(inputs, "a"), input(inputs, "b")];
    const { dtype } = a.value;
    if (dtype === "bool") throw refusal(op, "it is given bools; cast them to float32 before");
    const result = typed(recorder, op, cast(recorder, a, "float32"), cast(recorder, b, "float32"));
    return cast(recorder, result, dtype);
  };
}

/** tfjs gives int32 of floats too. */
const floorDiv: Lowering = (recorder, inputs) => {
  const [a, b] = [input(inputs, "a"), input(inputs, "b")];
  if (a.value.dtype === "bool") throw refusal("FloorDiv", "it is given bools; cast them to int32 before");
  return cast(recorder, typed(recorder, "FloorDiv", a, b), "int32");
};

const addN: Lowering = (recorder, inputs) => {
  const terms = listOf(inputs);
  const [first] = terms;
  if (first === undefined || first.value.dtype === "bool")
    throw refusal("AddN", "it is given bools; cast them to int32 or float32 before");
  return node(recorder, "AddN", terms, { ...typeOf(first), N: { i: terms.length } });
};

export const binary: LoweringTable = {
  Add: arithmetic("AddV2"),
  AddN: addN,
  Atan2: ofFloats("Atan2"),
  BitwiseAnd: arithmetic("BitwiseAnd"),
  FloorDiv: floorDiv,
  Maximum: arithmetic("Maximum", "LogicalOr"),
  Minimum: arithmetic("Minimum", "LogicalAnd"),
  Mod: arithmetic("FloorMod"),
  Multiply: arithmetic("Mul", "LogicalAnd"),
  Pow: arithmetic("Pow"),
  RealDiv: ofFloats("RealDiv"),
  SquaredDifference: arithmetic("SquaredDifference"),
  Sub: arithmetic("Sub"),
};
