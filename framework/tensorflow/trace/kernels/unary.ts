/** Functions of one tensor, element by element. Where tfjs has 0 for the sign of NaN, TensorFlow has NaN. */
import type { Lowering, LoweringTable } from "../Recorder.js";
import { cast, input, refusal, typed } from "./nodes.js";

const x = "x";

/** An op that TensorFlow has for floats only; of integers tfjs keeps what stands before the point. */
function ofFloats(op: string): Lowering {
  return (recorder, inputs) => {
    const value = input(inputs, x);
    const { dtype } = value.value;
    if (dtype === "bool") throw refusal(op, "it is given bools; cast them to float32 before");
    return cast(recorder, typed(recorder, op, cast(recorder, value, "float32")), dtype);
  };
}

/** An op whose result is float32 whatever it is given. */
function toFloats(op: string): Lowering {
  return (recorder, inputs) => typed(recorder, op, cast(recorder, input(inputs, x), "float32"));
}

/** An op that integers have too. */
function ofNumbers(op: string): Lowering {
  return (recorder, inputs) => {
    const value = input(inputs, x);
    if (value.value.dtype === "bool") throw refusal(op, "it is given bools; cast them to int32 before");
    return typed(recorder, op, value);
  };
}

/** A question about each number: IsNan and its like, of which whole numbers are none. */
const question = toFloats;

const floatOps = (
  "Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Elu Erf Expm1 Floor Log Log1p Reciprocal Rsqrt " +
  "Selu Sigmoid Sin Sinh Softplus Sqrt Tan Tanh"
).split(" ");

export const unary: LoweringTable = {
  ...Object.fromEntries(floatOps.map((op) => [op, ofFloats(op)])),
  Exp: toFloats("Exp"),
  Abs: ofNumbers("Abs"),
  Neg: ofNumbers("Neg"),
  Round: ofNumbers("Round"),
  Sign: ofNumbers("Sign"),
  Square: ofNumbers("Square"),
  IsFinite: question("IsFinite"),
  IsInf: question("IsInf"),
  IsNan: question("IsNan"),
  LogicalNot: (recorder, inputs) =>
    recorder.node("LogicalNot", [cast(recorder, input(inputs, x), "bool")], {}),
};
