/** Parts of a tensor: Slice, and StridedSlice with all of its masks. */
// biome-ignore-all lint/style/noNonNullAssertion: axes are checked against the shapes before the loops
import { intAttr } from "../../attributes.js";
import type { NodeDef } from "../../GraphDef.js";
import { showShape, type TensorLike } from "../../Tensor.js";
import { type Kernel, kernelError, type OpTable, readInts } from "../op.js";
import { copyStrided, stridesOf } from "../stridedCopy.js";

/** begin and size for each axis; a size of -1 is all that is left. */
function createSlice(): Kernel {
  const begin: number[] = [];
  const size: number[] = [];
  const from: number[] = [];
  const to: number[] = [];
  return (call) => {
    const [input, beginInput, sizeInput] = call.inputs as [TensorLike, TensorLike, TensorLike];
    readInts(beginInput, begin);
    readInts(sizeInput, size);
    const { shape } = input;
    if (begin.length !== shape.length || size.length !== shape.length)
      throw kernelError("expects a position an axis");
    stridesOf(shape, from);
    let offset = 0;
    for (let axis = 0; axis < shape.length; axis++) {
      if (size[axis] === -1) size[axis] = shape[axis]! - begin[axis]!;
      const isInside = begin[axis]! >= 0 && size[axis]! >= 0 && begin[axis]! + size[axis]! <= shape[axis]!;
      if (!isInside)
        throw kernelError(`begin [${begin}] and size [${size}] leave the shape ${showShape(shape)}`);
      offset += begin[axis]! * from[axis]!;
    }
    const out = call.output(0, input.dtype, size);
    copyStrided(input.data, offset, from, out, 0, stridesOf(size, to), size);
  };
}

/** The masks of a StridedSlice: bit i speaks of the i-th entry of begin, end and strides. */
interface Masks {
  readonly begin: number;
  readonly end: number;
  readonly ellipsis: number;
  readonly newAxis: number;
  readonly shrink: number;
}

/** What one StridedSlice takes: a start, and for each axis that is walked how far and in which steps. */
class Selection {
  offset = 0;
  /** The result's shape, with new axes and without shrunk ones; a new axis has step 0. */
  readonly shape: number[] = [];
  readonly steps: number[] = [];
  readonly #inputStrides: number[] = [];

  choose(shape: readonly number[], begin: number[], end: number[], strides: number[], masks: Masks): void {
    stridesOf(shape, this.#inputStrides);
    this.offset = 0;
    this.shape.length = 0;
    this.steps.length = 0;
    let named = 0;
    for (let i = 0; i < begin.length; i++) if (!isSet(masks.newAxis, i) && !isSet(masks.ellipsis, i)) named++;
    if (named > shape.length) throw kernelError(`takes ${named} axes of ${showShape(shape)}`);
    let axis = 0;
    for (let i = 0; i < begin.length; i++) {
      if (isSet(masks.ellipsis, i))
        for (let rest = shape.length - named; rest > 0; rest--) this.#whole(shape, axis++);
      else if (isSet(masks.newAxis, i)) this.#push(1, 0);
      else if (isSet(masks.shrink, i)) this.#single(shape, axis++, begin[i]!);
      else {
        const from = isSet(masks.begin, i) ? undefined : begin[i]!;
        const to = isSet(masks.end, i) ? undefined : end[i]!;
        this.#range(shape, axis++, from, to, strides[i]!);
      }
    }
    while (axis < shape.length) this.#whole(shape, axis++);
  }

  #push(size: number, step: number): void {
    this.shape.push(size);
    this.steps.push(step);
  }

  #whole(shape: readonly number[], axis: number): void {
    this.#push(shape[axis]!, this.#inputStrides[axis]!);
  }

  #single(shape: readonly number[], axis: number, position: number): void {
    const at = position < 0 ? position + shape[axis]! : position;
    if (at < 0 || at >= shape[axis]!)
      throw kernelError(`position ${position} is outside axis ${axis} of ${showShape(shape)}`);
    this.offset += at * this.#inputStrides[axis]!;
  }

  /** As Python's slice(from, to, stride): positions count from the end when negative and are clipped to the axis. */
  #range(
    shape: readonly number[],
    axis: number,
    from: number | undefined,
    to: number | undefined,
    stride: number,
  ): void {
    const size = shape[axis]!;
    if (stride === 0) throw kernelError("a stride is 0");
    const low = stride > 0 ? 0 : -1;
    const high = stride > 0 ? size : size - 1;
    const start = from === undefined ? (stride > 0 ? low : high) : clip(from, size, low, high);
    const stop = to === undefined ? (stride > 0 ? high : low) : clip(to, size, low, high);
    const count = Math.max(0, Math.ceil((stop - start) / stride));
    if (count > 0) this.offset += start * this.#inputStrides[axis]!;
    this.#push(count, stride * this.#inputStrides[axis]!);
  }
}

function clip(position: number, size: number, low: number, high: number): number {
  return Math.min(Math.max(position < 0 ? position + size : position, low), high);
}

function isSet(mask: number, bit: number): boolean {
  return (mask & (1 << bit)) !== 0;
}

function createStridedSlice(node: NodeDef): Kernel {
  const masks: Masks = {
    begin: intAttr(node, "begin_mask", 0),
    end: intAttr(node, "end_mask", 0),
    ellipsis: intAttr(node, "ellipsis_mask", 0),
    newAxis: intAttr(node, "new_axis_mask", 0),
    shrink: intAttr(node, "shrink_axis_mask", 0),
  };
  const begin: number[] = [];
  const end: number[] = [];
  const strides: number[] = [];
  const to: number[] = [];
  const selection = new Selection();
  return (call) => {
    const input = call.inputs[0] as TensorLike;
    readInts(call.inputs[1], begin);
    readInts(call.inputs[2], end);
    readInts(call.inputs[3], strides);
    const fits = begin.length === end.length && begin.length === strides.length && begin.length < 32;
    if (!fits) throw kernelError("begin, end and strides differ in length");
    selection.choose(input.shape, begin, end, strides, masks);
    const out = call.output(0, input.dtype, selection.shape);
    if (out.length === 0) return;
    copyStrided(
      input.data,
      selection.offset,
      selection.steps,
      out,
      0,
      stridesOf(selection.shape, to),
      selection.shape,
    );
  };
}

export const sliceOps: OpTable = {
  Slice: { arity: 3, create: createSlice },
  StridedSlice: { arity: 4, create: createStridedSlice },
};
