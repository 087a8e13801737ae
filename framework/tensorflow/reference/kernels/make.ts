/** Tensors out of nothing but sizes: Fill, Range, zeros and ones. */
import type { TensorData } from "../../dtypes.js";
import { maxElements, type TensorLike } from "../../Tensor.js";
import { isBig, type Kernel, kernelError, type OpTable, readInts } from "../op.js";

function createFill(): Kernel {
  const shape: number[] = [];
  return (call) => {
    const [dims, value] = call.inputs as [TensorLike, TensorLike];
    if (value.data.length !== 1) throw kernelError("expects a scalar to fill with");
    fill(call.output(0, value.dtype, readInts(dims, shape)), value.data[0] as number);
  };
}

function createLike(value: number): () => Kernel {
  return () => (call) => {
    const { dtype, shape } = call.inputs[0] as TensorLike;
    if (dtype === "string" || dtype === "half" || dtype === "bfloat16") throw kernelError(`cannot fill ${dtype}`);
    const out = call.output(0, dtype, shape);
    fill(out, isBig(out) ? BigInt(value) : value);
  };
}

function fill(out: TensorData, value: number | bigint | Uint8Array): void {
  (out as { fill(value: unknown): unknown }).fill(value);
}

/** start, start + delta … up to but without limit. */
function createRange(): Kernel {
  return (call) => {
    const [start, limit, delta] = call.inputs.map((input) => {
      if (input.data.length !== 1) throw kernelError("expects scalars");
      return Number(input.data[0]);
    }) as [number, number, number];
    if (delta === 0) throw kernelError("the step of a range is 0");
    const count = Math.max(0, Math.ceil((limit - start) / delta));
    if (!(count <= maxElements)) throw kernelError(`a range from ${start} to ${limit} by ${delta} is too long`);
    const out = call.output(0, (call.inputs[0] as TensorLike).dtype, [count]);
    for (let i = 0; i < count; i++) {
      if (isBig(out)) out[i] = BigInt(start + i * delta);
      else (out as Float64Array)[i] = start + i * delta;
    }
  };
}

export const makeOps: OpTable = {
  Fill: { arity: 2, create: createFill },
  Range: { arity: 3, create: createRange },
  ZerosLike: { arity: 1, create: createLike(0) },
  OnesLike: { arity: 1, create: createLike(1) },
};
