/** Several tensors into one and back: ConcatV2, Pack, Split, Unpack. */
// biome-ignore-all lint/style/noNonNullAssertion: inputs and axes are checked before the loops
import { intAttr } from "../../attributes.js";
import type { NodeDef } from "../../GraphDef.js";
import { showShape, type TensorLike } from "../../Tensor.js";
import { copyShape, type Kernel, type KernelCall, kernelError, type OpTable } from "../op.js";
import { positiveAxis, product, readInt, readInts } from "../op.js";
import { copyStrided } from "../stridedCopy.js";

const many: readonly [number, number] = [1, Number.POSITIVE_INFINITY];

/** A tensor around one axis: `outer` rows of `width` elements, where width is the axis and all that lies inside it. */
const fromStrides = [0, 1];
const toStrides = [0, 1];
const extents = [0, 0];

/** Copies `width` elements of each of `outer` rows from one column of rows to another. */
function copyColumns(
  from: TensorLike["data"],
  fromAt: number,
  fromWidth: number,
  to: TensorLike["data"],
  toAt: number,
  toWidth: number,
  outer: number,
  width: number,
): void {
  fromStrides[0] = fromWidth;
  toStrides[0] = toWidth;
  extents[0] = outer;
  extents[1] = width;
  copyStrided(from, fromAt, fromStrides, to, toAt, toStrides, extents);
}

/** `axisFrom` is where the axis comes among the inputs: last in ConcatV2, first in Concat. */
function createConcat(isAxisLast: boolean): () => Kernel {
  return () => {
    const shape: number[] = [];
    return (call) => {
      const axisAt = isAxisLast ? call.inputs.length - 1 : 0;
      const first = call.inputs[isAxisLast ? 0 : 1]!;
      const axis = positiveAxis(readInt(call.inputs[axisAt]), first.shape.length);
      copyShape(first.shape, shape);
      shape[axis] = 0;
      for (let i = 0; i < call.inputs.length; i++) {
        if (i !== axisAt) shape[axis] += concatSize(call.inputs[i]!, first, axis);
      }
      const out = call.output(0, first.dtype, shape);
      const outer = product(shape, 0, axis);
      const inner = product(shape, axis + 1);
      let at = 0;
      for (let i = 0; i < call.inputs.length; i++) {
        if (i === axisAt) continue;
        const { shape: own, data } = call.inputs[i]!;
        const width = own[axis]! * inner;
        copyColumns(data, 0, width, out, at, shape[axis]! * inner, outer, width);
        at += width;
      }
    };
  };
}

function concatSize(input: TensorLike, first: TensorLike, axis: number): number {
  let fits = input.dtype === first.dtype && input.shape.length === first.shape.length;
  for (let a = 0; fits && a < first.shape.length; a++) fits = a === axis || input.shape[a] === first.shape[a];
  if (fits) return input.shape[axis]!;
  throw kernelError(
    `${showShape(input.shape)} and ${showShape(first.shape)} cannot be joined along axis ${axis}`,
  );
}

function createPack(node: NodeDef): Kernel {
  const axisAttr = intAttr(node, "axis", 0);
  return (call) => {
    const first = call.inputs[0]!;
    const axis = positiveAxis(axisAttr, first.shape.length + 1);
    for (const { shape, dtype } of call.inputs) {
      const fits =
        dtype === first.dtype &&
        shape.length === first.shape.length &&
        shape.every((n, a) => n === first.shape[a]);
      if (!fits) throw kernelError(`${showShape(shape)} and ${showShape(first.shape)} cannot be stacked`);
    }
    const count = call.inputs.length;
    const out = call.output(0, first.dtype, [
      ...first.shape.slice(0, axis),
      count,
      ...first.shape.slice(axis),
    ]);
    const outer = product(first.shape, 0, axis);
    const width = product(first.shape, axis);
    for (const [i, { data }] of call.inputs.entries())
      copyColumns(data, 0, width, out, i * width, count * width, outer, width);
  };
}

/** Cuts `input` along an axis into pieces; with `isDropped` the axis, of size 1 in each piece, is left out. */
function cut(
  call: KernelCall,
  input: TensorLike,
  axis: number,
  sizes: readonly number[],
  isDropped: boolean,
): void {
  const outer = product(input.shape, 0, axis);
  const inner = product(input.shape, axis + 1);
  const shape = [...input.shape];
  let at = 0;
  for (const [i, size] of sizes.entries()) {
    shape[axis] = size;
    const out = call.output(i, input.dtype, isDropped ? shape.filter((_, a) => a !== axis) : shape);
    copyColumns(input.data, at, input.shape[axis]! * inner, out, 0, size * inner, outer, size * inner);
    at += size * inner;
  }
}

function createUnpack(node: NodeDef): Kernel {
  const axisAttr = intAttr(node, "axis", 0);
  const count = intAttr(node, "num");
  return (call) => {
    const input = call.inputs[0]!;
    const axis = positiveAxis(axisAttr, input.shape.length);
    if (input.shape[axis] !== count) throw kernelError(`axis ${axis} does not have ${count} elements`);
    cut(call, input, axis, new Array<number>(count).fill(1), true);
  };
}

function createSplit(node: NodeDef): Kernel {
  const count = intAttr(node, "num_split");
  return (call) => {
    const [axisInput, input] = call.inputs as [TensorLike, TensorLike];
    const axis = positiveAxis(readInt(axisInput), input.shape.length);
    const size = input.shape[axis]! / count;
    if (!Number.isInteger(size)) throw kernelError(`axis ${axis} cannot be split into ${count} equal parts`);
    cut(call, input, axis, new Array<number>(count).fill(size), false);
  };
}

/** One size may be -1: what is left over. */
function createSplitV(node: NodeDef): Kernel {
  const count = intAttr(node, "num_split");
  const sizes: number[] = [];
  return (call) => {
    const [input, sizesInput, axisInput] = call.inputs as [TensorLike, TensorLike, TensorLike];
    const axis = positiveAxis(readInt(axisInput), input.shape.length);
    readInts(sizesInput, sizes);
    const known = sizes.reduce((sum, size) => sum + Math.max(size, 0), 0);
    const open = sizes.indexOf(-1);
    if (open >= 0) sizes[open] = input.shape[axis]! - known;
    const total = sizes.reduce((sum, size) => sum + size, 0);
    if (sizes.length !== count || total !== input.shape[axis] || sizes.some((size) => size < 0)) {
      throw kernelError(
        `sizes [${sizes.join(",")}] do not add up to axis ${axis} of ${showShape(input.shape)}`,
      );
    }
    cut(call, input, axis, sizes, false);
  };
}

/** Pieces that a damaged graph could ask for are bounded, because each is an output with its own buffer. */
function pieces(attribute: string): (node: NodeDef) => number {
  return (node) => {
    const count = intAttr(node, attribute);
    if (Number.isInteger(count) && count >= 1 && count <= 65536) return count;
    throw kernelError(`node '${node.name}' (${node.op}) cannot have ${count} outputs`);
  };
}

export const joinOps: OpTable = {
  Concat: { arity: [2, many[1]], create: createConcat(false) },
  ConcatV2: { arity: [2, many[1]], create: createConcat(true) },
  Pack: { arity: many, create: createPack },
  Unpack: { arity: 1, create: createUnpack, outputs: pieces("num") },
  Split: { arity: 2, create: createSplit, outputs: pieces("num_split") },
  SplitV: { arity: 3, create: createSplitV, outputs: pieces("num_split") },
};
