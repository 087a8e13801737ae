/** Softmax, batch normalisation with given moments, and local response normalisation. */
import { Tensor } from "../../Tensor.js";
import type { Lowering, LoweringTable, Recorder, Traced } from "../Recorder.js";
import { axesOf, cast, input, node, refusal, scalar, transpose, typed, typeOf } from "./nodes.js";
import { originOf, reshape } from "./reshape.js";

/** TensorFlow's goes along the last axis. */
function softmaxOp(op: string, axisName: string): Lowering {
  return (recorder, inputs, attrs) => {
    const logits = cast(recorder, input(inputs, "logits"), "float32");
    const rank = logits.value.shape.length;
    const [axis = rank - 1] = axesOf(attrs[axisName] ?? -1, rank);
    if (axis === rank - 1) return typed(recorder, op, logits);
    const order = Array.from({ length: rank }, (_, i) => (i === axis ? rank - 1 : i === rank - 1 ? axis : i));
    return transpose(recorder, typed(recorder, op, transpose(recorder, logits, order)), order);
  };
}

/** Images, which tfjs makes of any tensor, with a number for each channel are normalised by one node, as TensorFlow's layers do. */
const batchNorm: Lowering = (recorder, inputs, attrs) => {
  const x = input(inputs, "x");
  const [mean, variance] = [input(inputs, "mean"), input(inputs, "variance")];
  const { scale, offset } = inputs;
  const epsilon = attrs.varianceEpsilon as number;
  const written = originOf(x);
  const isWritten = written.value.shape.at(-1) === x.value.shape.at(-1);
  const value = isWritten ? written : x;
  const isOfChannels = [mean, variance, scale, offset].every(
    (parameter) => parameter === undefined || parameter.value.shape.length === 1,
  );
  if (!isOfChannels || value.value.shape.length !== 4) {
    const source = isOfChannels ? value : x;
    const result = normalized(recorder, source, { mean, variance, scale, offset }, epsilon);
    return reshape(recorder, result, x.value.shape);
  }
  const channels = x.value.shape.at(-1) as number;
  const all = (filler: number) =>
    recorder.constant(new Tensor("float32", [channels], new Array<number>(channels).fill(filler)));
  return recorder.node("FusedBatchNormV3", [x, scale ?? all(1), offset ?? all(0), mean, variance], {
    ...typeOf(x),
    U: typeOf(mean).T,
    epsilon: { f: epsilon },
    exponential_avg_factor: { f: 1 },
    data_format: { s: "NHWC" },
    is_training: { b: false },
  })[0] as Traced;
};

interface Moments {
  readonly mean: Traced;
  readonly variance: Traced;
  readonly scale: Traced | undefined;
  readonly offset: Traced | undefined;
}

/** x · factor + (offset − mean · factor), where the factor is that of the variance and the scale, as tf.nn.batch_normalization. */
function normalized(
  recorder: Recorder,
  x: Traced,
  { mean, variance, scale, offset }: Moments,
  epsilon: number,
): Traced {
  const sum = typed(recorder, "AddV2", variance, scalar(recorder, "float32", epsilon, "batchnorm/add/y"));
  const inverse = typed(recorder, "Rsqrt", sum);
  const factor = scale === undefined ? inverse : typed(recorder, "Mul", inverse, scale);
  const moved = typed(recorder, "Mul", mean, factor);
  const shift = offset === undefined ? typed(recorder, "Neg", moved) : typed(recorder, "Sub", offset, moved);
  return typed(recorder, "AddV2", typed(recorder, "Mul", x, factor), shift);
}

const localResponse: Lowering = (recorder, inputs, attrs) => {
  const x = input(inputs, "x");
  if (x.value.shape.length !== 4) throw refusal("LRN", "its tensor has not four axes");
  return node(recorder, "LRN", [x], {
    ...typeOf(x),
    depth_radius: { i: attrs.depthRadius as number },
    bias: { f: attrs.bias as number },
    alpha: { f: attrs.alpha as number },
    beta: { f: attrs.beta as number },
  });
};

export const normalize: LoweringTable = {
  FusedBatchNorm: batchNorm,
  LogSoftmax: softmaxOp("LogSoftmax", "axis"),
  LRN: localResponse,
  Softmax: softmaxOp("Softmax", "dim"),
};
