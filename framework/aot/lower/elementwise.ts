/** Functions of one element: arithmetic, exponentials, activations. All are maps that later passes put together. */
import { floatAttr } from "../../tensorflow/attributes.js";
import { call, constantElement, read, selectElement } from "../tensor/element.js";
import type { View } from "../tensor/View.js";
import type { Lower, LowerTable } from "./Lowering.js";
import { broadcastTo, checkFloat, checkSameDtype, isFloat, numberElement } from "./operands.js";

/** A function of floats. */
function ofFloats(name: string): Lower {
  return (trace, _node, inputs) => {
    const [x] = inputs as [View];
    checkFloat(trace, x);
    return trace.map(x.shape, call(name, read(x)));
  };
}

/** A function that integers have too. */
function ofNumbers(name: string): Lower {
  return (trace, _node, inputs) => {
    const [x] = inputs as [View];
    if (x.dtype === "bool") return trace.unsupported("it computes with bool; cast to float32 before it");
    return trace.map(x.shape, call(name, read(x)));
  };
}

/** Whole numbers are round already. */
const round: Lower = (trace, _node, inputs) => {
  const [x] = inputs as [View];
  return isFloat(x.dtype) ? trace.map(x.shape, call("round", read(x))) : x;
};

const leakyRelu: Lower = (trace, node, inputs) => {
  const [x] = inputs as [View];
  checkFloat(trace, x);
  return trace.map(
    x.shape,
    call("leakyRelu", read(x), constantElement(x.dtype, floatAttr(node, "alpha", 0.2))),
  );
};

/** value limited to [low, high], both numbers or of the value's shape. */
const clip: Lower = (trace, _node, inputs) => {
  const [x, low, high] = inputs as [View, View, View];
  checkSameDtype(trace, inputs);
  if (x.dtype === "bool") return trace.unsupported("it computes with bool; cast to float32 before it");
  const limit = (view: View) => read(broadcastTo(trace, view, x.shape));
  // By comparisons, so that a limit that is NaN limits nothing, and the lower one last.
  const below = selectElement(call("greater", read(x), limit(high)), limit(high), read(x));
  return trace.map(x.shape, selectElement(call("less", below, limit(low)), limit(low), below));
};

/** ToBool: Python's idea of truth, a number that is not 0, a tensor that has elements. */
const toBool: Lower = (trace, _node, inputs) => {
  const [x] = inputs as [View];
  if (x.rank > 0) return trace.newConstant("bool", [], Uint8Array.of(x.count > 0 ? 1 : 0));
  if (x.dtype === "bool") return x;
  return trace.map([], call("notEqual", read(x), numberElement(x.dtype, 0)));
};

const floats = [
  "Floor",
  "Ceil",
  "Sqrt",
  "Rsqrt",
  "Reciprocal",
  "Exp",
  "Expm1",
  "Log",
  "Log1p",
  "Erf",
  "Erfc",
  "Sin",
  "Cos",
  "Tan",
  "Asin",
  "Acos",
  "Atan",
  "Sinh",
  "Cosh",
  "Asinh",
  "Acosh",
  "Atanh",
  "Relu",
  "Relu6",
  "Elu",
  "Selu",
  "Sigmoid",
  "Tanh",
  "Softplus",
  "Softsign",
  "IsNan",
  "IsInf",
  "IsFinite",
];

/** Our functions have the ops' names with a small first letter. */
function functionName(op: string): string {
  return op[0]?.toLowerCase() + op.slice(1);
}

export const elementwiseLowerings: LowerTable = {
  ...Object.fromEntries(floats.map((op) => [op, ofFloats(functionName(op))])),
  Inv: ofFloats("reciprocal"),
  Neg: ofNumbers("neg"),
  Abs: ofNumbers("abs"),
  Sign: ofNumbers("sign"),
  Square: ofNumbers("square"),
  Round: round,
  Rint: round,
  LeakyRelu: leakyRelu,
  ClipByValue: clip,
  ToBool: toBool,
};
