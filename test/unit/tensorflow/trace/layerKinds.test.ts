/** Kinds of layers that a model may have, one each: the traced model gives what the model predicts. */
import "@tensorflow/tfjs-backend-cpu";
import type * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { describe, it } from "vitest";
import { fromLayersModel } from "../../../../framework/tensorflow/trace/fromLayersModel.js";
import { eager, expectClose, floats, run } from "./traced.js";

/** Input shapes without the batch. */
const kinds: readonly [name: string, shape: number[], make: () => tfl.layers.Layer][] = [
  ["PReLU", [5], () => tfl.layers.prelu({ alphaInitializer: "glorotNormal" })],
  ["ThresholdedReLU", [5], () => tfl.layers.thresholdedReLU({ theta: 0.3 })],
  ["LeakyReLU", [5], () => tfl.layers.leakyReLU()],
  ["ReLU with a limit", [5], () => tfl.layers.reLU({ maxValue: 0.5 })],
  ["LayerNormalization", [4, 5], () => tfl.layers.layerNormalization()],
  [
    "ConvLSTM2D",
    [3, 6, 6, 2],
    () => tfl.layers.convLstm2d({ recurrentInitializer: "glorotNormal", filters: 2, kernelSize: 3 }),
  ],
  ["Conv3D", [4, 5, 6, 2], () => tfl.layers.conv3d({ filters: 2, kernelSize: 2, activation: "tanh" })],
  [
    "Conv3DTranspose",
    [4, 5, 6, 2],
    () => tfl.layers.conv3dTranspose({ filters: 2, kernelSize: 2, strides: 2, padding: "same" }),
  ],
  ["MaxPooling3D", [4, 5, 6, 2], () => tfl.layers.maxPooling3d({ poolSize: 2 })],
  [
    "AveragePooling3D",
    [4, 5, 6, 2],
    () => tfl.layers.averagePooling3d({ poolSize: [2, 2, 2], padding: "same" }),
  ],
  ["Permute", [4, 5, 2], () => tfl.layers.permute({ dims: [3, 1, 2] })],
  ["RepeatVector", [4], () => tfl.layers.repeatVector({ n: 3 })],
  [
    "Bidirectional",
    [4, 3],
    () =>
      tfl.layers.bidirectional({
        layer: tfl.layers.gru({ recurrentInitializer: "glorotNormal", units: 2, returnSequences: true }),
        mergeMode: "concat",
      }),
  ],
  [
    "TimeDistributed",
    [4, 3],
    () => tfl.layers.timeDistributed({ layer: tfl.layers.dense({ units: 2, activation: "softmax" }) }),
  ],
  [
    "UpSampling2D, bilinear",
    [4, 3, 2],
    () => tfl.layers.upSampling2d({ size: [2, 3], interpolation: "bilinear" }),
  ],
  ["UpSampling2D", [4, 3, 2], () => tfl.layers.upSampling2d({ size: [2, 3] })],
  [
    "ZeroPadding2D",
    [4, 3, 2],
    () =>
      tfl.layers.zeroPadding2d({
        padding: [
          [1, 2],
          [0, 1],
        ],
      }),
  ],
  [
    "Cropping2D",
    [6, 5, 2],
    () =>
      tfl.layers.cropping2D({
        cropping: [
          [1, 2],
          [0, 1],
        ],
      }),
  ],
  ["Rescaling", [6], () => tfl.layers.rescaling({ scale: 0.1, offset: 2 })],
  ["GlobalMaxPooling1D", [6, 5], () => tfl.layers.globalMaxPooling1d()],
  ["GlobalAveragePooling2D", [6, 5, 2], () => tfl.layers.globalAveragePooling2d({})],
  [
    "Conv2D, channels first",
    [2, 6, 5],
    () => tfl.layers.conv2d({ filters: 3, kernelSize: 3, dataFormat: "channelsFirst", activation: "relu" }),
  ],
  [
    "SeparableConv2D with gaps",
    [6, 5, 2],
    () => tfl.layers.separableConv2d({ filters: 3, kernelSize: 3, dilationRate: 2, padding: "same" }),
  ],
  [
    "DepthwiseConv2D",
    [6, 5, 2],
    () => tfl.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, activation: "selu" }),
  ],
  ["Dense on sequences, gelu", [6, 5], () => tfl.layers.dense({ units: 3, activation: "gelu" })],
  ["Dense on sequences, mish", [6, 5], () => tfl.layers.dense({ units: 3, activation: "mish" })],
  ["hard sigmoid", [5], () => tfl.layers.activation({ activation: "hardSigmoid" })],
  ["swish", [5], () => tfl.layers.activation({ activation: "swish" })],
  ["LSTM", [4, 3], () => tfl.layers.lstm({ recurrentInitializer: "glorotNormal", units: 2 })],
  [
    "RNN of two cells",
    [4, 3],
    () =>
      tfl.layers.rnn({
        cell: [
          tfl.layers.gruCell({ recurrentInitializer: "glorotNormal", units: 2 }),
          tfl.layers.simpleRNNCell({ recurrentInitializer: "glorotNormal", units: 3 }),
        ],
      }),
  ],
  ["BatchNormalization of the first axis", [3, 4, 2], () => tfl.layers.batchNormalization({ axis: 1 })],
];
describe("a model of one layer, for any batch", () => {
  it.each(kinds)("%s", async (_name, shape, make) => {
    const input = tfl.input({ shape });
    const model = tfl.model({ inputs: input, outputs: make().apply(input) as tfl.SymbolicTensor });
    const fn = await fromLayersModel(model as Parameters<typeof fromLayersModel>[0]);
    for (const batch of [1, 3]) {
      const x = floats([batch, ...shape], 2);
      expectClose(run(fn, [x])[0], model.predict(eager(x)) as tf.Tensor, 2e-6);
    }
  });
});
