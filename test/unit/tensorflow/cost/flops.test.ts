/** Operations by op, against numbers worked out by hand. */
import { describe, expect, it } from "vitest";
import type { AttrValue, NodeDef } from "../../../../framework/tensorflow/GraphDef.js";
import { flopsOf } from "../../../../framework/tensorflow/cost/flops.js";

const node = (op: string, attrs: Record<string, AttrValue> = {}): NodeDef => ({
  name: op,
  op,
  inputs: [],
  attrs,
});
const ints = (...i: number[]): AttrValue => ({
  list: { s: [], i, f: [], b: [], type: [], shape: [], func: [] },
});

type Case = readonly [what: string, of: NodeDef, inputs: number[][], output: number[], flops: number];
const cases: readonly Case[] = [
  [
    "[3,20]·[20,64]",
    node("MatMul"),
    [
      [3, 20],
      [20, 64],
    ],
    [3, 64],
    2 * 3 * 20 * 64,
  ],
  [
    "[20,3]ᵀ·[20,64]",
    node("MatMul", { transpose_a: { b: true } }),
    [
      [20, 3],
      [20, 64],
    ],
    [3, 64],
    2 * 3 * 20 * 64,
  ],
  [
    "a batch of products",
    node("BatchMatMulV2"),
    [
      [5, 2, 7],
      [5, 7, 4],
    ],
    [5, 2, 4],
    2 * 5 * 2 * 7 * 4,
  ],
  [
    "3×3 filters, 16 → 32 channels",
    node("Conv2D"),
    [
      [1, 8, 8, 16],
      [3, 3, 16, 32],
    ],
    [1, 8, 8, 32],
    2 * 8 * 8 * 32 * 9 * 16,
  ],
  [
    "two groups of channels",
    node("Conv2D"),
    [
      [1, 8, 8, 16],
      [3, 3, 8, 32],
    ],
    [1, 8, 8, 32],
    2 * 8 * 8 * 32 * 9 * 8,
  ],
  [
    "5×5, each channel for itself",
    node("DepthwiseConv2dNative"),
    [
      [1, 8, 8, 6],
      [5, 5, 6, 2],
    ],
    [1, 8, 8, 12],
    2 * 8 * 8 * 12 * 25,
  ],
  [
    "spread by 2×2 filters",
    node("Conv2DBackpropInput"),
    [[4], [2, 2, 3, 8], [1, 4, 4, 8]],
    [1, 8, 8, 3],
    2 * 16 * 8 * 4 * 3,
  ],
  [
    "attention scores",
    node("Einsum", { equation: { s: "bqhd,bkhd->bhqk" } }),
    [
      [1, 32, 4, 8],
      [1, 32, 4, 8],
    ],
    [1, 4, 32, 32],
    2 * 4 * 32 * 32 * 8,
  ],
  [
    "batch axes under …",
    node("Einsum", { equation: { s: "...ij,jk->...ik" } }),
    [
      [5, 2, 3],
      [3, 4],
    ],
    [5, 2, 4],
    2 * 5 * 2 * 3 * 4,
  ],
  ["2×2 windows", node("MaxPool", { ksize: ints(1, 2, 2, 1) }), [[1, 8, 8, 3]], [1, 4, 4, 3], 16 * 3 * 4],
  ["a sum over 25", node("Sum"), [[4, 25], [1]], [4], 100],
  ["four terms", node("AddN"), [[6], [6], [6], [6]], [6], 18],
  ["softmax of six", node("Softmax"), [[2, 6]], [2, 6], 60],
  ["one a value", node("Tanh"), [[2, 6]], [2, 6], 12],
  ["broadcast", node("Mul"), [[4, 1], [6]], [4, 6], 24],
  ["only moved", node("Transpose"), [[4, 6], [2]], [6, 4], 0],
  [
    "nothing in it",
    node("MatMul"),
    [
      [0, 20],
      [20, 64],
    ],
    [0, 64],
    0,
  ],
];

describe("flopsOf", () => {
  it.each(cases)("%s", (_, of, inputs, output, flops) => {
    expect(flopsOf(of, inputs, [output])).toBe(flops);
  });
});
