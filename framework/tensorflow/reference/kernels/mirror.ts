/** Elements in turned order: MirrorPad, and ReverseSequence. */
// biome-ignore-all lint/style/noNonNullAssertion: axes are checked against the shapes before the loops
import { intAttr, stringAttr } from "../../attributes.js";
import type { NumberArray } from "../../dtypes.js";
import type { NodeDef } from "../../GraphDef.js";
import { showShape, type TensorLike } from "../../Tensor.js";
import { type Kernel, kernelError, type OpTable, positiveAxis, readInts } from "../op.js";
import { stridesOf } from "../stridedCopy.js";

/** What lies beyond an edge is what lies before it, with the edge itself (SYMMETRIC) or without (REFLECT). */
function createMirrorPad(node: NodeDef): Kernel {
  const skipped = stringAttr(node, "mode") === "REFLECT" ? 1 : 0;
  const paddings: number[] = [];
  const from: number[] = [];
  const to: number[] = [];
  return (call) => {
    const [input, amounts] = call.inputs as [TensorLike, TensorLike];
    const { shape } = input;
    readInts(amounts, paddings);
    const isPossible = (amount: number, i: number) => amount >= 0 && amount <= shape[i >> 1]! - skipped;
    if (paddings.length !== 2 * shape.length || !paddings.every(isPossible))
      throw kernelError(`${showShape(shape)} cannot be mirrored by [${paddings}]`);
    const padded = shape.map((size, axis) => paddings[2 * axis]! + size + paddings[2 * axis + 1]!);
    const data = input.data as NumberArray;
    const out = call.output(0, input.dtype, padded) as NumberArray;
    stridesOf(shape, from);
    stridesOf(padded, to);
    for (let i = 0; i < out.length; i++) {
      let source = 0;
      for (let axis = 0; axis < shape.length; axis++) {
        const position = (Math.floor(i / to[axis]!) % padded[axis]!) - paddings[2 * axis]!;
        source += mirrored(position, shape[axis]!, skipped) * from[axis]!;
      }
      out[i] = data[source]!;
    }
  };
}

function mirrored(position: number, size: number, skipped: number): number {
  if (position < 0) return skipped - 1 - position;
  return position < size ? position : 2 * size - 1 - skipped - position;
}

/** The first `lengths[b]` positions of batch b turned round. */
function createReverseSequence(node: NodeDef): Kernel {
  const [axisAttr, batchAttr] = [intAttr(node, "seq_dim"), intAttr(node, "batch_dim", 0)];
  const lengths: number[] = [];
  const strides: number[] = [];
  return (call) => {
    const input = call.inputs[0] as TensorLike;
    const { shape } = input;
    const axis = positiveAxis(axisAttr, shape.length);
    const batch = positiveAxis(batchAttr, shape.length);
    const size = shape[axis]!;
    readInts(call.inputs[1], lengths);
    const isPossible = (length: number) => length >= 0 && length <= size;
    if (axis === batch || lengths.length !== shape[batch] || !lengths.every(isPossible))
      throw kernelError(`lengths [${lengths}] do not fit axis ${axis} of ${showShape(shape)}`);
    stridesOf(shape, strides);
    const data = input.data as NumberArray;
    const out = call.output(0, input.dtype, shape) as NumberArray;
    for (let i = 0; i < out.length; i++) {
      const position = Math.floor(i / strides[axis]!) % size;
      const length = lengths[Math.floor(i / strides[batch]!) % shape[batch]!]!;
      const moved = position < length ? length - 1 - 2 * position : 0;
      out[i] = data[i + moved * strides[axis]!]!;
    }
  };
}

export const mirrorOps: OpTable = {
  MirrorPad: { arity: 2, create: createMirrorPad },
  ReverseSequence: { arity: 2, create: createReverseSequence },
};
