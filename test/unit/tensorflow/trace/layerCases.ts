/** Layers of tfjs, each as a model of its own, with the sizes of its input. */
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { floats } from "./traced.js";

const { layers } = tfl;
/** The default of recurrent layers, orthogonal, needs the chained ops of the whole package @tensorflow/tfjs. */
export const recurrentInitializer = "glorotUniform";

type LayerCase = readonly [label: string, shape: readonly number[], make: () => tfl.layers.Layer];

const recurrent = { recurrentInitializer, units: 3 } as const;
const sequence = { ...recurrent, returnSequences: true } as const;
const both = (mergeMode: "sum" | "ave" | "mul" | "concat") =>
  layers.bidirectional({ layer: layers.lstm(sequence), mergeMode });
const activations = [
  "elu",
  "gelu",
  "gelu_new",
  "hardSigmoid",
  "linear",
  "mish",
  "relu",
  "relu6",
  "selu",
  "sigmoid",
  "softmax",
  "softplus",
  "softsign",
  "swish",
  "tanh",
] as const;

export const layerCases: readonly LayerCase[] = [
  ...activations.map(
    (activation): LayerCase => [`dense, ${activation}`, [5, 3], () => layers.dense({ units: 4, activation })],
  ),
  ["conv1d", [9, 2], () => layers.conv1d({ filters: 3, kernelSize: 3, strides: 2 })],
  ["conv1d, dilated", [9, 2], () => layers.conv1d({ filters: 3, kernelSize: 3, dilationRate: 2 })],
  [
    "conv2d, channels first",
    [2, 8, 7],
    () => layers.conv2d({ filters: 3, kernelSize: 3, dataFormat: "channelsFirst" }),
  ],
  [
    "conv2dTranspose",
    [8, 7, 2],
    () => layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, padding: "valid" }),
  ],
  ["conv3d", [4, 5, 6, 2], () => layers.conv3d({ filters: 2, kernelSize: 2 })],
  ["conv3dTranspose", [3, 4, 5, 2], () => layers.conv3dTranspose({ filters: 2, kernelSize: 2 })],
  [
    "depthwiseConv2d",
    [6, 5, 2],
    () => layers.depthwiseConv2d({ kernelSize: 2, depthMultiplier: 2, strides: 2 }),
  ],
  [
    "separableConv2d",
    [6, 5, 2],
    () => layers.separableConv2d({ filters: 3, kernelSize: 2, depthMultiplier: 2 }),
  ],
  ["maxPooling1d", [9, 2], () => layers.maxPooling1d({ poolSize: 3, strides: 2, padding: "same" })],
  [
    "averagePooling2d",
    [8, 7, 2],
    () => layers.averagePooling2d({ poolSize: 3, strides: 2, padding: "same" }),
  ],
  ["maxPooling3d", [4, 5, 6, 2], () => layers.maxPooling3d({ poolSize: 2, strides: 2 })],
  ["averagePooling3d", [4, 5, 6, 2], () => layers.averagePooling3d({ poolSize: 2, strides: 2 })],
  ["globalMaxPooling2d", [8, 7, 2], () => layers.globalMaxPooling2d({})],
  ["globalAveragePooling1d", [5, 3], () => layers.globalAveragePooling1d({})],
  ["batchNormalization of rows", [6], () => layers.batchNormalization()],
  ["batchNormalization of sequences", [6, 3], () => layers.batchNormalization()],
  ["batchNormalization of pictures", [6, 5, 3], () => layers.batchNormalization()],
  ["layerNormalization", [6, 3], () => layers.layerNormalization()],
  ["layerNormalization of two axes", [6, 3, 2], () => layers.layerNormalization({ axis: [1, 2] })],
  ["simpleRNN", [5, 3], () => layers.simpleRNN(sequence)],
  ["lstm", [5, 3], () => layers.lstm(recurrent)],
  ["lstm with its state", [5, 3], () => layers.lstm({ ...recurrent, unitForgetBias: false })],
  ["gru, backwards", [5, 3], () => layers.gru({ ...recurrent, goBackwards: true })],
  [
    "stacked cells",
    [5, 3],
    () => layers.rnn({ cell: [layers.lstmCell(recurrent), layers.gruCell(recurrent)] }),
  ],
  ["convLstm2d", [3, 6, 5, 2], () => layers.convLstm2d({ filters: 2, kernelSize: 3, recurrentInitializer })],
  ["bidirectional, sum", [4, 2], () => both("sum")],
  ["bidirectional, ave", [4, 2], () => both("ave")],
  ["bidirectional, mul", [4, 2], () => both("mul")],
  ["bidirectional, concat", [4, 2], () => both("concat")],
  [
    "timeDistributed",
    [4, 9, 2],
    () => layers.timeDistributed({ layer: layers.conv1d({ filters: 2, kernelSize: 2 }) }),
  ],
  ["masking", [5, 3], () => layers.masking({ maskValue: 0 })],
  ["dropout", [5, 3], () => layers.dropout({ rate: 0.5 })],
  ["gaussianNoise", [5, 3], () => layers.gaussianNoise({ stddev: 1 })],
  ["gaussianDropout", [5, 3], () => layers.gaussianDropout({ rate: 0.3 })],
  ["alphaDropout", [5, 3], () => layers.alphaDropout({ rate: 0.3 })],
  ["leakyReLU", [5, 3], () => layers.leakyReLU({ alpha: 0.1 })],
  ["prelu", [5, 3], () => layers.prelu()],
  ["reLU", [5, 3], () => layers.reLU({ maxValue: 0.5 })],
  ["thresholdedReLU", [5, 3], () => layers.thresholdedReLU({ theta: 0.2 })],
  ["repeatVector", [5], () => layers.repeatVector({ n: 3 })],
  ["permute", [5, 3], () => layers.permute({ dims: [2, 1] })],
  ["reshape", [6, 2], () => layers.reshape({ targetShape: [-1, 3] })],
  ["zeroPadding2d", [4, 5, 2], () => layers.zeroPadding2d({ padding: [1, 2] })],
  [
    "cropping2D",
    [8, 7, 2],
    () =>
      layers.cropping2D({
        cropping: [
          [1, 2],
          [0, 1],
        ],
      }),
  ],
  ["upSampling2d", [4, 5, 2], () => layers.upSampling2d({ size: [2, 3], interpolation: "bilinear" })],
  ["rescaling", [8, 7, 3], () => layers.rescaling({ scale: 0.5, offset: 1 })],
];

export function modelOf([, shape, make]: LayerCase): tfl.Sequential {
  const model = tfl.sequential({
    layers: [layers.inputLayer({ inputShape: [...shape], name: "input" }), make()],
  });
  randomize(model);
  return model;
}

/** Other weights than zeros and ones, so that a mix-up shows; variances are positive. */
export function randomize(model: tfl.LayersModel): void {
  const weights = model.weights.map(({ name, shape }, i) => {
    const isVariance = name.includes("variance");
    const values = (floats(shape as number[], i).data as Float32Array).map((value) =>
      isVariance ? 1 + 0.5 * value : 0.4 * value,
    );
    return tf.tensor(values, shape as number[]);
  });
  model.setWeights(weights);
  tf.dispose(weights);
}
