/** Conv3D, MaxPool3D and AvgPool3D, as they are defined: windows over the three middle axes of volumes. */
// biome-ignore-all lint/style/noNonNullAssertion: inner loops over windows that were laid within the volumes
import { intsAttr, stringAttr } from "../../attributes.js";
import type { NumberArray } from "../../dtypes.js";
import type { NodeDef } from "../../GraphDef.js";
import { showShape, type TensorLike } from "../../Tensor.js";
import { type Kernel, kernelError, lowestOf, numbers, type Op, type OpTable, product } from "../op.js";
import { stridesOf } from "../stridedCopy.js";
import { type Axis, coverAxis, readAxis } from "./window.js";

/** Sees the windows of one output pixel: where they start in memory, and which of their elements lie in the volume. */
type Visit = (out: number, volume: number, window: readonly Position[]) => void;

/** An element of a window: its number, and its place after the volume's first element. */
interface Position {
  readonly index: number;
  readonly at: number;
}

/** The attributes of a node and the shapes of a run: NDHWC or NCDHW. */
class Volumes {
  readonly #isChannelFirst: boolean;
  readonly #padding: string;
  readonly #axes: readonly Axis[];
  #shape: readonly number[] = [];
  channels = 0;

  constructor(node: NodeDef) {
    const format = stringAttr(node, "data_format", "NDHWC");
    if (format !== "NDHWC" && format !== "NCDHW") throw kernelError(`data_format ${format} is not supported`);
    this.#isChannelFirst = format === "NCDHW";
    this.#padding = stringAttr(node, "padding");
    if (this.#padding !== "SAME" && this.#padding !== "VALID")
      throw kernelError(`unknown padding ${this.#padding}`);
    this.#axes = this.ofSpace([0, 1, 2, 3, 4]).map((axis) => readAxis(node, axis));
  }

  /** The entries that speak of the space. */
  ofSpace(values: readonly number[]): readonly number[] {
    return this.#isChannelFirst ? values.slice(2, 5) : values.slice(1, 4);
  }

  set({ shape }: TensorLike): void {
    if (shape.length !== 5) throw kernelError(`expects volumes, a tensor of rank 5, not ${showShape(shape)}`);
    this.#shape = shape;
    this.channels = shape[this.#isChannelFirst ? 1 : 4]!;
  }

  /** Lays windows of a size; returns the result's shape. */
  cover(sizes: readonly number[], channels: number): number[] {
    const space = this.ofSpace(this.#shape);
    for (const [i, axis] of this.#axes.entries()) coverAxis(axis, this.#padding, space[i]!, sizes[i]!);
    return this.#made(channels);
  }

  #made(channels: number): number[] {
    const counts = this.#axes.map(({ count }) => count);
    const batch = this.#shape[0]!;
    return this.#isChannelFirst ? [batch, channels, ...counts] : [batch, ...counts, channels];
  }

  /** Steps from channel to channel: in the volumes, and in results of so many channels. */
  channelSteps(channels: number): readonly [number, number] {
    const axis = this.#isChannelFirst ? 1 : 4;
    return [stridesOf(this.#shape, [])[axis]!, stridesOf(this.#made(channels), [])[axis]!];
  }

  each(sizes: readonly number[], channels: number, visit: Visit): void {
    const space = this.ofSpace(this.#shape);
    const made = this.#made(channels);
    const [from, to] = [stridesOf(this.#shape, []), stridesOf(made, [])];
    const [fromSpace, toSpace] = [this.ofSpace(from), this.ofSpace(to)];
    const counts = this.ofSpace(made);
    for (let batch = 0; batch < this.#shape[0]!; batch++) {
      for (let pixel = 0; pixel < product(counts); pixel++) {
        const place = placeOf(pixel, counts);
        const out = place.reduce((sum, position, i) => sum + position * toSpace[i]!, batch * to[0]!);
        const window: Position[] = [];
        for (let index = 0; index < product(sizes); index++) {
          const inside = placeOf(index, sizes).map((k, i) => {
            const axis = this.#axes[i]!;
            return place[i]! * axis.stride - axis.before + k * axis.dilation;
          });
          if (inside.some((position, i) => position < 0 || position >= space[i]!)) continue;
          const at = inside.reduce((sum, position, i) => sum + position * fromSpace[i]!, 0);
          window.push({ index, at });
        }
        visit(out, batch * from[0]!, window);
      }
    }
  }
}

/** The place of an element in a row-major block. */
function placeOf(index: number, [, rows, columns]: readonly number[]): number[] {
  return [Math.floor(index / (rows! * columns!)), Math.floor(index / columns!) % rows!, index % columns!];
}

function createConv3D(node: NodeDef): Kernel {
  const volumes = new Volumes(node);
  return (call) => {
    const [value, filter] = call.inputs as [TensorLike, TensorLike];
    volumes.set(value);
    const [depth, outputs] = filter.shape.slice(3) as [number, number];
    const groups = volumes.channels / depth;
    const fits =
      filter.shape.length === 5 && Number.isInteger(groups) && groups > 0 && outputs % groups === 0;
    if (!fits || value.dtype !== filter.dtype || !value.dtype.startsWith("float"))
      throw kernelError(`a filter of ${showShape(filter.shape)} does not fit ${showShape(value.shape)}`);
    const sizes = filter.shape.slice(0, 3);
    const out = call.output(0, value.dtype, volumes.cover(sizes, outputs)) as NumberArray;
    const [x, w] = [numbers(value), numbers(filter)];
    const [step, outStep] = volumes.channelSteps(outputs);
    volumes.each(sizes, outputs, (to, from, window) => {
      for (let o = 0; o < outputs; o++) {
        const first = Math.floor(o / (outputs / groups)) * depth;
        let sum = 0;
        for (const { index, at } of window) {
          for (let d = 0; d < depth; d++)
            sum += x[from + at + (first + d) * step]! * w[(index * depth + d) * outputs + o]!;
        }
        out[to + o * outStep] = sum;
      }
    });
  };
}

function poolOp(isMax: boolean): Op {
  return { arity: 1, create: (node) => createPool3D(node, isMax) };
}

function createPool3D(node: NodeDef, isMax: boolean): Kernel {
  const volumes = new Volumes(node);
  const ksize = intsAttr(node, "ksize");
  const sizes = volumes.ofSpace(ksize);
  if (sizes.length !== 3 || !sizes.every((size) => size >= 1) || product(ksize) !== product(sizes))
    throw kernelError(`windows of [${ksize}] are not supported`);
  return (call) => {
    const value = call.inputs[0] as TensorLike;
    volumes.set(value);
    const { channels } = volumes;
    const x = numbers(value);
    const out = call.output(0, value.dtype, volumes.cover(sizes, channels)) as NumberArray;
    const [step, outStep] = volumes.channelSteps(channels);
    volumes.each(sizes, channels, (to, from, window) => {
      for (let c = 0; c < channels; c++) {
        let result = isMax ? lowestOf(value.dtype) : 0;
        for (const { at } of window) {
          const element = x[from + at + c * step]!;
          // NaN is passed over.
          if (!isMax) result += element;
          else if (element > result) result = element;
        }
        out[to + c * outStep] = isMax ? result : result / window.length;
      }
    });
  };
}

export const volumeOps: OpTable = {
  Conv3D: { arity: 2, create: createConv3D },
  MaxPool3D: poolOp(true),
  AvgPool3D: poolOp(false),
};
