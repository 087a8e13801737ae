/** Convolutions of images and volumes, also transposed, with the bias and activation that tfjs fuses into them. */
import type { Lowering, LoweringTable, Recorder, Traced } from "../Recorder.js";
import { activate } from "./activation.js";
import { channelsLast, lastOrder } from "./layout.js";
import { addBias } from "./matmul.js";
import { type Attrs, type Inputs, input, node, refusal, typeOf } from "./nodes.js";
import { withMargins } from "./pad.js";
import { stridedSlice } from "./slice.js";
import { dilated } from "./space.js";
import { aroundSpace, covered, type Padding, paddingAttrs, paddingOf, perAxis } from "./windows.js";

interface Plan {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padding: Padding;
}

/** How windows of the filter's size lie on a tensor of a shape, channels last. */
export function planOf(shape: readonly number[], filter: Traced, attrs: Attrs): Plan {
  const extents = shape.slice(1, -1);
  const count = extents.length;
  const [strides, dilations] = [perAxis(attrs.strides, count), perAxis(attrs.dilations, count)];
  const sizes = extents.map((_, i) => covered(filter.value.shape[i] as number, dilations[i] as number));
  const given = Array.isArray(attrs.pad) ? lastOrder(attrs.pad, attrs.dataFormat) : attrs.pad;
  return { strides, dilations, padding: paddingOf(given, extents, sizes, strides, attrs.dimRoundingMode, 1) };
}

const valid: Padding = { kind: "VALID", margins: [] };
const isOnes = (values: readonly number[]) => values.every((value) => value === 1);

function conv2D(recorder: Recorder, x: Traced, filter: Traced, attrs: Attrs): Traced {
  const { strides, dilations, padding } = planOf(x.value.shape, filter, attrs);
  return node(recorder, "Conv2D", [x, filter], {
    ...typeOf(x),
    strides: aroundSpace(strides),
    use_cudnn_on_gpu: { b: true },
    ...paddingAttrs(padding),
    data_format: { s: "NHWC" },
    dilations: aroundSpace(dilations),
  });
}

/** TensorFlow's kernel has no gaps, and one stride for both axes. */
function depthwise(recorder: Recorder, x: Traced, filter: Traced, attrs: Attrs): Traced {
  const { strides, dilations, padding } = planOf(x.value.shape, filter, attrs);
  const compute = (images: Traced, stride: number, sides: Padding) =>
    node(recorder, "DepthwiseConv2dNative", [images, filter], {
      ...typeOf(images),
      strides: aroundSpace([stride, stride]),
      ...paddingAttrs(sides),
      data_format: { s: "NHWC" },
      dilations: aroundSpace([1, 1]),
    });
  if (!isOnes(dilations))
    return dilated(recorder, x, dilations, padding.margins, (apart) => compute(apart, 1, valid));
  const [down = 1, aside = 1] = strides;
  if (down === aside) return compute(x, down, padding);
  const all = compute(x, 1, padding.kind === "VALID" ? padding : { ...padding, kind: "EXPLICIT" });
  return stridedSlice(recorder, all, [0, 0, 0, 0], [0, 0, 0, 0], [1, down, aside, 1], { begin: 15, end: 15 });
}

/** TensorFlow's processors have no gaps here, and no padding of one's own. */
function conv3D(recorder: Recorder, x: Traced, filter: Traced, attrs: Attrs): Traced {
  const { strides, dilations, padding } = planOf(x.value.shape, filter, attrs);
  const compute = (volumes: Traced, kind: string) =>
    node(recorder, "Conv3D", [volumes, filter], {
      ...typeOf(volumes),
      strides: aroundSpace(strides),
      padding: { s: kind },
      data_format: { s: "NDHWC" },
      dilations: aroundSpace([1, 1, 1]),
    });
  if (!isOnes(dilations))
    return dilated(recorder, x, dilations, padding.margins, (apart) => compute(apart, "VALID"));
  const isOwn = padding.kind === "EXPLICIT" || padding.margins.some(([before]) => before < 0);
  return isOwn ? compute(withMargins(recorder, x, padding.margins), "VALID") : compute(x, padding.kind);
}

type Convolution = (recorder: Recorder, x: Traced, filter: Traced, attrs: Attrs) => Traced;

function plain(convolve: Convolution): Lowering {
  return (recorder, inputs, attrs) =>
    channelsLast(recorder, input(inputs, "x"), attrs.dataFormat, (x) =>
      convolve(recorder, x, input(inputs, "filter"), attrs),
    );
}

/** Bias and slopes of more than one axis are laid out as the result is, whatever its order. */
function fused(convolve: Convolution): Lowering {
  return (recorder, inputs, attrs) => {
    const isVector = (x: Traced | undefined) => x === undefined || x.value.shape.length <= 1;
    const isInside = isVector(inputs.bias) && isVector(inputs.preluActivationWeights);
    const end = (x: Traced) => finish(recorder, x, inputs, attrs);
    const result = channelsLast(recorder, input(inputs, "x"), attrs.dataFormat, (x) => {
      const product = convolve(recorder, x, input(inputs, "filter"), attrs);
      return isInside ? end(product) : product;
    });
    if (isInside) return result;
    if (attrs.dataFormat === "NCHW")
      throw refusal(
        "FusedConv2D",
        "NCHW with a bias or slopes of more than one axis; add them by tf.add or tf.prelu",
      );
    return end(result);
  };
}

function finish(recorder: Recorder, x: Traced, inputs: Inputs, attrs: Attrs): Traced {
  const biased = inputs.bias === undefined ? x : addBias(recorder, x, inputs.bias);
  const alpha = attrs.leakyreluAlpha as number | undefined;
  return activate(recorder, biased, attrs.activation as string, inputs.preluActivationWeights, alpha);
}

export const conv: LoweringTable = {
  Conv2D: plain(conv2D),
  DepthwiseConv2dNative: plain(depthwise),
  Conv3D: plain(conv3D),
  FusedConv2D: fused(conv2D),
  FusedDepthwiseConv2D: fused(depthwise),
};
