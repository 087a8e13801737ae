/** ResizeNearestNeighbor and ResizeBilinear (NHWC), with TensorFlow's three ways to map pixels. */
// biome-ignore-all lint/style/noNonNullAssertion: positions are clipped to the image
import { boolAttr } from "../../attributes.js";
import type { NumberArray } from "../../dtypes.js";
import type { NodeDef } from "../../GraphDef.js";
import type { TensorLike } from "../../Tensor.js";
import { type Kernel, kernelError, numbers, type OpTable, readInts } from "../op.js";
import { Images } from "./window.js";

interface Mapping {
  readonly isAligned: boolean;
  readonly isHalfPixel: boolean;
}

function mapping(node: NodeDef): Mapping {
  return { isAligned: boolAttr(node, "align_corners"), isHalfPixel: boolAttr(node, "half_pixel_centers") };
}

/** Where output position `i` lies in the input, in float32 as TensorFlow computes it. */
function source(i: number, from: number, to: number, { isAligned, isHalfPixel }: Mapping): number {
  const scale = Math.fround(isAligned && to > 1 ? (from - 1) / (to - 1) : from / to);
  return isHalfPixel ? Math.fround(Math.fround(i + 0.5) * scale) : Math.fround(i * scale);
}

function nearest(i: number, from: number, to: number, map: Mapping): number {
  const position = source(i, from, to, map);
  const rounded = map.isAligned ? Math.round(position) : Math.floor(position);
  return Math.min(Math.max(rounded, 0), from - 1);
}

function outputShape(call: Parameters<Kernel>[0], images: Images, sizes: number[]): number[] {
  readInts(call.inputs[1], sizes);
  const [height, width] = sizes;
  const isPossible = sizes.length === 2 && height! > 0 && width! > 0 && images.height > 0 && images.width > 0;
  if (!isPossible)
    throw kernelError(`cannot resize ${images.height}×${images.width} to [${sizes.join(",")}]`);
  return images.shape(height!, width!, images.channels);
}

function createNearest(node: NodeDef): Kernel {
  const map = mapping(node);
  const images = new Images(false);
  const sizes: number[] = [];
  return (call) => {
    const value = call.inputs[0] as TensorLike;
    const { strides, channels } = images.set(value.shape);
    const out = call.output(0, value.dtype, outputShape(call, images, sizes)) as NumberArray;
    const [height, width] = sizes as [number, number];
    const x = numbers(value);
    let at = 0;
    for (let image = 0; image < images.batch; image++) {
      for (let r = 0; r < height; r++) {
        const row = image * strides.batch + nearest(r, images.height, height, map) * strides.height;
        for (let c = 0; c < width; c++) {
          let from = row + nearest(c, images.width, width, map) * strides.width;
          for (let i = 0; i < channels; i++) out[at++] = x[from++]!;
        }
      }
    }
  };
}

/** The two pixels around a position and the weight of the second. */
function between(i: number, from: number, to: number, map: Mapping): [number, number, number] {
  const position = map.isHalfPixel ? Math.fround(source(i, from, to, map) - 0.5) : source(i, from, to, map);
  const lower = Math.floor(position);
  const low = Math.min(Math.max(lower, 0), from - 1);
  const high = Math.min(Math.max(lower + 1, 0), from - 1);
  return [low, high, Math.fround(position - lower)];
}

function createBilinear(node: NodeDef): Kernel {
  const map = mapping(node);
  const images = new Images(false);
  const sizes: number[] = [];
  return (call) => {
    const value = call.inputs[0] as TensorLike;
    const { strides, channels } = images.set(value.shape);
    const out = call.output(0, "float32", outputShape(call, images, sizes)) as NumberArray;
    const [height, width] = sizes as [number, number];
    const x = numbers(value);
    let at = 0;
    for (let image = 0; image < images.batch; image++) {
      for (let r = 0; r < height; r++) {
        const [top, bottom, down] = between(r, images.height, height, map);
        for (let c = 0; c < width; c++) {
          const [left, right, aside] = between(c, images.width, width, map);
          const base = image * strides.batch;
          const upper = base + top * strides.height;
          const under = base + bottom * strides.height;
          for (let i = 0; i < channels; i++, at++) {
            const above = mix(
              x[upper + left * strides.width + i]!,
              x[upper + right * strides.width + i]!,
              aside,
            );
            const below = mix(
              x[under + left * strides.width + i]!,
              x[under + right * strides.width + i]!,
              aside,
            );
            out[at] = mix(above, below, down);
          }
        }
      }
    }
  };
}

function mix(a: number, b: number, weight: number): number {
  return a + (b - a) * weight;
}

export const resizeOps: OpTable = {
  ResizeNearestNeighbor: { arity: 2, create: createNearest },
  ResizeBilinear: { arity: 2, create: createBilinear },
};
