/** Shapes, slices, splits, transposes: the lowerings against the reference kernels; and that they copy nothing. */
import { describe, expect, it } from "vitest";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { agree, Fixed, ints, list, lowered, nodeOf } from "./lowerNode.js";
import { integer, oneOf, shape, shuffled, tensor, times } from "./random.js";

describe("shapes", () => {
  it("Shape, Rank and Size are known at compile time", () => {
    for (const dims of [[], [3], [2, 0, 4], [2, 3, 4]]) {
      for (const op of ["Shape", "Size", "Rank"]) {
        expect(agree(op, [tensor(dims)]).views[0]?.storage.data).toBeDefined();
        if (op !== "Rank") agree(op, [tensor(dims)], { out_type: { type: 9 } });
      }
    }
  });
  it("Reshape, with one dimension open", () => {
    agree("Reshape", [tensor([2, 3, 4]), ints([4, 6])]);
    agree("Reshape", [tensor([2, 3, 4]), ints([4, -1, 2])]);
    agree("Reshape", [tensor([1]), ints([], [0])]);
    agree("Reshape", [tensor([0, 3]), ints([0, 2, 5])]);
    agree("Reshape", [tensor([0, 3]), ints([-1, 3])]);
    agree("Reshape", [tensor([4], "bool"), new Fixed(new Tensor("int64", [2], [2, 2]))]);
    const wrong = () => lowered(nodeOf("Reshape"), [tensor([2, 3]), ints([4, -1])]);
    expect(wrong).toThrow("[2,3] does not fit the shape [4,-1]");
    const unknown = () => lowered(nodeOf("Reshape"), [tensor([2, 3]), tensor([2], "int32")]);
    expect(unknown).toThrow("the new shape is not known at compile time");
  });
  it("Squeeze and ExpandDims", () => {
    agree("Squeeze", [tensor([1, 3, 1, 2])]);
    agree("Squeeze", [tensor([1, 3, 1, 2])], { squeeze_dims: list([-2]) });
    agree("Squeeze", [tensor([1, 3, 1, 2])], { axis: list([0, 2]) });
    agree("Squeeze", [tensor([1, 1])]);
    for (const axis of [-4, -1, 0, 2, 3]) agree("ExpandDims", [tensor([2, 3, 4]), ints([axis], [])]);
    expect(() => lowered(nodeOf("Squeeze", { squeeze_dims: list([1]) }), [tensor([1, 3])])).toThrow(
      "axis 1 of [1,3] is not of size 1",
    );
  });
  it("what hands on", () => {
    for (const op of ["Identity", "StopGradient", "PreventGradient", "Snapshot", "ReadVariableOp"])
      expect(agree(op, [tensor([2, 3])]).steps).toEqual([]);
    const { views } = lowered(nodeOf("IdentityN"), [tensor([2, 3]), tensor([4], "int32")]);
    expect(views.map(({ shape: dims }) => dims)).toEqual([[2, 3], [4]]);
    for (const op of ["VarIsInitializedOp", "IsVariableInitialized"]) agree(op, [tensor([2])]);
  });
  it("CheckNumerics faults on what is not finite", () => {
    const check = (value: number) => () =>
      lowered(nodeOf("CheckNumerics", { message: { s: "here" } }), [new Tensor("float32", [2], [1, value])]);
    expect(check(2)().outputs[0]?.data).toEqual(new Float32Array([1, 2]));
    expect(check(Number.NaN)).toThrow("here : Tensor had NaN or infinite values");
  });
});

