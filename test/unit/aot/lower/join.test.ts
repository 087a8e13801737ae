/** Joining, repeating, padding, making and gathering: the lowerings against the reference kernels. */
import { describe, expect, it } from "vitest";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { agree, Fixed, type Input, ints, lowered, nodeOf } from "./lowerNode.js";
import { integer, oneOf, shape, tensor, times } from "./random.js";

const scalar = (value: number) => new Fixed(new Tensor("float32", [], [value]));

describe("joining", () => {
  it("ConcatV2 and Concat", () => {
    times(20, () => {
      const dims = shape(integer(1, 4), 4, integer(0, 9) === 0 ? 0 : 1);
      const axis = integer(-dims.length, dims.length - 1);
      const at = axis < 0 ? axis + dims.length : axis;
      const dtype = oneOf("float32", "int32", "int64", "bool");
      const parts = Array.from({ length: integer(1, 4) }, () => tensor(dims.with(at, integer(0, 3)), dtype));
      agree("ConcatV2", [...parts, ints([axis], [])]);
      agree("Concat", [ints([axis], []), ...parts]);
    });
    expect(lowered(nodeOf("ConcatV2"), [tensor([2, 0]), tensor([2, 3]), ints([1], [])]).steps).toEqual([]);
    expect(() => lowered(nodeOf("ConcatV2"), [tensor([2]), tensor([2, 3]), ints([0], [])])).toThrow(
      "cannot be joined",
    );
  });
  it("Pack", () => {
    for (const axis of [0, 1, 2, -1, -3]) {
      agree("Pack", [tensor([2, 3]), tensor([2, 3]), tensor([2, 3])], { axis: { i: axis } });
    }
    agree("Pack", [tensor([]), tensor([])]);
    expect(lowered(nodeOf("Pack"), [tensor([2, 3])]).steps).toEqual([]);
    expect(() => lowered(nodeOf("Pack"), [tensor([2]), tensor([3])])).toThrow("cannot be stacked");
  });
});

describe("repeating and padding", () => {
  it("Tile", () => {
    times(20, () => {
      const dims = shape(integer(0, 3));
      agree("Tile", [tensor(dims), ints(dims.map(() => integer(0, 3)))]);
    });
  });
  it("BroadcastTo is a view", () => {
    expect(agree("BroadcastTo", [tensor([3, 1]), ints([2, 3, 4])]).steps).toEqual([]);
    agree("BroadcastTo", [tensor([]), ints([2, 0])]);
    expect(() => lowered(nodeOf("BroadcastTo"), [tensor([3]), ints([2])])).toThrow("cannot be broadcast");
  });
  it("Pad and PadV2", () => {
    times(20, () => {
      const dims = shape(integer(0, 3), 4, integer(0, 9) === 0 ? 0 : 1);
      const paddings = ints(
        dims.flatMap(() => [integer(0, 2), integer(0, 2)]),
        [dims.length, 2],
      );
      agree("Pad", [tensor(dims), paddings]);
      agree("PadV2", [tensor(dims), paddings, oneOf<Input>(scalar(-1.5), tensor([]))]);
      agree("Pad", [tensor(dims, "int64"), paddings]);
    });
    expect(lowered(nodeOf("Pad"), [tensor([2]), ints([0, 0], [1, 2])]).steps).toEqual([]);
    expect(() => lowered(nodeOf("Pad"), [tensor([2]), ints([-1, 0], [1, 2])])).toThrow(
      "are no paddings of [2]",
    );
  });
  it("MirrorPad that has nothing to mirror is refused", () => {
    const wide = () =>
      lowered(nodeOf("MirrorPad", { mode: { s: "REFLECT" } }), [tensor([2]), ints([2, 0], [1, 2])]);
    expect(wide).toThrow("more than [2] can mirror");
  });
});

