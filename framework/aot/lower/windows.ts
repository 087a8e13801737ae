/**
 * What convolutions and poolings have in common: windows over the middle axes of images. A window is a view: the image
 * with the axes of the output's positions and of the window's elements, which walk the same memory.
 */
import { intsAttr, stringAttr } from "../../tensorflow/attributes.js";
import type { NodeDef } from "../../tensorflow/GraphDef.js";
import type { Element } from "../tensor/ir.js";
import { sizeOf, View } from "../tensor/View.js";
import type { Trace } from "./Lowering.js";
import { type Margin, pad } from "./pad.js";

/** Windows along one axis: output o covers o * stride - before + k * dilation for k < size. */
export interface WindowAxis {
  readonly extent: number;
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly count: number;
}

/** How the axes of a node's images lie; inside the lowerings images are [batch, …space, channels]. */
export class ImageFormat {
  readonly isChannelFirst: boolean;

  constructor(
    readonly trace: Trace,
    readonly node: NodeDef,
  ) {
    const format = stringAttr(node, "data_format", "NHWC");
    if (!["NHWC", "NCHW", "NDHWC", "NCDHW"].includes(format))
      trace.unsupported(`its data_format is ${format}; use NHWC instead`);
    this.isChannelFirst = format.startsWith("NC");
  }

  /** The node's input as [batch, …space, channels]. @throws Unsupported when it is no image, or volume */
  imagesOf(x: View): View {
    const rank = this.node.op.endsWith("3D") ? 5 : 4;
    if (x.rank !== rank)
      return this.trace.unsupported(
        `[${x.shape}] is of rank ${x.rank} instead of ${rank}; correct the graph or the feeds`,
      );
    return this.toLast(x);
  }

  /** As [batch, …space, channels]. */
  toLast(view: View): View {
    return this.isChannelFirst ? view.permute([0, ...range(2, view.rank), 1]) : view;
  }

  /** An image of the node's format, seen as [batch, …space, channels]. */
  newImage(trace: Trace, like: View, space: readonly number[], channels: number): Image {
    const shape = this.shapeOf(like.shape[0] as number, space, channels);
    const image = View.of(trace.newStorage(like.dtype, sizeOf(shape)), shape);
    return { image, last: this.toLast(image) };
  }

  shapeOf(batch: number, space: readonly number[], channels: number): number[] {
    return this.isChannelFirst ? [batch, channels, ...space] : [batch, ...space, channels];
  }

  /** The entries of an attribute that speak of the space. */
  spaceOf(values: readonly number[], rank: number): number[] {
    return values.slice(this.isChannelFirst ? 2 : 1, this.isChannelFirst ? rank : rank - 1);
  }
}

export interface Image {
  /** In the node's format. */
  readonly image: View;
  /** The same as [batch, …space, channels]. */
  readonly last: View;
}

/** Of the space alone; dilations and padding are attributes of the node. */
export interface WindowRule {
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
}

/** Lays the node's windows of `sizes` over a space. */
export function coverWith(
  trace: Trace,
  node: NodeDef,
  format: ImageFormat,
  space: readonly number[],
  { sizes, strides }: WindowRule,
): WindowAxis[] {
  const padding = stringAttr(node, "padding");
  const rank = space.length + 2;
  const dilations = format.spaceOf(intsAttr(node, "dilations"), rank);
  const explicit = intsAttr(node, "explicit_paddings");
  const first = format.isChannelFirst ? 2 : 1;
  return space.map((extent, i) => {
    const [size, stride, dilation] = [sizes[i] as number, strides[i] ?? 1, dilations[i] ?? 1];
    if (!(stride >= 1 && dilation >= 1))
      trace.unsupported("a stride or dilation is less than 1; correct the graph");
    const covered = (size - 1) * dilation + 1;
    const axis = { extent, size, stride, dilation };
    if (padding === "SAME") {
      const count = Math.ceil(extent / stride);
      return { ...axis, count, before: Math.max(0, (count - 1) * stride + covered - extent) >> 1 };
    }
    const at = 2 * (first + i);
    const [before, after] = padding === "EXPLICIT" ? [explicit[at] ?? 0, explicit[at + 1] ?? 0] : [0, 0];
    return {
      ...axis,
      before,
      count: Math.max(0, Math.floor((extent + before + after - covered) / stride) + 1),
    };
  });
}

/** What windows reach beyond the image. */
function marginOf({ extent, size, stride, dilation, before, count }: WindowAxis): Margin {
  const last = (count - 1) * stride + (size - 1) * dilation;
  return [before, Math.max(0, last - before - extent + 1)];
}

/** Of images [n, …space, c] a view [n, …positions, …window, c]; `margin` is what lies outside of the image. */
export function windowsOf(trace: Trace, images: View, axes: readonly WindowAxis[], margin: Element): View {
  const padded = pad(trace, images, [[0, 0], ...axes.map(marginOf), [0, 0]], margin);
  const channels = padded.rank - 1;
  const stride = (i: number) => padded.strides[i + 1] as number;
  return padded.strided(
    [
      padded.shape[0] as number,
      ...axes.map(({ count }) => count),
      ...axes.map(({ size }) => size),
      padded.shape[channels] as number,
    ],
    [
      padded.strides[0] as number,
      ...axes.map((axis, i) => axis.stride * stride(i)),
      ...axes.map((axis, i) => axis.dilation * stride(i)),
      padded.strides[channels] as number,
    ],
  );
}

export function range(begin: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - begin) }, (_, i) => begin + i);
}
