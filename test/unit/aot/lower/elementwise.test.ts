/** Functions of elements, comparisons, choices and casts: the lowerings against the reference kernels. */
import { describe, expect, it } from "vitest";
import { dtypeNumber, type DType } from "../../../../framework/tensorflow/dtypes.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { agree, Fixed, lowered, nodeOf, Unsupported } from "./lowerNode.js";
import { integer, oneOf, shape, tensor, times } from "./random.js";

const floats = ["float32", "float64"] as const;

const anyFloat =
  "Neg Abs Square Sign Round Rint Floor Ceil Exp Expm1 Erf Erfc Sin Cos Tan Atan Sinh Cosh Relu Relu6 Elu Selu Sigmoid Tanh Softplus Softsign IsNan IsInf IsFinite Reciprocal Inv";
const positive = "Sqrt Rsqrt Log Log1p";
const unit = "Asin Acos";

/** An operand that is broadcast to `full`: some axes of 1, some leading ones gone. */
function part(full: readonly number[]): number[] {
  const own = full.map((size) => (integer(0, 2) === 0 ? 1 : size));
  return integer(0, 2) === 0 ? own.slice(integer(0, own.length)) : own;
}

describe("functions of one element", () => {
  it.each(anyFloat.split(" "))("%s", (op) => {
    times(8, () => void agree(op, [tensor(shape(integer(0, 3), 4, 0), oneOf(...floats))]));
  });
  it.each(positive.split(" "))("%s", (op) => {
    times(4, () => void agree(op, [tensor(shape(2), oneOf(...floats), 0.1, 5)]));
  });
  it.each(unit.split(" "))("%s", (op) => {
    times(4, () => void agree(op, [tensor(shape(2), oneOf(...floats), -1, 1)]));
  });
  it.each(["Neg", "Abs", "Square", "Sign", "Round", "Rint"])("%s of integers", (op) => {
    for (const dtype of ["int32", "int64", "int8", "int16"] as const) agree(op, [tensor(shape(2), dtype)]);
  });
  it("LeakyRelu takes its slope", () => {
    for (const alpha of [undefined, 0.3, 0])
      agree("LeakyRelu", [tensor([3, 4])], alpha === undefined ? {} : { alpha: { f: alpha } });
  });
  it("keeps NaN, infinities and -0", () => {
    const special = new Tensor("float32", [5], [Number.NaN, Infinity, -Infinity, -0, 0.5]);
    for (const op of ["Relu", "Neg", "Abs", "IsNan", "IsInf", "IsFinite", "Round", "Sqrt", "Exp"])
      agree(op, [special]);
  });
});

describe("arithmetic", () => {
  const ops = "Add AddV2 Sub Mul Maximum Minimum SquaredDifference".split(" ");
  it.each([...ops, "RealDiv", "Div", "FloorDiv", "FloorMod", "DivNoNan"])("%s broadcasts floats", (op) => {
    times(10, () => {
      const full = shape(integer(0, 4), 4, integer(0, 9) === 0 ? 0 : 1);
      const dtype = oneOf(...floats);
      agree(op, [tensor(part(full), dtype), tensor(part(full), dtype)]);
    });
  });
  it.each(ops)("%s of integers", (op) => {
    for (const dtype of ["int32", "int64", "int8", "uint8", "int16", "uint16"] as const) {
      const low = dtype.startsWith("u") ? 0 : -100;
      agree(op, [tensor([3, 4], dtype, low, 100), tensor([4], dtype, low, 100)]);
    }
  });
  it.each(["Div", "FloorDiv", "FloorMod"])("%s of integers", (op) => {
    agree(op, [tensor([50], "int32", -9, 9), tensor([50], "int32", 1, 5)]);
    agree(op, [tensor([50], "int32", -9, 9), tensor([50], "int32", -5, -1)]);
    if (op !== "FloorMod") agree(op, [tensor([50], "int64", -9, 9), tensor([50], "int64", 1, 5)]);
  });
  it("Pow, of constants too", () => {
    times(4, () => void agree("Pow", [tensor([3, 4], "float32", 0.1, 3), tensor([4])]));
    for (const exponent of [-1, -0.5, 0, 0.5, 1, 2, 3, 4])
      agree("Pow", [tensor([3, 4], "float32", 0.1, 3), new Fixed(new Tensor("float32", [], [exponent]))]);
    agree("Pow", [tensor([3], "float32"), new Fixed(new Tensor("float32", [2, 1], [2, 2]))]);
    agree("Pow", [tensor([3, 4], "int32"), new Fixed(new Tensor("int32", [], [2]))]);
    agree("Pow", [tensor([3, 4], "int32"), tensor([4], "int32", 0, 3)]);
  });
  it("powers of what is not a number keep its sign", () => {
    const special = new Tensor("float32", [5], [Number.NaN, Infinity, -Infinity, -0, 0]);
    for (const exponent of [-1, -0.5, 0.5, 2, 3, 4]) {
      const [output] = lowered(nodeOf("Pow"), [
        special,
        new Fixed(new Tensor("float32", [], [exponent])),
      ]).outputs;
      expect(Array.from(output?.data as Float32Array)).toEqual([...special.data].map((x) => x ** exponent));
    }
  });
  it("a power of 1 is the tensor itself", () => {
    const one = new Fixed(new Tensor("float32", [1], [1]));
    expect(lowered(nodeOf("Pow"), [tensor([3, 4]), one]).steps).toEqual([]);
  });
  it("refuses bools and shapes that do not fit", () => {
    const run = (a: readonly number[], b: readonly number[], dtype: DType) => () =>
      lowered(nodeOf("AddV2"), [tensor(a, dtype), tensor(b, dtype)]);
    expect(run([2], [2], "bool")).toThrow("it computes with bool");
    expect(run([2], [3], "float32")).toThrow("[2] and [3] cannot be broadcast together");
  });
});

