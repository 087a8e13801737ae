/** Conv2D: the pixels under each window laid out as a row, times the filter as a matrix. */
// biome-ignore-all lint/style/noNonNullAssertion: inner loops over windows that were laid within the images
import type { NumberArray } from "../../dtypes.js";
import type { NodeDef } from "../../GraphDef.js";
import { showShape, type TensorLike } from "../../Tensor.js";
import { type Kernel, kernelError, numbers, type OpTable } from "../op.js";
import { gemm, type Matrix, multiplyPanel, panelRows, reservePanel } from "./gemm.js";
import { Images, Windows } from "./window.js";

const newMatrix = (): Matrix => ({ data: new Float64Array(0), offset: 0, row: 0, column: 1 });

/** The patches of one group of channels: `depth` channels from `firstChannel` on, under windows of rows × columns. */
interface Patch {
  readonly rows: number;
  readonly columns: number;
  readonly firstChannel: number;
  readonly depth: number;
  /** Filters of the group, and of all groups. */
  readonly outputs: number;
  readonly outRow: number;
}

function createConv2D(node: NodeDef): Kernel {
  const windows = new Windows(node);
  const images = new Images(windows.isChannelFirst);
  const left = newMatrix();
  const right = newMatrix();
  return (call) => {
    const [value, filter] = call.inputs as [TensorLike, TensorLike];
    images.set(value.shape);
    const [rows, columns, depth, outputs] = filterShape(filter);
    const groups = images.channels / depth;
    const fits =
      Number.isInteger(groups) && groups > 0 && outputs % groups === 0 && value.dtype === filter.dtype;
    if (!fits)
      throw kernelError(`a filter of ${showShape(filter.shape)} does not fit ${showShape(value.shape)}`);
    windows.cover(images, rows, columns);
    const shape = images.shape(windows.rows.count, windows.columns.count, outputs);
    const out = call.output(0, value.dtype, shape) as NumberArray;
    const perGroup = outputs / groups;
    right.data = numbers(filter);
    right.row = outputs;
    const x = numbers(value);
    for (let group = 0; group < groups; group++) {
      right.offset = group * perGroup;
      const patch = { rows, columns, firstChannel: group * depth, depth, outputs: perGroup, outRow: outputs };
      if (isPointwise(windows, patch) && groups === 1 && !images.isChannelFirst) {
        left.data = x;
        left.row = depth;
        gemm(left, right, out, 0, x.length / depth, depth, outputs);
      } else convolve(x, images, windows, patch, right, out);
    }
  };
}

function convolve(
  x: NumberArray,
  images: Images,
  windows: Windows,
  patch: Patch,
  filter: Matrix,
  out: NumberArray,
): void {
  const pixels = windows.rows.count * windows.columns.count;
  const size = patch.rows * patch.columns * patch.depth;
  const panel = reservePanel(size);
  for (let image = 0; image < images.batch; image++) {
    const outAt = image * pixels * patch.outRow;
    for (let first = 0; first < pixels; ) {
      const count = pixels - first >= panelRows ? panelRows : 1;
      for (let i = 0; i < count; i++) layOut(x, images, image, windows, patch, first + i, panel, i, count);
      if (images.isChannelFirst) {
        multiplyPanel(count, filter, turned(patch.outputs), 0, patch.outputs, size, patch.outputs);
        scatter(out, outAt + filter.offset * pixels + first, pixels, count, patch.outputs);
      } else {
        const at = outAt + first * patch.outRow + filter.offset;
        multiplyPanel(count, filter, out, at, patch.outRow, size, patch.outputs);
      }
      first += count;
    }
  }
}

/** The results of one panel, pixel by pixel; they are written out channel by channel. */
let results = new Float64Array(0);

function turned(outputs: number): Float64Array {
  if (results.length < panelRows * outputs) results = new Float64Array(panelRows * outputs);
  return results;
}

function scatter(out: NumberArray, outAt: number, pixels: number, count: number, outputs: number): void {
  for (let i = 0; i < count; i++) {
    for (let o = 0; o < outputs; o++) out[outAt + o * pixels + i] = results[i * outputs + o]!;
  }
}

function filterShape({ shape }: TensorLike): [number, number, number, number] {
  if (shape.length !== 4 || shape.includes(0))
    throw kernelError(`${showShape(shape)} is no shape of a filter`);
  return shape as unknown as [number, number, number, number];
}

/** Whether every window is one pixel and every pixel has one: then the images are the patches. */
function isPointwise({ rows, columns }: Windows, patch: Patch): boolean {
  const isPlain = (axis: typeof rows) => axis.stride === 1 && axis.before === 0 && axis.explicit[1] === 0;
  return patch.rows === 1 && patch.columns === 1 && isPlain(rows) && isPlain(columns);
}

/** Writes the pixels under one window into every `step`-th place from `at` on, zeros where it leaves the image. */
function layOut(
  x: NumberArray,
  images: Images,
  image: number,
  windows: Windows,
  patch: Patch,
  window: number,
  panel: Float64Array,
  at: number,
  step: number,
): void {
  const { strides, height, width } = images;
  const { rows, columns } = windows;
  const origin = image * strides.batch + patch.firstChannel * strides.channels;
  const top = Math.floor(window / columns.count) * rows.stride - rows.before;
  const left = (window % columns.count) * columns.stride - columns.before;
  for (let r = 0; r < patch.rows; r++) {
    const y = top + r * rows.dilation;
    const isRow = y >= 0 && y < height;
    for (let c = 0; c < patch.columns; c++) {
      const column = left + c * columns.dilation;
      const end = at + patch.depth * step;
      if (!isRow || column < 0 || column >= width) {
        for (; at < end; at += step) panel[at] = 0;
        continue;
      }
      let from = origin + y * strides.height + column * strides.width;
      for (; at < end; at += step, from += strides.channels) panel[at] = x[from]!;
    }
  }
}

export const convOps: OpTable = { Conv2D: { arity: 2, create: createConv2D } };
