/** Activation functions, also those that tfjs fuses into a convolution or a matrix product, and limits on values. */
import type { Lowering, LoweringTable, Recorder, Traced } from "../Recorder.js";
import { cast, input, node, refusal, scalar, typed, typeOf } from "./nodes.js";

function relu(recorder: Recorder, x: Traced): Traced {
  if (x.value.dtype === "float32") return typed(recorder, "Relu", x);
  return typed(recorder, "Maximum", x, scalar(recorder, x.value.dtype, 0));
}

function relu6(recorder: Recorder, x: Traced): Traced {
  if (x.value.dtype === "float32") return typed(recorder, "Relu6", x);
  return typed(recorder, "Minimum", relu(recorder, x), scalar(recorder, x.value.dtype, 6));
}

function leakyRelu(recorder: Recorder, x: Traced, alpha: number): Traced {
  const value = cast(recorder, x, "float32");
  return node(recorder, "LeakyRelu", [value], { ...typeOf(value), alpha: { f: alpha } });
}

/** The slope of the negative side is a tensor, which broadcasts. */
function prelu(recorder: Recorder, x: Traced, alpha: Traced): Traced {
  const value = cast(recorder, x, "float32");
  const scaled = typed(recorder, "Mul", cast(recorder, alpha, "float32"), value);
  const isNegative = typed(recorder, "Less", value, scalar(recorder, "float32", 0));
  return node(recorder, "SelectV2", [isNegative, scaled, value], typeOf(value));
}

/** What a fused kernel of tfjs ends with. `slopes`: prelu's. */
export function activate(
  recorder: Recorder,
  x: Traced,
  activation: string,
  slopes: Traced | undefined,
  leakyreluAlpha: number | undefined,
): Traced {
  switch (activation) {
    case "linear":
      return x;
    case "relu":
      return relu(recorder, x);
    case "relu6":
      return relu6(recorder, x);
    case "elu":
      return typed(recorder, "Elu", x);
    case "sigmoid":
      return typed(recorder, "Sigmoid", x);
    case "leakyrelu":
      return leakyRelu(recorder, x, leakyreluAlpha ?? 0.2);
    case "prelu":
      if (slopes !== undefined) return prelu(recorder, x, slopes);
  }
  throw refusal(`the fused activation '${activation}'`, "it is not one of those of tfjs 4.22");
}

/** 1 of positive numbers, alpha of others, NaN of NaN. */
const step: Lowering = (recorder, inputs, attrs) => {
  const x = input(inputs, "x");
  const { dtype } = x.value;
  const isPositive = typed(recorder, "Greater", x, scalar(recorder, dtype, 0));
  const alpha = scalar(recorder, dtype, attrs.alpha as number);
  const result = node(recorder, "SelectV2", [isPositive, scalar(recorder, dtype, 1), alpha], typeOf(x));
  if (dtype !== "float32") return result;
  return node(recorder, "SelectV2", [typed(recorder, "IsNan", x), x, result], typeOf(x));
};

const clipByValue: Lowering = (recorder, inputs, attrs) => {
  const x = input(inputs, "x");
  const { dtype } = x.value;
  // An infinite limit limits nothing, and int32 has none.
  const limit = (value: unknown) =>
    dtype === "int32" ? Math.min(Math.max(value as number, -(2 ** 31)), 2 ** 31 - 1) : (value as number);
  const least = scalar(recorder, dtype, limit(attrs.clipValueMin), "clip_by_value/min");
  const most = scalar(recorder, dtype, limit(attrs.clipValueMax), "clip_by_value/max");
  return typed(recorder, "Maximum", typed(recorder, "Minimum", x, most), least);
};

export const activation: LoweringTable = {
  Relu: (recorder, inputs) => relu(recorder, input(inputs, "x")),
  Relu6: (recorder, inputs) => relu6(recorder, input(inputs, "x")),
  LeakyRelu: (recorder, inputs, attrs) => leakyRelu(recorder, input(inputs, "x"), attrs.alpha as number),
  Prelu: (recorder, inputs) => prelu(recorder, input(inputs, "x"), input(inputs, "alpha")),
  Step: step,
  ClipByValue: clipByValue,
};
