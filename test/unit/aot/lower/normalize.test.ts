/** Batch normalisation, softmax, resizing and blocks: the lowerings against the reference kernels. */
import { describe, expect, it } from "vitest";
import type { AttrValue } from "../../../../framework/tensorflow/GraphDef.js";
import { agree, Fixed, ints, lowered, nodeOf } from "./lowerNode.js";
import { integer, oneOf, shape, tensor, times } from "./random.js";

describe("FusedBatchNorm", () => {
  const versions = ["FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"];
  const parameters = (channels: number) => [
    tensor([channels]),
    tensor([channels]),
    tensor([channels]),
    tensor([channels], "float32", 0.1, 3),
  ];

  it.each(versions)("%s with given moments, constant and not", (op) => {
    for (const format of ["NHWC", "NCHW"]) {
      const attrs = { is_training: { b: false }, epsilon: { f: 1e-3 }, data_format: { s: format } };
      const x = tensor([2, 3, 4, 3]);
      const { steps } = agree(op, [x, ...parameters(3).map((p) => new Fixed(p))], attrs);
      expect(steps.length).toBe(1);
      agree(op, [x, ...parameters(3)], attrs, 3e-6);
    }
  });
  it.each(versions)("%s in training", (op) => {
    for (const format of ["NHWC", "NCHW"]) {
      const attrs = { is_training: { b: true }, epsilon: { f: 1e-3 }, data_format: { s: format } };
      agree(op, [tensor([2, 3, 4, 3]), tensor([3]), tensor([3]), tensor([0]), tensor([0])], attrs, 3e-6);
      agree(op, [tensor([1, 3, 1, 3]), ...parameters(3)], attrs, 3e-6);
    }
    agree(op, [tensor([1, 1, 1, 2]), ...parameters(2)], {}, 3e-6);
  });
  it("refuses parameters that do not fit", () => {
    const run = () =>
      lowered(nodeOf("FusedBatchNorm", { is_training: { b: false } }), [tensor([2, 3]), ...parameters(2)]);
    expect(run).toThrow("a parameter does not fit the channels of [2,3]");
  });
});

describe("softmax", () => {
  it.each(["Softmax", "LogSoftmax"])("%s of any rank", (op) => {
    times(12, () => {
      const dims = shape(integer(1, 4), 4, integer(0, 4) === 0 ? 0 : 1);
      agree(op, [tensor(dims, oneOf("float32", "float64"), -20, 20)]);
    });
    expect(() => lowered(nodeOf(op), [tensor([])])).toThrow("it is of a scalar");
  });
});

describe("resizing", () => {
  it.each(["ResizeNearestNeighbor", "ResizeBilinear"])("%s", (op) => {
    times(80, () => {
      const dims = [integer(0, 9) ? integer(1, 2) : 0, integer(1, 5), integer(1, 5), integer(1, 3)];
      const attrs = oneOf<Record<string, AttrValue>>(
        {},
        { align_corners: { b: true } },
        { half_pixel_centers: { b: true } },
      );
      const [height, width] = [dims[1], dims[2]] as [number, number];
      const sizes = oneOf([integer(1, 12), integer(1, 12)], [height * integer(1, 4), width * integer(1, 4)]);
      agree(op, [tensor(dims), ints(sizes)], attrs);
    });
    agree(op, [tensor([1, 3, 3, 2], "int32"), ints([6, 6])]);
  });
  it("to an even part of the pixels is a view, to a multiple one copy", () => {
    const steps = (dims: readonly number[], sizes: readonly number[]) =>
      agree("ResizeNearestNeighbor", [tensor(dims), ints(sizes)]).steps.map(
        (step) => step.kind === "map" && step.value.kind,
      );
    expect(steps([1, 6, 4, 2], [3, 2])).toEqual([]);
    expect(steps([1, 3, 2, 2], [6, 6])).toEqual(["read"]);
    expect(steps([1, 3, 2, 2], [5, 6])).toEqual(["gather"]);
  });
});

describe("blocks", () => {
  it("SpaceToBatchND and BatchToSpaceND", () => {
    times(30, () => {
      const block = [integer(1, 3), integer(1, 2)].slice(0, integer(1, 2));
      const rest = shape(integer(0, 2), 3);
      const before = block.map(() => integer(0, 1));
      const cut = block.map((size) => size * integer(1, 3));
      const batch = integer(1, 2);
      const total = block.reduce((a, b) => a * b, 1);
      const margins = (after: number[]) =>
        ints(
          before.flatMap((size, i) => [size, after[i] as number]),
          [block.length, 2],
        );
      const space = cut.map((size, i) => size * (block[i] as number));
      const wide = block.map((size) => size * 3);
      const inner = wide.map((size, i) => size - (before[i] as number));
      agree("SpaceToBatchND", [tensor([batch, ...inner, ...rest]), ints(block), margins(block.map(() => 0))]);
      const whole = [batch * total, ...space.map((size, i) => size / (block[i] as number)), ...rest];
      agree("BatchToSpaceND", [
        tensor(whole),
        ints(block),
        margins(space.map((size, i) => Math.min(1, size - (before[i] as number)))),
      ]);
    });
    expect(() =>
      lowered(nodeOf("SpaceToBatchND"), [tensor([1, 3]), ints([2]), ints([0, 0], [1, 2])]),
    ).toThrow("cannot be cut into blocks");
  });
  it("depth and space in NCHW are those of NHWC with the axes moved", () => {
    const attrs = (format: string) => ({ block_size: { i: 2 }, data_format: { s: format } });
    for (const [op, dims] of [
      ["SpaceToDepth", [2, 4, 6, 3]],
      ["DepthToSpace", [2, 2, 3, 8]],
    ] as const) {
      const x = tensor(dims);
      const moved = lowered(nodeOf("Transpose"), [x, ints([0, 3, 1, 2])]).outputs;
      const [first] = lowered(nodeOf(op, attrs("NCHW")), moved).outputs;
      const [last] = lowered(nodeOf(op, attrs("NHWC")), [x]).outputs;
      const [back] = lowered(nodeOf("Transpose"), [first as never, ints([0, 2, 3, 1])]).outputs;
      expect(back).toEqual(last);
    }
  });
  it("random numbers are refused with a remedy", () => {
    expect(() => lowered(nodeOf("RandomUniform"), [ints([2])])).toThrow(
      "freeze the graph with the learning phase off",
    );
  });
});
