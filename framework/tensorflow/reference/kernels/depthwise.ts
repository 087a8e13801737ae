/** DepthwiseConv2dNative: every channel has filters of its own, `multiplier` of them. */
// biome-ignore-all lint/style/noNonNullAssertion: inner loops over windows that were laid within the images
import type { NumberArray } from "../../dtypes.js";
import type { NodeDef } from "../../GraphDef.js";
import { showShape, type TensorLike } from "../../Tensor.js";
import { type Kernel, kernelError, numbers, type OpTable, product } from "../op.js";
import { Images, Windows } from "./window.js";

/** The sums of one output pixel; grows to the most channels. */
let sums = new Float64Array(0);

function createDepthwise(node: NodeDef): Kernel {
  const windows = new Windows(node);
  const images = new Images(windows.isChannelFirst);
  const result = new Images(windows.isChannelFirst);
  return (call) => {
    const [value, filter] = call.inputs as [TensorLike, TensorLike];
    images.set(value.shape);
    const [rows, columns, channels, multiplier] = filter.shape as [number, number, number, number];
    const fits = filter.shape.length === 4 && channels === images.channels && product(filter.shape) > 0;
    if (!fits || filter.dtype !== value.dtype) {
      throw kernelError(`a filter of ${showShape(filter.shape)} does not fit ${showShape(value.shape)}`);
    }
    windows.cover(images, rows, columns);
    const outputs = channels * multiplier;
    const shape = images.shape(windows.rows.count, windows.columns.count, outputs);
    const out = call.output(0, value.dtype, shape) as NumberArray;
    result.set(shape);
    if (sums.length < outputs) sums = new Float64Array(outputs);
    const x = numbers(value);
    const w = numbers(filter);
    for (let image = 0; image < images.batch; image++) {
      for (let r = 0; r < windows.rows.count; r++) {
        for (let c = 0; c < windows.columns.count; c++) {
          sumWindow(x, w, images, windows, image, r, c, rows, columns, multiplier);
          let at = image * result.strides.batch + r * result.strides.height + c * result.strides.width;
          for (let o = 0; o < outputs; o++, at += result.strides.channels) out[at] = sums[o]!;
        }
      }
    }
  };
}

function sumWindow(
  x: NumberArray,
  w: NumberArray,
  images: Images,
  windows: Windows,
  image: number,
  row: number,
  column: number,
  rows: number,
  columns: number,
  multiplier: number,
): void {
  const { strides, channels } = images;
  const outputs = channels * multiplier;
  const s = sums;
  s.fill(0, 0, outputs);
  for (let r = 0; r < rows; r++) {
    const y = row * windows.rows.stride - windows.rows.before + r * windows.rows.dilation;
    if (y < 0 || y >= images.height) continue;
    for (let c = 0; c < columns; c++) {
      const z = column * windows.columns.stride - windows.columns.before + c * windows.columns.dilation;
      if (z < 0 || z >= images.width) continue;
      let from = image * strides.batch + y * strides.height + z * strides.width;
      const weights = (r * columns + c) * outputs;
      if (multiplier === 1 && strides.channels === 1) {
        for (let o = 0; o < outputs; o++) s[o]! += x[from + o]! * w[weights + o]!;
        continue;
      }
      for (let o = 0; o < outputs; from += strides.channels) {
        for (let m = 0; m < multiplier; m++, o++) s[o]! += x[from]! * w[weights + o]!;
      }
    }
  }
}

export const depthwiseOps: OpTable = { DepthwiseConv2dNative: { arity: 2, create: createDepthwise } };
