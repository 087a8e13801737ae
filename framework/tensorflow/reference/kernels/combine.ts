/** Arithmetic on more than two tensors, without broadcasting: AddN and ClipByValue. */
// biome-ignore-all lint/style/noNonNullAssertion: loops over arrays whose lengths were compared
import type { NumberArray } from "../../dtypes.js";
import { showShape, type TensorLike } from "../../Tensor.js";
import { sameShape } from "../broadcast.js";
import { isBig, type Kernel, kernelError, numbers, type OpTable } from "../op.js";

/** The elements, numbers or bigints alike; TypeScript adds and compares them as numbers. */
function elements(tensor: TensorLike): NumberArray {
  if (tensor.dtype === "bool") throw kernelError("dtype bool is not supported by this op");
  return isBig(tensor.data) ? (tensor.data as unknown as NumberArray) : numbers(tensor);
}

/** Added in the order of the inputs and rounded after each. */
function createAddN(): Kernel {
  return (call) => {
    const [first, ...others] = call.inputs as [TensorLike, ...TensorLike[]];
    const out = call.output(0, first.dtype, first.shape) as NumberArray;
    out.set(elements(first));
    for (const input of others) {
      if (input.dtype !== first.dtype || !sameShape(input.shape, first.shape))
        throw kernelError(
          `${input.dtype} ${showShape(input.shape)} cannot be added to ${first.dtype} ${showShape(first.shape)}`,
        );
      const x = elements(input);
      for (let i = 0; i < out.length; i++) out[i]! += x[i]!;
    }
  };
}

/** The limits are scalars or of the value's shape; one that is NaN limits nothing, and the lower one has the last word. */
function createClip(): Kernel {
  return (call) => {
    const [value, ...limits] = call.inputs as [TensorLike, TensorLike, TensorLike];
    for (const { dtype, shape } of limits) {
      if (dtype !== value.dtype || (shape.length > 0 && !sameShape(shape, value.shape)))
        throw kernelError(
          `a limit of ${dtype} ${showShape(shape)} does not fit ${value.dtype} ${showShape(value.shape)}`,
        );
    }
    const x = elements(value);
    const [low, high] = limits.map(elements) as [NumberArray, NumberArray];
    const [lowStep, highStep] = limits.map(({ shape }) => (shape.length > 0 ? 1 : 0)) as [number, number];
    const out = call.output(0, value.dtype, value.shape) as NumberArray;
    for (let i = 0; i < x.length; i++) {
      const [least, most] = [low[i * lowStep]!, high[i * highStep]!];
      let clipped = x[i]!;
      if (clipped > most) clipped = most;
      if (clipped < least) clipped = least;
      out[i] = clipped;
    }
  };
}

export const combineOps: OpTable = {
  AddN: { arity: [1, Number.POSITIVE_INFINITY], create: createAddN },
  ClipByValue: { arity: 3, create: createClip },
};
