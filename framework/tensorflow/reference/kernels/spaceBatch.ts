/**
 * SpaceToBatchND and BatchToSpaceND, as TensorFlow writes a dilated convolution as a plain one; SpaceToDepth and
 * DepthToSpace, between blocks of pixels and channels.
 */
// biome-ignore-all lint/style/noNonNullAssertion: axes are checked against the shapes before the loops
import { intAttr, stringAttr } from "../../attributes.js";
import type { TensorData } from "../../dtypes.js";
import type { NodeDef } from "../../GraphDef.js";
import { showShape, type TensorLike } from "../../Tensor.js";
import { type Kernel, kernelError, type Op, type OpTable, product, readInts } from "../op.js";
import { copyStrided, stridesOf } from "../stridedCopy.js";
import { Images } from "./window.js";

/** Both ways at once: `space` has its axes whole, `batch` has every block-th element in a batch of its own. */
function createSpaceBatch(isToBatch: boolean): () => Kernel {
  return () => {
    const block: number[] = [];
    const margins: number[] = [];
    return (call) => {
      const [input, blockInput, marginsInput] = call.inputs as [TensorLike, TensorLike, TensorLike];
      readInts(blockInput, block);
      readInts(marginsInput, margins);
      const { shape } = input;
      const isPossible = block.every((size) => size > 0) && margins.every((size) => size >= 0);
      if (!isPossible || margins.length !== 2 * block.length || shape.length <= block.length) {
        throw kernelError(`blocks of [${block}] with margins [${margins}] do not fit ${showShape(shape)}`);
      }
      const blocks = product(block);
      const made = [...shape];
      made[0] = isToBatch ? shape[0]! * blocks : shape[0]! / blocks;
      for (const [i, size] of block.entries()) {
        const margin = margins[2 * i]! + margins[2 * i + 1]!;
        made[i + 1] = isToBatch ? (shape[i + 1]! + margin) / size : shape[i + 1]! * size - margin;
      }
      if (made.some((size) => !Number.isInteger(size) || size < 0)) {
        throw kernelError(
          `${showShape(shape)} cannot be cut into blocks of [${block}] with margins [${margins}]`,
        );
      }
      const out = call.output(0, input.dtype, made);
      if (isToBatch && !Array.isArray(out)) (out as Uint8Array).fill(0);
      const [space, batch] = isToBatch ? [shape, made] : [made, shape];
      for (let at = 0; at < blocks; at++)
        moveBlock(input.data, out, space, batch, block, margins, at, isToBatch);
    };
  };
}

/** Moves the elements that lie at one place of their blocks. */
function moveBlock(
  from: TensorData,
  to: TensorData,
  space: readonly number[],
  batch: readonly number[],
  block: readonly number[],
  margins: readonly number[],
  at: number,
  isToBatch: boolean,
): void {
  const spaceStrides = stridesOf(space, []);
  const batchStrides = stridesOf(batch, []);
  const extents = [...space];
  let spaceOffset = 0;
  let batchOffset = at * space[0]! * batchStrides[0]!;
  for (let i = block.length - 1, rest = at; i >= 0; i--) {
    const axis = i + 1;
    const place = (rest % block[i]!) - margins[2 * i]!;
    rest = Math.floor(rest / block[i]!);
    const first = Math.max(0, Math.ceil(-place / block[i]!));
    const last = Math.min(batch[axis]! - 1, Math.floor((space[axis]! - 1 - place) / block[i]!));
    extents[axis] = Math.max(0, last - first + 1);
    spaceOffset += (first * block[i]! + place) * spaceStrides[axis]!;
    batchOffset += first * batchStrides[axis]!;
    spaceStrides[axis]! *= block[i]!;
  }
  if (product(extents) === 0) return;
  if (isToBatch) copyStrided(from, spaceOffset, spaceStrides, to, batchOffset, batchStrides, extents);
  else copyStrided(from, batchOffset, batchStrides, to, spaceOffset, spaceStrides, extents);
}

/** Blocks of pixels into channels, or back: both see six axes, of which the blocks' own two move. */
function createSpaceDepth(node: NodeDef, isToDepth: boolean): Kernel {
  const size = intAttr(node, "block_size");
  const format = stringAttr(node, "data_format", "NHWC");
  if (format !== "NHWC" && format !== "NCHW") throw kernelError(`data_format ${format} is not supported`);
  const isChannelFirst = format === "NCHW";
  const images = new Images(isChannelFirst);
  return (call) => {
    const input = call.inputs[0] as TensorLike;
    images.set(input.shape);
    const pixels = isToDepth ? size : 1 / size;
    const [height, width] = [images.height / pixels, images.width / pixels];
    const depth = images.channels * pixels * pixels;
    if (size < 1 || ![height, width, depth].every(Number.isInteger))
      throw kernelError(`${showShape(input.shape)} cannot be cut into blocks of ${size}`);
    const shape = images.shape(height, width, depth);
    const out = call.output(0, input.dtype, shape);
    const made = new Images(isChannelFirst).set(shape);
    const [space, deep] = isToDepth ? [images, made] : [made, images];
    const { channels } = space;
    const extents = [images.batch, deep.height, size, deep.width, size, channels];
    const { batch, height: row, width: column, channels: channel } = space.strides;
    const spaceStrides = [batch, size * row, row, size * column, column, channel];
    const d = deep.strides;
    const blockRow = size * channels * d.channels;
    const deepStrides = [d.batch, d.height, blockRow, d.width, channels * d.channels, d.channels];
    const [from, to] = isToDepth ? [spaceStrides, deepStrides] : [deepStrides, spaceStrides];
    copyStrided(input.data, 0, from, out, 0, to, extents);
  };
}

const op = (isToBatch: boolean): Op => ({ arity: 3, create: createSpaceBatch(isToBatch) });

export const spaceBatchOps: OpTable = {
  SpaceToBatchND: op(true),
  BatchToSpaceND: op(false),
  SpaceToDepth: { arity: 1, create: (node) => createSpaceDepth(node, true) },
  DepthToSpace: { arity: 1, create: (node) => createSpaceDepth(node, false) },
};