describe("making", () => {
  it("Fill, ZerosLike and OnesLike write nothing", () => {
    expect(agree("Fill", [ints([2, 3]), tensor([])]).steps).toEqual([]);
    agree("Fill", [ints([0, 3]), tensor([], "int64")]);
    for (const dtype of ["float32", "int32", "int64", "bool"] as const)
      for (const op of ["ZerosLike", "OnesLike"])
        expect(agree(op, [tensor([2, 3], dtype)]).steps).toEqual([]);
  });
  it("Range of constants", () => {
    agree("Range", [ints([3], []), ints([-4], []), ints([-2], [])]);
    agree("Range", [scalar(0), scalar(1), scalar(0.25)]);
    expect(() => lowered(nodeOf("Range"), [scalar(0), tensor([]), scalar(1)])).toThrow(
      "the length of the range",
    );
  });
  it("OneHot", () => {
    for (const dtype of ["int32", "int64", "uint8"] as const) {
      for (const axis of [-1, 0, 1, 2])
        agree("OneHot", [tensor([3, 4], dtype, 0, 6), ints([5], []), tensor([]), tensor([])], {
          axis: { i: axis },
        });
    }
    agree("OneHot", [tensor([], "int32", -2, -1), ints([3], []), scalar(1), scalar(0)]);
    agree("OneHot", [tensor([2], "int32", 0, 1), ints([0], []), scalar(1), scalar(0)]);
  });
});

describe("gathering", () => {
  it("Gather and GatherV2, any axis and batch dimensions", () => {
    times(60, () => {
      const dims = shape(integer(1, 4));
      const axis = integer(0, dims.length - 1);
      const batch = integer(0, Math.min(axis, 2));
      const size = dims[axis] as number;
      const positions = [...dims.slice(0, batch), ...shape(integer(0, 2), 3, integer(0, 9) === 0 ? 0 : 1)];
      const at = tensor(positions, oneOf("int32", "int64"), 0, size - 1);
      const attrs = { batch_dims: { i: oneOf(batch, batch - positions.length) } };
      const isBatch = attrs.batch_dims.i >= 0 || positions.length > 0;
      const given = isBatch ? attrs : {};
      agree("GatherV2", [tensor(dims), at, ints([oneOf(axis, axis - dims.length)], [])], given);
      agree("GatherV2", [tensor(dims), new Fixed(at), ints([axis], [])], given);
      if (axis === 0) agree(oneOf("Gather", "ResourceGather"), [tensor(dims), at]);
    });
  });
  it("known positions at even distances are a view", () => {
    for (const [positions, dims] of [
      [[2], []],
      [[1, 2, 3], [3]],
      [[4, 2, 0], [3]],
      [[3], [1, 1]],
      [[2, 2], [2]],
    ] as const) {
      const { steps } = agree("GatherV2", [tensor([2, 5, 3]), ints(positions, dims), ints([1], [])]);
      expect(steps).toEqual([]);
    }
    expect(agree("GatherV2", [tensor([2, 5]), ints([0, 3, 1]), ints([1], [])]).steps.length).toBe(1);
  });
  it("GatherNd", () => {
    times(20, () => {
      const dims = shape(integer(1, 3), 3);
      const depth = integer(0, dims.length);
      const picked = shape(integer(0, 2), 3);
      const rows = picked.reduce((a, b) => a * b, 1);
      const values = Array.from({ length: rows * depth }, (_, i) =>
        integer(0, (dims[i % depth] as number) - 1),
      );
      agree("GatherNd", [tensor(dims), new Tensor(oneOf("int32", "int64"), [...picked, depth], values)]);
    });
  });
  it("a position outside is a fault, from an empty tensor refused", () => {
    const at = (i: number) => new Tensor("int32", [1], [i]);
    const run = (i: number) => () => lowered(nodeOf("GatherV2"), [tensor([3, 2]), at(i), ints([0], [])]);
    for (const i of [-1, 3])
      expect(run(i)).toThrow("a position of 'aGatherV2' (GatherV2) is outside of [3,2]");
    const empty = () => lowered(nodeOf("GatherV2"), [tensor([0, 2]), at(0), ints([0], [])]);
    expect(empty).toThrow("picks from an empty tensor");
  });
});
