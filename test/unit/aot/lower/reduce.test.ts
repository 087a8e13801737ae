/** Reductions, products of matrices and Einsum: the lowerings against the reference kernels. */
import { describe, expect, it } from "vitest";
import { agree, ints, lowered, nodeOf } from "./lowerNode.js";
import { integer, oneOf, shape, tensor, times } from "./random.js";

describe("reductions", () => {
  it.each(["Sum", "Mean", "Prod", "Max", "Min", "All", "Any"])("%s over any axes", (op) => {
    times(30, () => {
      const dims = shape(integer(0, 4), 3, op === "Sum" && integer(0, 3) === 0 ? 0 : 1);
      const axes = dims.map((_, axis) => axis).filter(() => integer(0, 1));
      const given = axes.map((axis) => (integer(0, 1) ? axis : axis - dims.length));
      const numbers =
        op === "Mean" ? (["float32", "float64"] as const) : (["float32", "int32", "int64"] as const);
      const dtype = op === "All" || op === "Any" ? "bool" : oneOf(...numbers);
      agree(op, [tensor(dims, dtype, -2, 2), ints(given)], { keep_dims: { b: integer(0, 1) === 1 } });
    });
  });
  it("Mean of integers truncates", () => {
    agree("Mean", [tensor([5, 7], "int32", -9, 9), ints([1])]);
  });
  it("axes of one element, and none, are views", () => {
    expect(agree("Max", [tensor([3, 1, 2]), ints([1])]).steps).toEqual([]);
    expect(agree("Sum", [tensor([3, 1, 2]), ints([])], { keep_dims: { b: true } }).steps).toEqual([]);
  });
  it("nothing reduced gives the neutral element", () => {
    for (const op of ["Sum", "Mean", "Prod", "Max", "Min"]) agree(op, [tensor([3, 0]), ints([1])]);
    agree("All", [tensor([3, 0], "bool"), ints([1])]);
  });
  it.each(["ArgMax", "ArgMin"])("%s", (op) => {
    times(20, () => {
      const dims = shape(integer(1, 4), 4);
      const axis = integer(-dims.length, dims.length - 1);
      const attrs = oneOf({}, { output_type: { type: 3 } }, { output_type: { type: 9 } });
      agree(op, [tensor(dims, oneOf("float32", "int32", "int64"), -2, 2), ints([axis], [])], attrs);
    });
    expect(() => lowered(nodeOf(op), [tensor([2, 0]), ints([1], [])])).toThrow("there is no extreme");
  });
  it("Cumsum of a long axis is refused", () => {
    expect(() => lowered(nodeOf("Cumsum"), [tensor([2000]), ints([0], [])])).toThrow(
      "2000 elements, more than 1024",
    );
  });
});

describe("products of matrices", () => {
  it("MatMul", () => {
    times(40, () => {
      const [m, k, n] = [integer(0, 4), integer(0, 4), integer(1, 4)] as const;
      const [a, b] = [integer(0, 1) === 1, integer(0, 1) === 1];
      const dtype = oneOf("float32", "float64", "int32");
      const left = tensor(a ? [k, m] : [m, k], dtype);
      agree("MatMul", [left, tensor(b ? [n, k] : [k, n], dtype)], {
        transpose_a: { b: a },
        transpose_b: { b },
      });
    });
    expect(() => lowered(nodeOf("MatMul"), [tensor([2, 3]), tensor([2, 3])])).toThrow(
      "3 columns do not fit 2 rows",
    );
  });
  it.each(["BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"])("%s", (op) => {
    times(20, () => {
      const batch = op === "BatchMatMul" ? shape(2, 3) : shape(integer(0, 3), 3);
      const own = (full: number[]) =>
        op === "BatchMatMul" ? full : full.map((size) => (integer(0, 2) ? size : 1)).slice(integer(0, 1));
      const [m, k, n] = shape(3) as [number, number, number];
      const [a, b] = [integer(0, 1) === 1, integer(0, 1) === 1];
      const left = tensor([...own(batch), ...(a ? [k, m] : [m, k])]);
      const right = tensor([...own(batch), ...(b ? [n, k] : [k, n])]);
      agree(op, [left, right], { adj_x: { b: a }, adj_y: { b } });
    });
  });
  it("a product copies no operand", () => {
    const { steps } = lowered(nodeOf("BatchMatMulV2", { adj_y: { b: true } }), [
      tensor([2, 3, 4]),
      tensor([5, 4]),
    ]);
    expect(steps.map(({ kind }) => kind)).toEqual(["contract"]);
  });
  it.each(["BiasAdd", "BiasAddV1"])("%s", (op) => {
    if (op === "BiasAdd") {
      agree(op, [tensor([2, 3, 4, 5]), tensor([3])], { data_format: { s: "NCHW" } });
      agree(op, [tensor([2, 3]), tensor([3])], { data_format: { s: "NCHW" } });
      agree(op, [tensor([2, 3, 4]), tensor([4])]);
    }
    expect(() => lowered(nodeOf(op), [tensor([2, 3]), tensor([2])])).toThrow(
      "the bias [2] does not fit [2,3]",
    );
  });
});

describe("Einsum", () => {
  const equations: [string, ...number[][]][] = [
    ["ij,jk->ik", [2, 3], [3, 4]],
    ["bij,bjk->bik", [2, 3, 4], [2, 4, 5]],
    ["bpd,bp->bd", [2, 3, 4], [2, 3]],
    ["abc,cde->abde", [2, 3, 4], [4, 2, 3]],
    ["abc,cde->adeb", [2, 3, 4], [4, 2, 3]],
    ["aecd,abcd->acbe", [2, 3, 4, 2], [2, 5, 4, 2]],
    ["BTNH,BSNH->BNTS", [2, 3, 4, 2], [2, 5, 4, 2]],
    ["...ij,...jk->...ik", [2, 1, 3, 4], [5, 4, 2]],
    ["i...,i...->...", [3, 2, 2], [3, 2]],
    ["ij->ji", [2, 3]],
    ["ij->", [2, 3]],
    ["ij->i", [2, 3]],
    ["ii->i", [3, 3]],
    ["ii->", [3, 3]],
    ["iij->j", [3, 3, 2]],
    ["i,j->ij", [2, 3].slice(0, 1), [3]],
    ["i,j->", [2], [3]],
    ["ab,ab->", [2, 3], [2, 3]],
    ["ab,ab->ba", [2, 3], [2, 3]],
    ["ab,cb->", [2, 3], [4, 3]],
    ["ab,bc->b", [2, 3], [3, 4]],
    ["...a->...", [2, 3, 4]],
    [",ab->ab", [], [2, 3]],
    ["ab,->ab", [2, 3], []],
    ["ab,b->a", [2, 0], [0]],
    ["a b, b c -> a c", [2, 3], [3, 4]],
    ["ab,bcd->acd", [2, 3], [3, 4, 5]],
    ["ab,dbc->acd", [2, 3], [4, 3, 5]],
  ];
  it.each(equations)("%s", (equation, ...dims) => {
    times(
      3,
      () =>
        void agree(
          "Einsum",
          dims.map((own) => tensor(own)),
          { equation: { s: equation } },
        ),
    );
    agree(
      "Einsum",
      dims.map((own) => tensor(own, "int32")),
      { equation: { s: equation } },
    );
  });
  it("that only moves axes is a view", () => {
    expect(lowered(nodeOf("Einsum", { equation: { s: "ij->ji" } }), [tensor([2, 3])]).steps).toEqual([]);
  });
});
