/** MaxPool and AvgPool; an average is over the pixels that lie within the image. */
// biome-ignore-all lint/style/noNonNullAssertion: inner loops over windows that were laid within the images
import { intsAttr } from "../../attributes.js";
import type { NumberArray } from "../../dtypes.js";
import type { NodeDef } from "../../GraphDef.js";
import type { TensorLike } from "../../Tensor.js";
import { type Kernel, kernelError, numbers, type Op, type OpTable } from "../op.js";
import { Images, Windows } from "./window.js";

/** The running results of one output pixel; grows to the most channels. */
let results = new Float64Array(0);

function poolOp(isMax: boolean): Op {
  return { arity: 1, create: (node) => createPool(node, isMax) };
}

function createPool(node: NodeDef, isMax: boolean): Kernel {
  const windows = new Windows(node);
  const sizes = intsAttr(node, "ksize");
  const first = windows.isChannelFirst ? 2 : 1;
  const [rows, columns] = [sizes[first] ?? 0, sizes[first + 1] ?? 0];
  const others = sizes.filter((_, axis) => axis < first || axis > first + 1);
  if (!(rows >= 1 && columns >= 1) || others.some((size) => size !== 1)) {
    throw kernelError(`windows of [${sizes.join(",")}] are not supported`);
  }
  const images = new Images(windows.isChannelFirst);
  const result = new Images(windows.isChannelFirst);
  return (call) => {
    const value = call.inputs[0] as TensorLike;
    images.set(value.shape);
    windows.cover(images, rows, columns);
    const shape = images.shape(windows.rows.count, windows.columns.count, images.channels);
    const out = call.output(0, value.dtype, shape) as NumberArray;
    result.set(shape);
    if (results.length < images.channels) results = new Float64Array(images.channels);
    const x = numbers(value);
    for (let image = 0; image < images.batch; image++) {
      for (let r = 0; r < windows.rows.count; r++) {
        for (let c = 0; c < windows.columns.count; c++) {
          const count = poolWindow(x, images, windows, image, r, c, rows, columns, isMax);
          const divisor = isMax ? 1 : count;
          let at = image * result.strides.batch + r * result.strides.height + c * result.strides.width;
          for (let i = 0; i < images.channels; i++, at += result.strides.channels)
            out[at] = results[i]! / divisor;
        }
      }
    }
  };
}

/** Returns how many pixels of the window lie within the image. */
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
): number {
  const { strides, channels } = images;
  const best = results;
  best.fill(isMax ? Number.NEGATIVE_INFINITY : 0, 0, channels);
  const top = row * windows.rows.stride - windows.rows.before;
  const left = column * windows.columns.stride - windows.columns.before;
  let count = 0;
  for (let y = Math.max(top, 0); y < Math.min(top + rows, images.height); y++) {
    for (let z = Math.max(left, 0); z < Math.min(left + columns, images.width); z++, count++) {
      let from = image * strides.batch + y * strides.height + z * strides.width;
      for (let c = 0; c < channels; c++, from += strides.channels) {
        best[c] = isMax ? Math.max(best[c]!, x[from]!) : best[c]! + x[from]!;
      }
    }
  }
  return count;
}

export const poolOps: OpTable = { MaxPool: poolOp(true), AvgPool: poolOp(false) };
