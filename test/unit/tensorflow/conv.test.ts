/** The fast convolution against its slow twin, to the bit, and all ops on images with channels first against last. */
import { describe, expect, it } from "vitest";
import { type Convolution, convSlow } from "../../../framework/tensorflow/reference/kernels/convSlow.js";
import { createSession } from "../../../framework/tensorflow/Session.js";
import { Tensor } from "../../../framework/tensorflow/Tensor.js";
import { constant, graphOf, node, placeholder, type TestNode } from "./buildGraph.js";

function values(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(seed + i * i));
}

const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);
const list = (...i: number[]) => ({ list: { i } });

function explicit(c: Convolution, isChannelFirst: boolean): TestNode["attr"] {
  const after = [0, 1].map((axis) => {
    const covered = ((c.filter[axis] as number) - 1) * (c.dilation[axis] as number) + 1;
    const used = ((c.result[axis] as number) - 1) * (c.stride[axis] as number) + covered;
    return used - (axis === 0 ? c.top : c.left) - (c.image[axis + 1] as number);
  }) as [number, number];
  const order = <T>(y: T, z: T, one: T): T[] => (isChannelFirst ? [one, one, y, z] : [one, y, z, one]);
  return {
    strides: list(...order(c.stride[0], c.stride[1], 1)),
    dilations: list(...order(c.dilation[0], c.dilation[1], 1)),
    padding: { s: Buffer.from("EXPLICIT") },
    explicit_paddings: list(...order([c.top, after[0]], [c.left, after[1]], [0, 0]).flat()),
    data_format: { s: Buffer.from(isChannelFirst ? "NCHW" : "NHWC") },
  };
}

const plain: Convolution = {
  image: [2, 9, 8, 3],
  filter: [3, 3, 3, 5],
  result: [9, 8],
  stride: [1, 1],
  dilation: [1, 1],
  top: 1,
  left: 1,
};
const bare = { ...plain, top: 0, left: 0 };
const cases: [string, Convolution][] = [
  ["1×1", { ...bare, image: [2, 5, 4, 7], filter: [1, 1, 7, 6], result: [5, 4] }],
  ["3×3, padded", plain],
  ["2×2, with windows left over", { ...bare, image: [1, 6, 6, 2], filter: [2, 2, 2, 4], result: [5, 5] }],
  ["strided", { ...bare, filter: [3, 2, 3, 4], result: [4, 3], stride: [2, 3] }],
  ["dilated", { ...bare, filter: [3, 2, 3, 4], result: [7, 5], dilation: [2, 3], top: 2 }],
  ["in groups", { ...plain, image: [2, 6, 5, 6], filter: [3, 3, 2, 9], result: [6, 5] }],
];

describe("Conv2D", () => {
  it.each(cases)("%s equals convSlow to the last bit, also with channels first", (_, c) => {
    const x = values(product(c.image), 1);
    const w = values(product(c.filter), 2);
    const expected = convSlow(x, w, c);
    const order = (name: string, ...axes: number[]) => constant(name, "int32", [4], { int_val: axes });
    const session = createSession(
      graphOf(
        placeholder("x", "float32", null),
        placeholder("w", "float32", null),
        node("y", "Conv2D", ["x", "w"], explicit(c, false)),
        order("toFirst", 0, 3, 1, 2),
        order("toLast", 0, 2, 3, 1),
        node("turned", "Transpose", ["x", "toFirst"]),
        node("first", "Conv2D", ["turned", "w"], explicit(c, true)),
        node("back", "Transpose", ["first", "toLast"]),
      ),
    );
    const feeds = { x: new Tensor("float32", c.image, x), w: new Tensor("float32", c.filter, w) };
    const [y, back] = session.run(feeds, ["y", "back"]);
    expect(y?.shape).toEqual([c.image[0], ...c.result, c.filter[3]]);
    expect(y?.data).toEqual(expected);
    expect(back?.data).toEqual(expected);
  });
});

describe("channels first", () => {
  const image: readonly number[] = [2, 5, 4, 3];
  const text = (value: string) => ({ s: Buffer.from(value) });
  const same = { padding: text("SAME") };
  const vectors = ["scale", "offset", "mean", "variance"];
  const channels = (name: string) =>
    constant(name, "float32", [3], { float_val: [...values(3, name.length).map(Math.abs)] });
  const over = (y: number, z: number) => ({ list: { i: [1, y, z, 1] } });
  const overFirst = (y: number, z: number) => ({ list: { i: [1, 1, y, z] } });
  const step = (sizes: typeof over, stride: number) => ({ ...same, strides: sizes(stride, 1) });
  const pool = (sizes: typeof over) => ({ ...same, ksize: sizes(2, 3), strides: sizes(2, 1) });

  it.each<[string, string, string[], TestNode["attr"], TestNode["attr"]]>([
    ["batch norm in training", "FusedBatchNormV3", vectors, { is_training: { b: true } }, {}],
    ["batch norm in inference", "FusedBatchNormV3", vectors, { is_training: { b: false } }, {}],
    ["MaxPool", "MaxPool", [], pool(over), pool(overFirst)],
    ["AvgPool", "AvgPool", [], pool(over), pool(overFirst)],
    ["depthwise", "DepthwiseConv2dNative", ["w"], step(over, 1), step(overFirst, 1)],
    ["transposed", "Conv2DBackpropInput", ["w"], step(over, 2), step(overFirst, 2)],
    ["bias", "BiasAdd", ["offset"], {}, {}],
  ])("%s gives what channels last does", (_, op, others, attr, attrFirst) => {
    const sizes = (name: string, ...sizes: number[]) => constant(name, "int32", [4], { int_val: sizes });
    const isTransposed = op === "Conv2DBackpropInput";
    const inputs = (value: string, size: string) =>
      isTransposed ? [size, ...others, value] : [value, ...others];
    const session = createSession(
      graphOf(
        placeholder("x", "float32", null),
        constant("w", "float32", [3, 2, 3, 3], { float_val: [...values(54, 5)] }),
        ...vectors.map(channels),
        sizes("size", 2, 9, 4, 3),
        sizes("sizeFirst", 2, 3, 9, 4),
        sizes("toFirst", 0, 3, 1, 2),
        sizes("toLast", 0, 2, 3, 1),
        node("last", op, inputs("x", "size"), attr),
        node("turned", "Transpose", ["x", "toFirst"]),
        node("first", op, inputs("turned", "sizeFirst"), {
          ...attr,
          ...attrFirst,
          data_format: text("NCHW"),
        }),
        node("back", "Transpose", ["first", "toLast"]),
      ),
    );
    const [last, back] = session.run({ x: new Tensor("float32", image, values(product(image), 1)) }, [
      "last",
      "back",
    ]);
    expect(last?.data.some((value) => value !== 0)).toBe(true);
    expect([back?.shape, back?.data]).toEqual([last?.shape, last?.data]);
  });
});
