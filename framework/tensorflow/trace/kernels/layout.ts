/** Channels first or last: TensorFlow computes NHWC everywhere and NCHW on few processors, so the graph turns NCHW round. */
import type { Recorder, Traced } from "../Recorder.js";
import { transpose } from "./nodes.js";

/** What `compute` makes of images with their channels last, given and returned as `dataFormat` says. */
export function channelsLast(
  recorder: Recorder,
  x: Traced,
  dataFormat: unknown,
  compute: (x: Traced) => Traced,
): Traced {
  const isFirst = dataFormat === "NCHW" || dataFormat === "NCDHW";
  if (!isFirst) return compute(x);
  const rank = x.value.shape.length;
  const space = Array.from({ length: rank - 2 }, (_, i) => i + 2);
  const result = compute(transpose(recorder, x, [0, ...space, 1]));
  return transpose(recorder, result, [0, rank - 1, ...space.map((axis) => axis - 1)]);
}

/** Paddings, strides or sizes of a tensor's axes, for channels last. */
export function lastOrder<T>(values: readonly T[], dataFormat: unknown): readonly T[] {
  const isFirst = dataFormat === "NCHW" || dataFormat === "NCDHW";
  const [batch, channels, ...space] = values as readonly [T, T, ...T[]];
  return isFirst ? [batch, ...space, channels] : values;
}
