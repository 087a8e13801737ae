/** Tensors out of nothing but sizes and positions: Fill, Range, zeros and ones, OneHot, RandomUniform. */
import { dtypeAttr, intAttr } from "../../attributes.js";
import type { TensorData } from "../../dtypes.js";
import type { NodeDef } from "../../GraphDef.js";
import { maxElements, type TensorLike } from "../../Tensor.js";
import {
  isBig,
  type Kernel,
  kernelError,
  type OpTable,
  positiveAxis,
  product,
  readInt,
  readInts,
} from "../op.js";

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
    if (dtype === "string" || dtype === "half" || dtype === "bfloat16")
      throw kernelError(`cannot fill ${dtype}`);
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
    if (!(count <= maxElements))
      throw kernelError(`a range from ${start} to ${limit} by ${delta} is too long`);
    const out = call.output(0, (call.inputs[0] as TensorLike).dtype, [count]);
    for (let i = 0; i < count; i++) {
      if (isBig(out)) out[i] = BigInt(start + i * delta);
      else (out as Float64Array)[i] = start + i * delta;
    }
  };
}

/** A row of `off` for each position, with `on` at that position; a position outside means `off` alone. */
function createOneHot(node: NodeDef): Kernel {
  const axisAttr = intAttr(node, "axis", -1);
  return (call) => {
    const [positions, depthInput, on, off] = call.inputs as [TensorLike, TensorLike, TensorLike, TensorLike];
    const { shape, data } = positions;
    const depth = readInt(depthInput);
    if (depth < 0 || on.dtype !== off.dtype) throw kernelError("expects a depth and two values of one dtype");
    const axis = axisAttr === -1 ? shape.length : positiveAxis(axisAttr, shape.length + 1);
    const out = call.output(0, on.dtype, [...shape.slice(0, axis), depth, ...shape.slice(axis)]);
    fill(out, off.data[0] as number);
    const inner = product(shape, axis);
    for (let i = 0; i < data.length; i++) {
      const position = Number(data[i]);
      if (!(position >= 0 && position < depth)) continue;
      const at = Math.floor(i / inner) * depth * inner + position * inner + (i % inner);
      (out as { [at: number]: unknown })[at] = on.data[0];
    }
  };
}

/**
 * Numbers in [0, 1) from a counter, the same ones at every run: TensorFlow's own are as arbitrary, and dropout, which
 * is what reads them, does not run in inference.
 */
function createRandomUniform(node: NodeDef): Kernel {
  const dtype = dtypeAttr(node, "dtype", "float32");
  const seed = (intAttr(node, "seed", 0) + intAttr(node, "seed2", 0)) | 0;
  const shape: number[] = [];
  return (call) => {
    const out = call.output(0, dtype, readInts(call.inputs[0], shape));
    if (dtype !== "float32" && dtype !== "float64") throw kernelError(`cannot draw ${dtype}`);
    for (let i = 0; i < out.length; i++) (out as Float32Array)[i] = (scramble(seed + i) >>> 8) / 2 ** 24;
  };
}

/** MurmurHash3's last step: every bit of the result depends on every bit of the counter. */
function scramble(counter: number): number {
  let bits = Math.imul(counter ^ 0x9e3779b9, 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

export const makeOps: OpTable = {
  Fill: { arity: 2, create: createFill },
  Range: { arity: 3, create: createRange },
  ZerosLike: { arity: 1, create: createLike(0) },
  OnesLike: { arity: 1, create: createLike(1) },
  OneHot: { arity: 4, create: createOneHot },
  RandomUniform: { arity: 1, create: createRandomUniform, isVolatile: true },
};