describe("slices", () => {
  it("StridedSlice with all masks", () => {
    times(400, () => {
      const dims = shape(integer(1, 4), 4, integer(0, 5) === 0 ? 0 : 1);
      const mask = () => integer(0, 2 ** entries - 1);
      const entries = integer(0, dims.length);
      const isEllipsis = entries > 0 && integer(0, 2) === 0;
      const strides = Array.from({ length: entries }, () => oneOf(1, 1, 2, -1, -2));
      const ends = () => ints(strides.map(() => integer(-5, 5)));
      let shrink = integer(0, 1) === 0 ? 0 : mask();
      const begin = strides.map(() => integer(-5, 5));
      for (const i of begin.keys()) if (shrink & (1 << i)) begin[i] = oneOf(0, -1);
      if (dims.includes(0)) shrink = 0;
      const masks = {
        begin_mask: { i: mask() },
        end_mask: { i: mask() },
        ellipsis_mask: { i: isEllipsis ? 1 << integer(0, entries - 1) : 0 },
        new_axis_mask: { i: integer(0, 2) === 0 ? mask() : 0 },
        shrink_axis_mask: { i: shrink },
      };
      const { steps } = agree("StridedSlice", [tensor(dims), ints(begin), ends(), ints(strides)], masks);
      expect(steps).toEqual([]);
    });
  });
  it("a position that only the event tells is gathered; outside it is a fault", () => {
    const at = (i: number) => new Tensor("int32", [2], [0, i]);
    const masks = { begin_mask: { i: 1 }, end_mask: { i: 1 }, shrink_axis_mask: { i: 2 } };
    for (const i of [0, 3, -1, -4])
      agree("StridedSlice", [tensor([3, 4, 2]), at(i), at(i + 1), ints([1, 1])], masks);
    const run = () => lowered(nodeOf("StridedSlice", masks), [tensor([3, 4]), at(4), at(5), ints([1, 1])]);
    expect(run).toThrow("a position of 'aStridedSlice' (StridedSlice) is outside of [3,4]");
    const open = () => lowered(nodeOf("StridedSlice"), [tensor([3, 4]), at(1), at(3), ints([1, 1])]);
    expect(open).toThrow("the begin of the slice is not known at compile time");
  });
  it("Slice", () => {
    times(20, () => {
      const dims = shape(integer(1, 3));
      const begin = dims.map((size) => integer(0, size));
      const size = dims.map((extent, axis) =>
        integer(0, 1) ? -1 : integer(0, extent - (begin[axis] as number)),
      );
      expect(agree("Slice", [tensor(dims), ints(begin), ints(size)]).steps).toEqual([]);
    });
    agree("Slice", [tensor([4, 3, 2]), new Tensor("int64", [3], [1, 2, 0]), ints([2, 1, 2])]);
    const unknown = () => lowered(nodeOf("Slice"), [tensor([4]), tensor([1], "int32"), ints([-1])]);
    expect(unknown).toThrow("give its size as constants");
    expect(() => lowered(nodeOf("Slice"), [tensor([4]), ints([2]), ints([3])])).toThrow("leave [4]");
  });
  it("Split, SplitV and Unpack", () => {
    for (const axis of [0, 1, -1]) {
      expect(agree("Split", [ints([axis], []), tensor([4, 2, 6])], { num_split: { i: 2 } }).steps).toEqual(
        [],
      );
    }
    agree("SplitV", [tensor([3, 7]), ints([2, 0, 5]), ints([1], [])], { num_split: { i: 3 } });
    agree("SplitV", [tensor([3, 7]), ints([2, -1]), ints([-1], [])], { num_split: { i: 2 } });
    for (const axis of [0, 1, -1])
      expect(agree("Unpack", [tensor([3, 3, 3])], { num: { i: 3 }, axis: { i: axis } }).steps).toEqual([]);
  });
});

describe("orders", () => {
  it("Transpose and ReverseV2", () => {
    times(20, () => {
      const dims = shape(integer(0, 4), 4, integer(0, 5) === 0 ? 0 : 1);
      const axes = dims.map((_, axis) => axis);
      expect(agree("Transpose", [tensor(dims), ints(shuffled(axes))]).steps).toEqual([]);
      const some = axes
        .filter(() => integer(0, 1))
        .map((axis) => (integer(0, 1) ? axis : axis - dims.length));
      expect(agree("ReverseV2", [tensor(dims), ints(some)]).steps).toEqual([]);
    });
    expect(() => lowered(nodeOf("Transpose"), [tensor([2, 3]), ints([0, 0])])).toThrow(
      "is no order of 2 axes",
    );
  });
});
