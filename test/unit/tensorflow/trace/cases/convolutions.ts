/** Windows over images and volumes: paddings, strides, gaps, roundings. */
import * as tf from "@tensorflow/tfjs-core";
import { floats, wholes } from "../tfjsKernels.js";
import type { Run } from "./Run.js";

export function convolutions(): Record<string, Run> {
  const cases: Record<string, Run> = {};
  type Pad =
    | "same"
    | "valid"
    | number
    | [[number, number], [number, number], [number, number], [number, number]];
  const own: Pad = [
    [0, 0],
    [1, 2],
    [0, 3],
    [0, 0],
  ];
  const pads: Pad[] = ["same", "valid", 1, own];
  const image = (seed = 1) => floats([2, 7, 6, 3], seed) as tf.Tensor4D;
  const filter = floats([3, 2, 3, 4], 5) as tf.Tensor4D;
  const deep = floats([3, 2, 3, 2], 6) as tf.Tensor4D;
  const square = floats([3, 3, 3, 4], 5) as tf.Tensor4D;
  const deepSquare = floats([3, 3, 3, 2], 6) as tf.Tensor4D;
  for (const pad of pads) {
    // tfjs lays only squares right where the padding is a number.
    const [window, deepWindow] = pad === 1 ? [square, deepSquare] : [filter, deep];
    for (const strides of [1, 2, [2, 1], [1, 3]] as (number | [number, number])[]) {
      if (pad === 1 && Array.isArray(strides)) continue;
      const tag = `${JSON.stringify(pad)} strides ${strides}`;
      cases[`conv2d ${tag}`] = () => tf.conv2d(image(), window, strides, pad);
      cases[`depthwise ${tag}`] = () => tf.depthwiseConv2d(image(), deepWindow, strides, pad);
      cases[`transposed ${tag}`] = () => {
        const given = tf.mul(tf.conv2d(image(), window, strides, pad), 0.1) as tf.Tensor4D;
        return tf.conv2dTranspose(given, window, [2, 7, 6, 3], strides, pad);
      };
    }
    for (const dilation of [2, [1, 2], [3, 2]] as (number | [number, number])[]) {
      const tag = `${JSON.stringify(pad)} dilations ${dilation}`;
      if (pad === 1 && Array.isArray(dilation)) continue;
      cases[`conv2d ${tag}`] = () => tf.conv2d(image(), window, 1, pad, "NHWC", dilation);
      cases[`depthwise ${tag}`] = () => tf.depthwiseConv2d(image(), deepWindow, 1, pad, "NHWC", dilation);
    }
  }
  for (const mode of ["floor", "round", "ceil"] as const) {
    cases[`conv2d ${mode}`] = () => tf.conv2d(image(), square, 2, 1, "NHWC", 1, mode);
    cases[`maxPool ${mode}`] = () => tf.maxPool(image(), 3, 2, 1, mode);
    cases[`avgPool ${mode}`] = () => tf.avgPool(image(), 3, 2, 1, mode);
    cases[`maxPool3d ${mode}`] = () =>
      tf.maxPool3d(floats([1, 5, 4, 6, 2]) as tf.Tensor5D, [3, 2, 3], 2, 1, mode);
    cases[`avgPool3d ${mode}`] = () =>
      tf.avgPool3d(floats([1, 5, 4, 6, 2]) as tf.Tensor5D, [2, 2, 3], 2, 1, mode);
  }
  const turned = () => tf.transpose(image(), [0, 3, 1, 2]) as tf.Tensor4D;
  for (const pad of ["same", "valid", 1] as const) {
    cases[`conv2d NCHW ${pad}`] = () => tf.conv2d(turned(), square, 2, pad, "NCHW");
    for (const size of [2, 3, [3, 2]] as (number | [number, number])[]) {
      if (pad === 1 && Array.isArray(size)) continue;
      cases[`maxPool ${pad} ${size}`] = () => tf.maxPool(image(), size, 2, pad);
      cases[`avgPool ${pad} ${size}`] = () => tf.avgPool(image(), size, pad === 1 ? 1 : [1, 2], pad);
    }
  }
  cases["maxPool explicit"] = () => tf.maxPool(image(), [3, 4], [2, 1], own);
  cases["avgPool explicit"] = () => tf.avgPool(image(), [3, 4], [2, 1], own);
  cases["maxPool int32"] = () => tf.maxPool(wholes([1, 5, 5, 2]) as tf.Tensor4D, 2, 2, "same");
  cases["maxPool of one image"] = () => tf.maxPool(floats([6, 6, 2]) as tf.Tensor3D, 2, 2, "valid");
  cases.conv1d = () =>
    tf.conv1d(floats([2, 9, 3]) as tf.Tensor3D, floats([3, 3, 4], 2) as tf.Tensor3D, 2, "same");
  cases.separable = () =>
    tf.separableConv2d(image(), deep, floats([1, 1, 6, 2], 3) as tf.Tensor4D, 1, "same");
  cases["fused depthwise"] = () =>
    tf.fused.depthwiseConv2d({
      x: image(),
      filter: deep,
      strides: 1,
      pad: "same",
      bias: floats([6], 2),
      activation: "relu6",
    });
  cases["fused depthwise with gaps"] = () =>
    tf.fused.depthwiseConv2d({
      x: image(),
      filter: deep,
      strides: 1,
      pad: "same",
      dilations: 2,
      bias: floats([6], 2),
    });
  cases["fused NCHW"] = () =>
    tf.fused.conv2d({
      x: turned(),
      filter,
      strides: 1,
      pad: "valid",
      dataFormat: "NCHW",
      bias: floats([4], 2),
    });
  cases["fused bias per pixel"] = () =>
    tf.fused.conv2d({
      x: image(),
      filter,
      strides: 1,
      pad: "same",
      bias: floats([7, 6, 4], 2),
      activation: "relu",
    });
  const volume = () => floats([2, 5, 4, 6, 2]) as tf.Tensor5D;
  const cube = floats([2, 3, 2, 2, 3], 4) as tf.Tensor5D;
  for (const pad of ["same", "valid"] as const) {
    for (const strides of [1, 2, [1, 2, 3], 4] as (number | [number, number, number])[]) {
      cases[`conv3d ${pad} ${strides}`] = () => tf.conv3d(volume(), cube, strides, pad);
      cases[`maxPool3d ${pad} ${strides}`] = () => tf.maxPool3d(volume(), [2, 1, 2], strides, pad);
      cases[`avgPool3d ${pad} ${strides}`] = () => tf.avgPool3d(volume(), [2, 1, 2], strides, pad);
    }
    cases[`conv3d with gaps ${pad}`] = () =>
      tf.conv3d(volume(), floats([2, 2, 2, 2, 3], 4) as tf.Tensor5D, 1, pad, "NDHWC", [2, 1, 2]);
  }
  cases["maxPool3d padded"] = () => tf.maxPool3d(tf.sub(volume(), 9) as tf.Tensor5D, 3, 2, 1);
  cases["tf.pool with gaps"] = () => tf.pool(image(), [2, 2], "max", "valid", [2, 2]);
  for (const pad of ["same", "valid"] as const) {
    for (const strides of [1, 2, [1, 2, 3], 3] as (number | [number, number, number])[]) {
      cases[`conv3dTranspose ${pad} ${strides}`] = () => {
        const given = tf.mul(tf.conv3d(volume(), cube, strides, pad), 0.1) as tf.Tensor5D;
        return tf.conv3dTranspose(given, cube, [2, 5, 4, 6, 2], strides, pad);
      };
    }
  }
  return cases;
}
