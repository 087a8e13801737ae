/** Logic and shifts of integers, bit by bit. */
import { bytesPerElement } from "../../dtypes.js";
import type { TensorLike } from "../../Tensor.js";
import { isBig, type Kernel, kernelError, numbers, type Op, type OpTable } from "../op.js";
import { binary } from "./arithmetic.js";

/** A shift by less than nothing is one by 0, a shift by all bits or more one by all but one. */
function shift(int: (x: number, by: number) => number, big: (x: bigint, by: bigint) => bigint): Op {
  const ofWidth = (bits: number) => {
    const limit = (by: number) => Math.min(Math.max(by, 0), bits - 1);
    return binary({
      int: (x, y) => int(x, limit(y)),
      big: (x, y) => big(x, BigInt(limit(Number(y)))),
    });
  };
  return {
    arity: 2,
    create: (node) => {
      const kernels = new Map([8, 16, 32, 64].map((bits) => [bits, ofWidth(bits).create(node)]));
      return (call) => {
        const { dtype } = call.inputs[0] as TensorLike;
        const kernel = kernels.get(8 * bytesPerElement(dtype));
        if (!kernel) throw kernelError(`dtype ${dtype} is not supported by this op`);
        kernel(call);
      };
    },
  };
}

function createInvert(): Kernel {
  return (call) => {
    const input = call.inputs[0] as TensorLike;
    const { dtype, shape, data } = input;
    if (dtype === "bool" || dtype.startsWith("float"))
      throw kernelError(`dtype ${dtype} is not supported by this op`);
    const out = call.output(0, dtype, shape);
    if (isBig(data) && isBig(out)) for (const [i, x] of data.entries()) out[i] = ~x;
    else for (const [i, x] of numbers(input).entries()) out[i] = ~x;
  };
}

export const bitwiseOps: OpTable = {
  BitwiseAnd: binary({ int: (x, y) => x & y, big: (x, y) => x & y }),
  BitwiseOr: binary({ int: (x, y) => x | y, big: (x, y) => x | y }),
  BitwiseXor: binary({ int: (x, y) => x ^ y, big: (x, y) => x ^ y }),
  Invert: { arity: 1, create: createInvert },
  LeftShift: shift(
    (x, by) => x << by,
    (x, by) => x << by,
  ),
  // A division, because >> takes the largest of uint32 for negative.
  RightShift: shift(
    (x, by) => Math.floor(x / 2 ** by),
    (x, by) => x >> by,
  ),
};
