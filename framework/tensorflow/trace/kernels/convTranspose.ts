/** Transposed convolutions: TensorFlow's node for images; for volumes, which the reference engine has none for, the convolution of spread elements. */
import type { Lowering, LoweringTable, Recorder, Traced } from "../Recorder.js";
import { planOf } from "./conv.js";
import { channelsLast, lastOrder } from "./layout.js";
import { input, int32, ints, intsAttr, node, product, transpose, typeOf } from "./nodes.js";
import { pad, withMargins } from "./pad.js";
import { reshape } from "./reshape.js";
import { aroundSpace, type Margin, paddingAttrs } from "./windows.js";

/** `dy` is what the convolution would have made of images of `inputShape`. */
const ofImages: Lowering = (recorder, inputs, attrs) => {
  const filter = input(inputs, "filter");
  const shape = lastOrder(attrs.inputShape as number[], attrs.dataFormat);
  const { strides, padding } = planOf(shape, filter, attrs);
  const sizes = ints(recorder, shape, "conv2d_transpose/input_sizes");
  return channelsLast(recorder, input(inputs, "dy"), attrs.dataFormat, (dy) =>
    node(recorder, "Conv2DBackpropInput", [sizes, filter, dy], {
      ...typeOf(dy),
      strides: aroundSpace(strides),
      use_cudnn_on_gpu: { b: true },
      ...paddingAttrs(padding),
      data_format: { s: "NHWC" },
      dilations: aroundSpace([1, 1]),
    }),
  );
};

/** stride − 1 zeros after every element of the axes of space; one axis after the other, because TensorFlow pads six at most. */
function spread(recorder: Recorder, x: Traced, strides: readonly number[]): Traced {
  let wide = x;
  for (const [i, stride] of strides.entries()) {
    if (stride === 1) continue;
    const [batch, ...rest] = wide.value.shape as [number, ...number[]];
    const extent = rest[i] as number;
    const apart = reshape(recorder, wide, [
      batch,
      product(rest.slice(0, i)),
      extent,
      1,
      product(rest.slice(i + 1)),
    ]);
    const margins: Margin[] = [0, 0, 0, stride - 1, 0].map((after) => [0, after]);
    const padded = pad(recorder, apart, margins);
    wide = reshape(recorder, padded, [batch, ...rest.slice(0, i), extent * stride, ...rest.slice(i + 1)]);
  }
  return wide;
}

/** Every element of the result gathers what the windows over it hold: a convolution with the filter turned round. */
const ofVolumes: Lowering = (recorder, inputs, attrs) => {
  const filter = input(inputs, "filter");
  const shape = attrs.inputShape as number[];
  const { strides, padding } = planOf(shape, filter, attrs);
  const wide = spread(recorder, input(inputs, "dy"), strides);
  const margins = padding.margins.map(([start], i): Margin => {
    const before = (filter.value.shape[i] as number) - 1 - start;
    const needed = (shape[i + 1] as number) + (filter.value.shape[i] as number) - 1;
    return [before, needed - before - (wide.value.shape[i + 1] as number)];
  });
  const axes = ints(recorder, [0, 1, 2], "ReverseV2/axis");
  const reversed = node(recorder, "ReverseV2", [filter, axes], { ...typeOf(filter), Tidx: int32 });
  return node(
    recorder,
    "Conv3D",
    [withMargins(recorder, wide, margins), transpose(recorder, reversed, [0, 1, 2, 4, 3])],
    {
      ...typeOf(wide),
      strides: intsAttr([1, 1, 1, 1, 1]),
      padding: { s: "VALID" },
      data_format: { s: "NDHWC" },
      dilations: intsAttr([1, 1, 1, 1, 1]),
    },
  );
};

export const convTranspose: LoweringTable = {
  Conv2DBackpropInput: ofImages,
  Conv3DBackpropInputV2: ofVolumes,
};
