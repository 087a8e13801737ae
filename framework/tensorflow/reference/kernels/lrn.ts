/** LRN, local response normalisation: x / (bias + alpha · Σ squares of the neighbouring channels) ^ beta. */
// biome-ignore-all lint/style/noNonNullAssertion: loops over the channels of a checked shape
import { floatAttr, intAttr } from "../../attributes.js";
import type { NumberArray } from "../../dtypes.js";
import type { NodeDef } from "../../GraphDef.js";
import { showShape, type TensorLike } from "../../Tensor.js";
import { type Kernel, kernelError, numbers, type OpTable } from "../op.js";

function createLrn(node: NodeDef): Kernel {
  const radius = intAttr(node, "depth_radius", 5);
  const bias = floatAttr(node, "bias", 1);
  const alpha = floatAttr(node, "alpha", 1);
  const beta = floatAttr(node, "beta", 0.5);
  return (call) => {
    const input = call.inputs[0] as TensorLike;
    const { dtype, shape } = input;
    if (shape.length !== 4 || !dtype.startsWith("float"))
      throw kernelError(`expects images, floats of rank 4, not ${dtype} ${showShape(shape)}`);
    const x = numbers(input);
    const channels = shape[3]!;
    const out = call.output(0, dtype, shape) as NumberArray;
    for (let at = 0; at < x.length; at++) {
      const channel = at % channels;
      let sum = 0;
      const last = Math.min(channel + radius, channels - 1);
      for (let c = Math.max(channel - radius, 0); c <= last; c++) sum += x[at - channel + c]! ** 2;
      out[at] = x[at]! / (bias + alpha * sum) ** beta;
    }
  };
}

export const lrnOps: OpTable = { LRN: { arity: 1, create: createLrn } };
