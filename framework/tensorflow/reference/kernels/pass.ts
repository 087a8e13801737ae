/** Ops that hand a value on, or bring one in from outside. */
import { stringAttr, tensorAttr } from "../../attributes.js";
import type { NodeDef } from "../../GraphDef.js";
import type { TensorLike } from "../../Tensor.js";
import { type Kernel, kernelError, numbers, type Op, type OpTable } from "../op.js";

function identity(): Kernel {
  return (call) => call.alias((call.inputs[0] as TensorLike).shape);
}

function identityN(): Kernel {
  return (call) => {
    for (let i = 0; i < call.inputs.length; i++) call.alias((call.inputs[i] as TensorLike).shape, i, i);
  };
}

function constant(node: NodeDef): Kernel {
  const tensor = tensorAttr(node, "value");
  return (call) => call.give(tensor);
}

function placeholder(): Kernel {
  return () => {
    throw kernelError("the placeholder is not fed");
  };
}

/** Hands the tensor on. @throws InvalidRun for an element that is not finite */
function checkNumerics(node: NodeDef): Kernel {
  const message = stringAttr(node, "message", "");
  return (call) => {
    const input = call.inputs[0] as TensorLike;
    if (!numbers(input).every(Number.isFinite))
      throw kernelError(`${message} : Tensor had NaN or infinite values`);
    call.alias(input.shape);
  };
}

export function dataInputs(node: NodeDef): number {
  return node.inputs.filter((input) => !input.startsWith("^")).length;
}

const pass: Op = { arity: 1, create: identity, aliasOf: () => 0 };

export const passOps: OpTable = {
  Placeholder: { arity: 0, create: placeholder, isVolatile: true },
  PlaceholderV2: { arity: 0, create: placeholder, isVolatile: true },
  PlaceholderWithDefault: { ...pass, isVolatile: true },
  Const: { arity: 0, create: constant, aliasOf: () => 0 },
  Identity: pass,
  StopGradient: pass,
  PreventGradient: pass,
  Snapshot: pass,
  CheckNumerics: { ...pass, create: checkNumerics },
  IdentityN: {
    arity: [1, Number.POSITIVE_INFINITY],
    create: identityN,
    outputs: dataInputs,
    aliasOf: (output) => output,
  },
  NoOp: { arity: [0, Number.POSITIVE_INFINITY], create: () => () => {}, outputs: () => 0 },
};
