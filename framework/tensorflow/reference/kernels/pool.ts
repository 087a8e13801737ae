/** MaxPool and AvgPool; a maximum passes over NaN, an average is over the pixels that lie within the image. */
// biome-ignore-all lint/style/noNonNullAssertion: inner loops over windows that were laid within the images
import { intsAttr } from "../../attributes.js";
import type { NumberArray } from "../../dtypes.js";
import type { NodeDef } from "../../GraphDef.js";
import type { TensorLike } from "../../Tensor.js";
import { type Kernel, kernelError, lowestOf, numbers, type Op, type OpTable, readInts } from "../op.js";
import { Images, Windows } from "./window.js";

/** The running results of one output pixel; grows to the most channels. */
let results = new Float64Array(0);

function poolOp(isMax: boolean, arity = 1): Op {
  return { arity, create: (node) => createPool(node, isMax) };
}

function createPool(node: NodeDef, isMax: boolean): Kernel {
  const windows = new Windows(node);
  const first = windows.isChannelFirst ? 2 : 1;
  const sizes = [...intsAttr(node, "ksize")];
  const strides: number[] = [];
  const areInputs = node.op === "MaxPoolV2";
  if (!areInputs) checkOthers(sizes, first);
  const images = new Images(windows.isChannelFirst);
  const result = new Images(windows.isChannelFirst);
  return (call) => {
    const value = call.inputs[0] as TensorLike;
    if (areInputs) {
      checkOthers(readInts(call.inputs[1], sizes), first);
      checkOthers(readInts(call.inputs[2], strides), first);
      [windows.rows.stride, windows.columns.stride] = [strides[first]!, strides[first + 1]!];
    }
    const [rows, columns] = [sizes[first]!, sizes[first + 1]!];
    images.set(value.shape);
    windows.cover(images, rows, columns);
    const shape = images.shape(windows.rows.count, windows.columns.count, images.channels);
    const out = call.output(0, value.dtype, shape) as NumberArray;
    result.set(shape);
    if (results.length < images.channels) results = new Float64Array(images.channels);
    const x = numbers(value);
    const initial = isMax ? lowestOf(value.dtype) : 0;
    for (let image = 0; image < images.batch; image++) {
      for (let r = 0; r < windows.rows.count; r++) {
        for (let c = 0; c < windows.columns.count; c++) {
          const count = poolWindow(x, images, windows, image, r, c, rows, columns, isMax, initial);
          const divisor = isMax ? 1 : count;
          let at = image * result.strides.batch + r * result.strides.height + c * result.strides.width;
          for (let i = 0; i < images.channels; i++, at += result.strides.channels)
            out[at] = results[i]! / divisor;
        }
      }
    }
  };
}

/** Windows and strides go over the space alone. */
function checkOthers(sizes: readonly number[], first: number): void {
  const isSpace = (axis: number) => axis === first || axis === first + 1;
  if (sizes.length !== 4 || !sizes.every((size, axis) => (isSpace(axis) ? size >= 1 : size === 1)))
    throw kernelError(`windows of [${sizes.join(",")}] are not supported`);
}

/** Returns how many pixels of the window lie within the image. `initial`: what a maximum starts from, or 0. */
function poolWindow(
  x: NumberArray,
  images: Images,
  windows: Windows,
  image: number,
  row: number,
  column: number,
  rows: number,
  columns: number,
  isMax: boolean,
  initial: number,
): number {
  const { strides, channels } = images;
  const best = results;
  best.fill(initial, 0, channels);
  const top = row * windows.rows.stride - windows.rows.before;
  const left = column * windows.columns.stride - windows.columns.before;
  let count = 0;
  for (let y = Math.max(top, 0); y < Math.min(top + rows, images.height); y++) {
    for (let z = Math.max(left, 0); z < Math.min(left + columns, images.width); z++, count++) {
      let from = image * strides.batch + y * strides.height + z * strides.width;
      for (let c = 0; c < channels; c++, from += strides.channels) {
        if (!isMax) best[c]! += x[from]!;
        else if (x[from]! > best[c]!) best[c] = x[from]!;
      }
    }
  }
  return count;
}

export const poolOps: OpTable = {
  MaxPool: poolOp(true),
  MaxPoolV2: poolOp(true, 3),
  AvgPool: poolOp(false),
};
