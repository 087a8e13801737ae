/** The same elements elsewhere: Transpose, Tile, Pad. */
// biome-ignore-all lint/style/noNonNullAssertion: axes are checked against the shapes before the loops
import type { NumberArray } from "../../dtypes.js";
import { showShape, type TensorLike } from "../../Tensor.js";
import { type Kernel, kernelError, type OpTable, positiveAxis, product, readInts } from "../op.js";
import { copyStrided, stridesOf } from "../stridedCopy.js";

function createTranspose(): Kernel {
  const order: number[] = [];
  const shape: number[] = [];
  const own: number[] = [];
  const from: number[] = [];
  const to: number[] = [];
  return (call) => {
    const [input, permutation] = call.inputs as [TensorLike, TensorLike];
    const rank = input.shape.length;
    readInts(permutation, order);
    if (order.length !== rank || new Set(order.map((axis) => positiveAxis(axis, rank))).size !== rank) {
      throw kernelError(`[${order.join(",")}] is no order of ${rank} axes`);
    }
    stridesOf(input.shape, own);
    shape.length = rank;
    from.length = rank;
    for (let axis = 0; axis < rank; axis++) {
      const source = positiveAxis(order[axis]!, rank);
      shape[axis] = input.shape[source]!;
      from[axis] = own[source]!;
    }
    const out = call.output(0, input.dtype, shape);
    copyStrided(input.data, 0, from, out, 0, stridesOf(shape, to), shape);
  };
}

/** Repeats the tensor along every axis: the first axis varies slowest, so each tile is copied to its own corner. */
function createTile(): Kernel {
  const multiples: number[] = [];
  const shape: number[] = [];
  const from: number[] = [];
  const to: number[] = [];
  return (call) => {
    const [input, repeats] = call.inputs as [TensorLike, TensorLike];
    readInts(repeats, multiples);
    if (multiples.length !== input.shape.length) throw kernelError("expects one multiple an axis");
    shape.length = multiples.length;
    for (let axis = 0; axis < shape.length; axis++) shape[axis] = input.shape[axis]! * multiples[axis]!;
    const out = call.output(0, input.dtype, shape);
    if (out.length === 0) return;
    stridesOf(input.shape, from);
    stridesOf(shape, to);
    const tiles = product(multiples);
    for (let tile = 0; tile < tiles; tile++) {
      let offset = 0;
      for (let axis = shape.length - 1, rest = tile; axis >= 0; axis--) {
        offset += (rest % multiples[axis]!) * input.shape[axis]! * to[axis]!;
        rest = Math.floor(rest / multiples[axis]!);
      }
      copyStrided(input.data, 0, from, out, offset, to, input.shape);
    }
  };
}

function createPad(): Kernel {
  const paddings: number[] = [];
  const shape: number[] = [];
  const from: number[] = [];
  const to: number[] = [];
  return (call) => {
    const [input, amounts, value] = call.inputs as [TensorLike, TensorLike, TensorLike | undefined];
    readInts(amounts, paddings);
    const rank = input.shape.length;
    if (paddings.length !== 2 * rank) throw kernelError("expects two paddings an axis");
    if (paddings.some((amount) => amount < 0)) throw kernelError("paddings cannot be negative");
    if (Array.isArray(input.data)) throw kernelError("dtype string is not supported by this op");
    shape.length = rank;
    for (let axis = 0; axis < rank; axis++)
      shape[axis] = paddings[2 * axis]! + input.shape[axis]! + paddings[2 * axis + 1]!;
    const out = call.output(0, input.dtype, shape) as NumberArray;
    out.fill((value?.data[0] ?? (input.data instanceof BigInt64Array ? 0n : 0)) as number);
    stridesOf(shape, to);
    let offset = 0;
    for (let axis = 0; axis < rank; axis++) offset += paddings[2 * axis]! * to[axis]!;
    copyStrided(input.data, 0, stridesOf(input.shape, from), out, offset, to, input.shape);
  };
}

/** Turns the order of elements round along some axes. */
function createReverse(): Kernel {
  const axes: number[] = [];
  const from: number[] = [];
  const to: number[] = [];
  return (call) => {
    const [input, axesInput] = call.inputs as [TensorLike, TensorLike];
    const { shape } = input;
    readInts(axesInput, axes);
    stridesOf(shape, from);
    const out = call.output(0, input.dtype, shape);
    if (out.length === 0) return;
    let offset = 0;
    for (const given of axes) {
      const axis = positiveAxis(given, shape.length);
      offset += (shape[axis]! - 1) * from[axis]!;
      from[axis] = -from[axis]!;
    }
    copyStrided(input.data, offset, from, out, 0, stridesOf(shape, to), shape);
  };
}

/** Repeats the tensor along axes of size 1 and new leading ones. */
function createBroadcastTo(): Kernel {
  const shape: number[] = [];
  const own: number[] = [];
  const to: number[] = [];
  return (call) => {
    const [input, wanted] = call.inputs as [TensorLike, TensorLike];
    readInts(wanted, shape);
    const added = shape.length - input.shape.length;
    const fits = added >= 0 && input.shape.every((size, axis) => size === 1 || size === shape[axis + added]);
    if (!fits) throw kernelError(`${showShape(input.shape)} cannot be broadcast to ${showShape(shape)}`);
    stridesOf(input.shape, own);
    const from = shape.map((_, axis) =>
      axis < added || input.shape[axis - added] === 1 ? 0 : own[axis - added]!,
    );
    const out = call.output(0, input.dtype, shape);
    if (out.length > 0) copyStrided(input.data, 0, from, out, 0, stridesOf(shape, to), shape);
  };
}

export const rearrangeOps: OpTable = {
  Transpose: { arity: 2, create: createTranspose },
  Tile: { arity: 2, create: createTile },
  Pad: { arity: 2, create: createPad },
  PadV2: { arity: 3, create: createPad },
  ReverseV2: { arity: 2, create: createReverse },
  BroadcastTo: { arity: 2, create: createBroadcastTo },
};
