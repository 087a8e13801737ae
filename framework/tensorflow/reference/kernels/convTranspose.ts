/**
 * Conv2DBackpropInput, known as transposed convolution: each pixel of the result gathers, from all windows that would
 * have covered it, what they hold times the filter.
 */
// biome-ignore-all lint/style/noNonNullAssertion: inner loops over windows that were laid within the images
import type { NumberArray } from "../../dtypes.js";
import type { NodeDef } from "../../GraphDef.js";
import { elementCount, showShape, type TensorLike } from "../../Tensor.js";
import { type Kernel, kernelError, numbers, type OpTable, product, readInts } from "../op.js";
import { gemm, type Matrix } from "./gemm.js";
import { type Axis, Images, Windows } from "./window.js";

/** One row of pixels' patches and the filter turned around; they grow to the largest of the thread. */
let patches = new Float64Array(0);
let turned = new Float64Array(0);

function createConvTranspose(node: NodeDef): Kernel {
  const windows = new Windows(node);
  const result = new Images(windows.isChannelFirst);
  const given = new Images(windows.isChannelFirst);
  const sizes: number[] = [];
  const left: Matrix = { data: patches, offset: 0, row: 0, column: 1 };
  const right: Matrix = { data: turned, offset: 0, row: 0, column: 1 };
  return (call) => {
    const [sizesInput, filter, value] = call.inputs as [TensorLike, TensorLike, TensorLike];
    given.set(value.shape);
    resultShape(readInts(sizesInput, sizes), filter, value, given);
    result.set(sizes);
    const [rows, columns, channels, depth] = filter.shape as [number, number, number, number];
    windows.cover(result, rows, columns);
    const fits =
      channels === result.channels &&
      depth === given.channels &&
      windows.rows.count === given.height &&
      windows.columns.count === given.width &&
      result.batch === given.batch;
    if (!fits) {
      const [from, to] = [showShape(value.shape), showShape(sizes)];
      throw kernelError(`a filter of ${showShape(filter.shape)} does not make ${from} of ${to}`);
    }
    const out = call.output(0, value.dtype, sizes) as NumberArray;
    const size = rows * columns * depth;
    const needed = elementCount([result.width, size]);
    if (patches.length < needed) patches = new Float64Array(needed);
    turn(numbers(filter), rows * columns, channels, depth);
    left.data = patches;
    left.row = size;
    right.data = turned;
    right.row = channels;
    const x = numbers(value);
    const line = new Float64Array(windows.isChannelFirst ? result.width * channels : 0);
    for (let image = 0; image < result.batch; image++) {
      for (let y = 0; y < result.height; y++) {
        layOut(x, given, image, windows, y, result.width, rows, columns);
        const at = image * result.strides.batch + y * result.strides.height;
        if (!windows.isChannelFirst) gemm(left, right, out, at, result.width, size, channels);
        else {
          gemm(left, right, line, 0, result.width, size, channels);
          for (let i = 0; i < line.length; i++) {
            out[at + (i % channels) * result.strides.channels + Math.floor(i / channels)] = line[i]!;
          }
        }
      }
    }
  };
}

/** The sizes may be those of the height and width alone. */
function resultShape(sizes: number[], filter: TensorLike, value: TensorLike, given: Images): void {
  if (filter.shape.length !== 4 || filter.dtype !== value.dtype || product(filter.shape) === 0) {
    throw kernelError(`${showShape(filter.shape)} is no shape of a filter`);
  }
  if (sizes.length !== 2) return;
  const [height, width] = sizes as [number, number];
  const full = given.shape(height, width, filter.shape[2]!);
  sizes.length = 0;
  sizes.push(...full);
}

/** filter[window][channel][depth] → turned[window][depth][channel]. */
function turn(filter: NumberArray, windows: number, channels: number, depth: number): void {
  if (turned.length < filter.length) turned = new Float64Array(filter.length);
  for (let w = 0; w < windows; w++) {
    const base = w * channels * depth;
    for (let c = 0; c < channels; c++) {
      for (let d = 0; d < depth; d++) turned[base + d * channels + c] = filter[base + c * depth + d]!;
    }
  }
}

/** The window that covers `position` with its element k, or -1. */
function windowAt(axis: Axis, position: number, k: number): number {
  const start = position + axis.before - k * axis.dilation;
  if (start < 0 || start % axis.stride !== 0) return -1;
  const window = start / axis.stride;
  return window < axis.count ? window : -1;
}

function layOut(
  x: NumberArray,
  { strides, channels }: Images,
  image: number,
  windows: Windows,
  y: number,
  width: number,
  rows: number,
  columns: number,
): void {
  let at = 0;
  for (let column = 0; column < width; column++) {
    for (let r = 0; r < rows; r++) {
      const row = windowAt(windows.rows, y, r);
      for (let c = 0; c < columns; c++, at += channels) {
        const window = windowAt(windows.columns, column, c);
        let from = image * strides.batch + row * strides.height + window * strides.width;
        const isCovered = row >= 0 && window >= 0;
        for (let d = at; d < at + channels; d++, from += strides.channels)
          patches[d] = isCovered ? x[from]! : 0;
      }
    }
  }
}

export const convTransposeOps: OpTable = { Conv2DBackpropInput: { arity: 3, create: createConvTranspose } };
