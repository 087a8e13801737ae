/** The fast convolution against its slow twin: equal bits for strides, dilations, paddings, groups and both layouts. */
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

const cases: [string, Convolution][] = [
  ["1×1", { image: [2, 5, 4, 7], filter: [1, 1, 7, 6], result: [5, 4], stride: [1, 1], dilation: [1, 1], top: 0, left: 0 }],
  ["3×3, padded", { image: [2, 9, 8, 3], filter: [3, 3, 3, 5], result: [9, 8], stride: [1, 1], dilation: [1, 1], top: 1, left: 1 }],
  ["more windows than are laid out at once", { image: [1, 17, 9, 2], filter: [2, 2, 2, 4], result: [16, 8], stride: [1, 1], dilation: [1, 1], top: 0, left: 0 }],
  ["strided", { image: [1, 9, 8, 3], filter: [3, 2, 3, 4], result: [4, 3], stride: [2, 3], dilation: [1, 1], top: 0, left: 0 }],
  ["dilated", { image: [1, 9, 8, 3], filter: [3, 2, 3, 4], result: [7, 5], stride: [1, 1], dilation: [2, 3], top: 2, left: 0 }],
  ["in groups", { image: [2, 6, 5, 6], filter: [3, 3, 2, 9], result: [6, 5], stride: [1, 1], dilation: [1, 1], top: 1, left: 1 }],
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
