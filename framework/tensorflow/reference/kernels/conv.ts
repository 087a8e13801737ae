/** Conv2D: the pixels under each window laid out as a row, times the filter as a matrix. */
// biome-ignore-all lint/style/noNonNullAssertion: inner loops over windows that were laid within the images
import type { NumberArray } from "../../dtypes.js";
import type { NodeDef } from "../../GraphDef.js";
import { showShape, type TensorLike } from "../../Tensor.js";
import { type Kernel, kernelError, numbers, type OpTable } from "../op.js";
import { gemm, type Matrix } from "./gemm.js";
import { Images, Windows } from "./window.js";

/** Windows that are laid out at a time: their rows stay in the cache until they are multiplied. */
const windowsAtOnce = 64;
/** Those rows; grows to the largest and is shared by all convolutions of the thread. */
let patches = new Float64Array(0);

const newMatrix = (): Matrix => ({ data: patches, offset: 0, row: 0, column: 1 });

/** The patches of one group of channels: `depth` channels from `firstChannel` on, under windows of rows × columns. */
interface Patch {
  readonly rows: number;
  readonly columns: number;
  readonly firstChannel: number;
  readonly depth: number;
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
    const fits = Number.isInteger(groups) && groups > 0 && outputs % groups === 0 && value.dtype === filter.dtype;
    if (!fits) throw kernelError(`a filter of ${showShape(filter.shape)} does not fit ${showShape(value.shape)}`);
    windows.cover(images, rows, columns);
    const pixels = windows.rows.count * windows.columns.count;
    const out = call.output(0, value.dtype, images.shape(windows.rows.count, windows.columns.count, outputs));
    const perGroup = outputs / groups;
    const size = rows * columns * depth;
    if (patches.length < windowsAtOnce * size) patches = new Float64Array(windowsAtOnce * size);
    right.data = numbers(filter);
    right.row = outputs;
    const x = numbers(value);
    for (let group = 0; group < groups; group++) {
      right.offset = group * perGroup;
      const patch = { rows, columns, firstChannel: group * depth, depth };
      const isWhole = isPointwise(windows, patch) && groups === 1 && !images.isChannelFirst;
      if (isWhole) {
        multiply(left, right, x, 0, out as NumberArray, 0, images.batch * pixels, size, perGroup, outputs);
        continue;
      }
      for (let image = 0; image < images.batch; image++) {
        for (let first = 0; first < pixels; first += windowsAtOnce) {
          const count = Math.min(windowsAtOnce, pixels - first);
          layOut(x, images, image, windows, patch, first, count);
          const outAt = image * pixels * outputs;
          if (images.isChannelFirst) {
            const at = outAt + group * perGroup * pixels + first;
            multiplyTransposed(right, left, out as NumberArray, at, perGroup, size, count, pixels);
          } else {
            const at = outAt + first * outputs + group * perGroup;
            multiply(left, right, patches, 0, out as NumberArray, at, count, size, perGroup, outputs);
          }
        }
      }
    }
  };
}

function filterShape({ shape }: TensorLike): [number, number, number, number] {
  if (shape.length !== 4 || shape.includes(0)) throw kernelError(`${showShape(shape)} is no shape of a filter`);
  return shape as unknown as [number, number, number, number];
}

/** Whether every window is one pixel and every pixel has one: then the images are the patches. */
function isPointwise({ rows, columns }: Windows, patch: Patch): boolean {
  const isPlain = (axis: typeof rows) => axis.stride === 1 && axis.before === 0 && axis.explicit[1] === 0;
  return patch.rows === 1 && patch.columns === 1 && isPlain(rows) && isPlain(columns);
}

function multiply(
  left: Matrix,
  right: Matrix,
  data: NumberArray,
  offset: number,
  out: NumberArray,
  outAt: number,
  m: number,
  k: number,
  n: number,
  outRow: number,
): void {
  left.data = data;
  left.offset = offset;
  left.row = k;
  left.column = 1;
  gemm(left, right, out, outAt, m, k, n, outRow);
}

/** Channels first: each filter is a row on the left, each patch a column on the right. */
function multiplyTransposed(
  filter: Matrix,
  columns: Matrix,
  out: NumberArray,
  outAt: number,
  m: number,
  k: number,
  n: number,
  outRow: number,
): void {
  columns.data = patches;
  columns.offset = 0;
  columns.row = 1;
  columns.column = k;
  const left = { data: filter.data, offset: filter.offset, row: 1, column: filter.row };
  gemm(left, columns, out, outAt, m, k, n, outRow);
}

/** Writes the pixels under `count` windows, zeros where a window leaves the image. */
function layOut(
  x: NumberArray,
  images: Images,
  image: number,
  windows: Windows,
  patch: Patch,
  first: number,
  count: number,
): void {
  const { strides, height, width } = images;
  const { rows, columns } = windows;
  const origin = image * strides.batch + patch.firstChannel * strides.channels;
  let at = 0;
  for (let i = first; i < first + count; i++) {
    const top = Math.floor(i / columns.count) * rows.stride - rows.before;
    const left = (i % columns.count) * columns.stride - columns.before;
    for (let r = 0; r < patch.rows; r++) {
      const y = top + r * rows.dilation;
      const isRow = y >= 0 && y < height;
      for (let c = 0; c < patch.columns; c++, at += patch.depth) {
        const column = left + c * columns.dilation;
        if (!isRow || column < 0 || column >= width) {
          for (let d = at; d < at + patch.depth; d++) patches[d] = 0;
          continue;
        }
        let from = origin + y * strides.height + column * strides.width;
        for (let d = at; d < at + patch.depth; d++, from += strides.channels) patches[d] = x[from]!;
      }
    }
  }
}

export const convOps: OpTable = { Conv2D: { arity: 2, create: createConv2D } };
