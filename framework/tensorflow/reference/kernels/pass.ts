/** Ops that hand a value on, or bring one in from outside. */
import { tensorAttr } from "../../attributes.js";
import type { NodeDef } from "../../GraphDef.js";
import { type Kernel, kernelError, type Op, type OpTable } from "../op.js";
import { copyStrided } from "../stridedCopy.js";

function identity(): Kernel {
  return (call) => call.alias((call.inputs[0] as { shape: readonly number[] }).shape);
}

/** A copy for each input, because only output 0 can be the memory of its input. */
function identityN(): Kernel {
  return (call) => {
    for (const [index, { dtype, shape, data }] of call.inputs.entries()) {
      copyStrided(data, 0, [1], call.output(index, dtype, shape), 0, [1], [data.length]);
    }
  };
}

function constant(node: NodeDef): Kernel {
  const tensor = tensorAttr(node, "value");
  return (call) => {
    const data = call.output(0, tensor.dtype, tensor.shape);
    copyStrided(tensor.data, 0, [1], data, 0, [1], [tensor.data.length]);
  };
}

function placeholder(): Kernel {
  return () => {
    throw kernelError("the placeholder is not fed");
  };
}

function dataInputs(node: NodeDef): number {
  return node.inputs.filter((input) => !input.startsWith("^")).length;
}

const pass: Op = { arity: 1, create: identity, isAlias: true };

export const passOps: OpTable = {
  Placeholder: { arity: 0, create: placeholder, isVolatile: true },
  PlaceholderV2: { arity: 0, create: placeholder, isVolatile: true },
  PlaceholderWithDefault: { ...pass, isVolatile: true },
  Const: { arity: 0, create: constant },
  Identity: pass,
  StopGradient: pass,
  PreventGradient: pass,
  Snapshot: pass,
  IdentityN: { arity: [1, Number.POSITIVE_INFINITY], create: identityN, outputs: dataInputs },
  NoOp: { arity: [0, Number.POSITIVE_INFINITY], create: () => () => {}, outputs: () => 0 },
};
