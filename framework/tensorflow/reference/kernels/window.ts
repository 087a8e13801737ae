/** What convolutions and poolings have in common: windows over the two middle axes of images, NHWC or NCHW. */
import { intsAttr, stringAttr } from "../../attributes.js";
import type { NodeDef } from "../../GraphDef.js";
import { showShape } from "../../Tensor.js";
import { kernelError } from "../op.js";

/** How the images of a tensor lie in memory, in elements. */
export class Images {
  batch = 0;
  height = 0;
  width = 0;
  channels = 0;
  readonly strides = { batch: 0, height: 0, width: 0, channels: 0 };

  constructor(readonly isChannelFirst: boolean) {}

  set(shape: readonly number[]): this {
    if (shape.length !== 4) throw kernelError(`expects images, a tensor of rank 4, not ${showShape(shape)}`);
    const [n, a, b, c] = shape as [number, number, number, number];
    this.batch = n;
    [this.height, this.width, this.channels] = this.isChannelFirst ? [b, c, a] : [a, b, c];
    const { height, width, channels, strides } = this;
    strides.batch = height * width * channels;
    strides.height = this.isChannelFirst ? width : width * channels;
    strides.width = this.isChannelFirst ? 1 : channels;
    strides.channels = this.isChannelFirst ? height * width : 1;
    return this;
  }

  shape(height: number, width: number, channels: number): number[] {
    return this.isChannelFirst
      ? [this.batch, channels, height, width]
      : [this.batch, height, width, channels];
  }
}

/** Windows along one axis: output position o covers o * stride - before + k * dilation for k < size. */
export interface Axis {
  stride: number;
  dilation: number;
  /** Zeros before the first element, for EXPLICIT padding: [before, after]. */
  explicit: readonly [number, number];
  before: number;
  /** Number of windows. */
  count: number;
}

/** The attributes strides, dilations, padding and data_format of a node. */
export class Windows {
  readonly isChannelFirst: boolean;
  readonly rows: Axis;
  readonly columns: Axis;
  readonly #padding: string;

  constructor(node: NodeDef) {
    const format = stringAttr(node, "data_format", "NHWC");
    this.isChannelFirst = format === "NCHW";
    if (format !== "NHWC" && format !== "NCHW") throw kernelError(`data_format ${format} is not supported`);
    this.#padding = stringAttr(node, "padding");
    if (!["SAME", "VALID", "EXPLICIT"].includes(this.#padding))
      throw kernelError(`unknown padding ${this.#padding}`);
    this.rows = readAxis(node, this.isChannelFirst ? 2 : 1);
    this.columns = readAxis(node, this.isChannelFirst ? 3 : 2);
  }

  /** Lays windows of a size over images. */
  cover(images: Images, rows: number, columns: number): void {
    coverAxis(this.rows, this.#padding, images.height, rows);
    coverAxis(this.columns, this.#padding, images.width, columns);
  }
}

/** What a node's attributes say of the axis `at` of its images; `strides` are an input in MaxPoolV2. */
export function readAxis(node: NodeDef, at: number): Axis {
  const stride = intsAttr(node, "strides")[at] ?? 1;
  const dilation = intsAttr(node, "dilations")[at] ?? 1;
  if (!(stride >= 1 && dilation >= 1)) throw kernelError("strides and dilations have to be at least 1");
  const paddings = intsAttr(node, "explicit_paddings");
  return {
    stride,
    dilation,
    explicit: [paddings[2 * at] ?? 0, paddings[2 * at + 1] ?? 0],
    before: 0,
    count: 0,
  };
}

/** Lays windows of a size along an axis. */
export function coverAxis(axis: Axis, padding: string, extent: number, size: number): void {
  const covered = (size - 1) * axis.dilation + 1;
  if (padding === "SAME") {
    axis.count = Math.ceil(extent / axis.stride);
    axis.before = Math.max(0, (axis.count - 1) * axis.stride + covered - extent) >> 1;
    return;
  }
  const [before, after] = padding === "EXPLICIT" ? axis.explicit : [0, 0];
  axis.before = before;
  axis.count = Math.max(0, Math.floor((extent + before + after - covered) / axis.stride) + 1);
}