describe("comparisons and choices", () => {
  it.each("Equal NotEqual Less LessEqual Greater GreaterEqual".split(" "))("%s", (op) => {
    for (const dtype of ["float32", "float64", "int32", "int64", "uint8"] as const) {
      agree(op, [tensor([3, 1, 5], dtype, 0, 2), tensor([4, 1], dtype, 0, 2)]);
    }
    const special = new Tensor("float32", [3], [Number.NaN, Infinity, 1]);
    agree(op, [special, tensor([2, 3])]);
    agree(op, [special, special]);
  });
  it("Equal and NotEqual of bools", () => {
    for (const op of ["Equal", "NotEqual"]) agree(op, [tensor([9], "bool"), tensor([9], "bool")]);
  });
  it("logic", () => {
    for (const op of ["LogicalAnd", "LogicalOr"]) agree(op, [tensor([3, 4], "bool"), tensor([4], "bool")]);
    agree("LogicalNot", [tensor([3, 4], "bool")]);
  });
  it("Select chooses elements or whole rows", () => {
    for (const dtype of ["float32", "int64", "bool"] as const) {
      agree("Select", [tensor([3, 4], "bool"), tensor([3, 4], dtype), tensor([3, 4], dtype)]);
      agree("Select", [tensor([3], "bool"), tensor([3, 4, 2], dtype), tensor([3, 4, 2], dtype)]);
      agree("Select", [tensor([], "bool"), tensor([3, 4], dtype), tensor([3, 4], dtype)]);
      agree("SelectV2", [tensor([3, 1], "bool"), tensor([2, 1, 4], dtype), tensor([], dtype)]);
    }
  });
  it("ToBool", () => {
    for (const given of [0, 2]) agree("ToBool", [new Tensor("float32", [], [given])]);
    for (const dims of [[0, 2], [3]]) agree("ToBool", [tensor(dims)]);
  });
  it("Where is refused with a remedy", () => {
    expect(() => lowered(nodeOf("Where"), [tensor([3], "bool")])).toThrow(
      /depends on the data; choose with SelectV2/,
    );
  });
});

describe("Cast", () => {
  const dtypes = [
    "float32",
    "float64",
    "int32",
    "int64",
    "bool",
    "uint8",
    "int8",
    "int16",
    "uint16",
  ] as const;
  it.each(dtypes)("of %s to all others", (from) => {
    for (const to of dtypes) {
      const { steps } = agree("Cast", [tensor([3, 4], from, from.startsWith("u") ? 0 : -9, 9)], {
        DstT: { type: dtypeNumber(to) },
      });
      expect(steps.length).toBe(from === to ? 0 : 1);
    }
  });
  it.each([
    [19, "half"],
    [14, "bfloat16"],
    [7, "string"],
    [8, "element type number 8"],
  ])("to element type %i names %s", (type, name) => {
    const cast = () => lowered(nodeOf("Cast", { DstT: { type } }), [tensor([2])]);
    expect(cast).toThrow(Unsupported);
    expect(cast).toThrow(`DstT is ${name}; use float32 instead`);
  });
});
