/** Every operation of the kernel IR as WebAssembly, on pairs of edge values, against JavaScript's. */
import { describe, expect, it } from "vitest";
import * as ir from "../../../../framework/aot/kernel/expr.js";
import type { AcrossOp, BinaryOp, Type, UnaryOp } from "../../../../framework/aot/kernel/ir.js";
import { mapped } from "./runKernels.js";

const { fround } = Math;
const floats = [
  0,
  -0,
  1,
  -1.5,
  0.5,
  -0.5,
  2.5,
  -2.5,
  3.75,
  NaN,
  Infinity,
  -Infinity,
  fround(3e38),
  2 ** -149,
  2 ** 31,
  -(2 ** 31),
  2147483520,
  -(2 ** 32),
  2 ** 63,
  fround(-1e30),
];
const i32s = [0, 1, -1, 7, -7, 2 ** 31 - 1, -(2 ** 31), 31, 32, 33, 1000, -65537];
const i64s = [
  0n,
  1n,
  -1n,
  7n,
  -7n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  31n,
  64n,
  65n,
  2n ** 53n + 1n,
  -(2n ** 40n) - 3n,
];

/** All pairs, as two columns. */
function pairsOf<T>(values: readonly T[]): [T[], T[]] {
  const pairs = values.flatMap((a) => values.map((b) => [a, b] as const));
  return [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
}

type Reference<T> = (a: T, b: T) => T | boolean;
type References = Partial<Record<BinaryOp, Reference<number>>>;
const comparisons = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
} satisfies Partial<Record<BinaryOp, Reference<number | bigint>>>;
const choices = { min: <T>(a: T, b: T) => (b < a ? b : a), max: <T>(a: T, b: T) => (a < b ? b : a) };
const ofFloats = (round: (a: number) => number): Partial<Record<BinaryOp, Reference<number>>> => ({
  ...comparisons,
  ...choices,
  add: (a, b) => round(a + b),
  sub: (a, b) => round(a - b),
  mul: (a, b) => round(a * b),
  div: (a, b) => round(a / b),
});
const ofI32: Partial<Record<BinaryOp, Reference<number>>> = {
  ...comparisons,
  ...choices,
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  mul: Math.imul,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => a << b,
  shrS: (a, b) => a >> b,
  shrU: (a, b) => (a >>> b) | 0,
};
const wrap = (a: bigint) => BigInt.asIntN(64, a);
const ofI64: Partial<Record<BinaryOp, Reference<bigint>>> = {
  ...comparisons,
  ...choices,
  add: (a, b) => wrap(a + b),
  sub: (a, b) => wrap(a - b),
  mul: (a, b) => wrap(a * b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => wrap(a << (b & 63n)),
  shrS: (a, b) => a >> (b & 63n),
  shrU: (a, b) => wrap(BigInt.asUintN(64, a) >> (b & 63n)),
};
const references: Record<Type, References> = {
  f32: ofFloats(fround),
  f64: ofFloats((a) => a),
  f32v: ofFloats(fround),
  i32: ofI32,
  i64: ofI64 as unknown as References,
  i32v: ofI32,
};
const valuesOf: Record<Type, readonly (number | bigint)[]> = {
  f32: floats,
  f64: floats,
  f32v: floats,
  i32: i32s,
  i32v: i32s,
  i64: i64s,
};

describe.each(Object.keys(references) as Type[])("binary operations of %s", (type) => {
  const [left, right] = pairsOf(valuesOf[type]);
  const isShift = (op: string) => op.startsWith("sh");
  const ops = Object.entries(references[type]).filter(([op]) => type !== "i32v" || !isShift(op));
  it.each(ops)("%s", (op, reference) => {
    const isComparison = op in comparisons;
    const result = isComparison ? (type.endsWith("v") ? "i32v" : "i32") : type;
    const computed = mapped(
      result,
      [
        { memory: type, values: left },
        { memory: type, values: right },
      ],
      (a, b) => ir.binary(op as BinaryOp, a, b),
    );
    const truth = type.endsWith("v") ? -1 : 1;
    const expected = left.map((a, index) => {
      const value = (reference as unknown as Reference<number | bigint>)(a, right[index]!);
      return typeof value === "boolean" ? (value ? truth : 0) : value;
    });
    expect(computed).toEqual(expected);
  });
});

describe("integer division", () => {
  it.each(["i32", "i64"] as const)("truncates %s", (type) => {
    const [left, right] = pairsOf(valuesOf[type].filter((value) => value !== 0 && value !== 0n));
    const lowest = type === "i32" ? -(2 ** 31) : -(2n ** 63n);
    const isDefined = (_: unknown, index: number) => !(left[index] === lowest && Number(right[index]) === -1);
    const columns = [left, right].map((values) => ({ memory: type, values: values.filter(isDefined) }));
    const [a, b] = columns.map(({ values }) => values.map(BigInt)) as [bigint[], bigint[]];
    expect(mapped(type, columns, ir.div).map(BigInt)).toEqual(a.map((value, index) => value / b[index]!));
    const rest = mapped(type, columns, (x, y) => ir.binary("rem", x, y));
    expect(rest.map(BigInt)).toEqual(a.map((value, index) => value % b[index]!));
  });

  it.each(["div", "rem"] as const)("%s by zero stops the run", (op) => {
    const column = { memory: "i32", values: [0] } as const;
    expect(() => mapped("i32", [column, column], (a, b) => ir.binary(op, a, b))).toThrow("zero");
  });
});

it.each(["shl", "shrS", "shrU"] as const)("%s of i32v takes one count for all lanes", (op) => {
  for (const count of [0, 1, 31, 32, 33, -1]) {
    const computed = mapped("i32v", [{ memory: "i32v", values: i32s }], (a) =>
      ir.binary(op, a, ir.i32(count)),
    );
    expect(computed).toEqual(i32s.map((a) => ofI32[op]!(a, count)));
  }
});

describe("unary operations", () => {
  const roundedToEven = (a: number) => (Math.abs(a % 1) === 0.5 ? 2 * Math.round(a / 2) : Math.round(a));
  const ofFloat: Record<Exclude<UnaryOp, "not">, (a: number) => number> = {
    neg: (a) => -a,
    abs: Math.abs,
    sqrt: Math.sqrt,
    ceil: Math.ceil,
    floor: Math.floor,
    trunc: Math.trunc,
    nearest: roundedToEven,
  };
  it.each(
    (["f32", "f64", "f32v"] as const).flatMap((type) =>
      Object.entries(ofFloat).map(([op, f]) => [op, type, f] as const),
    ),
  )("%s of %s", (op, type, reference) => {
    const round = type === "f64" ? (a: number) => a : fround;
    const computed = mapped(type, [{ memory: type, values: floats }], (a) => ir.unary(op as UnaryOp, a));
    expect(computed).toEqual(floats.map((a) => round(reference(a))));
  });
  it.each(["i32", "i32v"] as const)("not of %s", (type) => {
    expect(mapped(type, [{ memory: type, values: i32s }], (a) => ir.unary("not", a))).toEqual(
      i32s.map((a) => ~a),
    );
  });
});

describe("conversions", () => {
  const toI32 = (a: number) =>
    Number.isNaN(a) ? 0 : Math.trunc(Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, a))) + 0;
  const toI64 = (a: number) =>
    Number.isNaN(a)
      ? 0n
      : a >= 2 ** 63
        ? 2n ** 63n - 1n
        : a <= -(2 ** 63)
          ? -(2n ** 63n)
          : BigInt(Math.trunc(a));
  const cases: [Type, Type, (a: never) => number | bigint][] = [
    ["i32", "i64", (a: number) => BigInt(a)],
    ["i64", "i32", (a: bigint) => Number(BigInt.asIntN(32, a))],
    ["i32", "f32", (a: number) => fround(a)],
    ["i32", "f64", (a: number) => a],
    ["i64", "f64", (a: bigint) => Number(a)],
    ["f32", "f64", (a: number) => a],
    ["f64", "f32", (a: number) => fround(a)],
    ["f32", "i32", toI32],
    ["f64", "i32", toI32],
    ["f32", "i64", toI64],
    ["f64", "i64", toI64],
    ["i32v", "f32v", (a: number) => fround(a)],
    ["f32v", "i32v", toI32],
  ];
  it.each(cases)("%s to %s", (from, to, reference) => {
    const values = valuesOf[from];
    expect(mapped(to, [{ memory: from, values }], (a) => ir.convert(to, a))).toEqual(
      values.map((a) => reference(a as never)),
    );
  });
  it("i64 to f32 rounds once", () => {
    const values = [2n ** 24n + 1n, 2n ** 60n + 2n ** 36n + 1n];
    expect(mapped("f32", [{ memory: "i64", values }], (a) => ir.convert("f32", a))).toEqual([
      2 ** 24,
      2 ** 60 + 2 ** 37,
    ]);
  });
  it("bits keeps them, also of a NaN with a payload", () => {
    const values = [0x7fc12345, -0x400000, 0x3f800000, -(2 ** 31)];
    for (const [integer, float] of [
      ["i32", "f32"],
      ["i32v", "f32v"],
    ] as const)
      expect(
        mapped(integer, [{ memory: integer, values }], (a) => ir.bits(integer, ir.bits(float, a))),
      ).toEqual(values);
    expect(mapped("i32", [{ memory: "f32", values: [1, -0] }], (a) => ir.bits("i32", a))).toEqual([
      0x3f800000,
      -(2 ** 31),
    ]);
    expect(mapped("i64", [{ memory: "f64", values: [1] }], (a) => ir.bits("i64", a))).toEqual([
      0x3ff0000000000000n,
    ]);
    expect(mapped("f64", [{ memory: "i64", values: [-(2n ** 63n)] }], (a) => ir.bits("f64", a))).toEqual([
      -0,
    ]);
  });
});

describe("selections, lanes and sums of products", () => {
  const vector = (values: number[]) => ({ memory: "f32v", values }) as const;
  it("selects lane by lane, and by any i32 that is not 0", () => {
    const [a, b] = [vector([1, 2, NaN, -0]), vector([5, -6, 7, 8])];
    expect(mapped("f32v", [a, b], (x, y) => ir.select(ir.binary("lt", x, y), x, y))).toEqual([1, -6, 7, -0]);
    const columns = [
      { memory: "i32", values: [0, 1, -1, 256] } as const,
      { memory: "f64", values: [1, 2, 3, 4] } as const,
    ];
    expect(mapped("f64", columns, (c, x) => ir.select(c, x, ir.unary("neg", x)))).toEqual([-1, 2, 3, 4]);
  });
  it("multiplies and adds with two roundings", () => {
    const a = fround(1 + 2 ** -12);
    for (const memory of ["f32", "f32v"] as const) {
      const columns = [a, a, -1].map((value) => ({ memory, values: [value, value, value, value] }));
      const expected = fround(fround(a * a) - 1);
      expect(mapped(memory, columns, ir.fma)).toEqual([expected, expected, expected, expected]);
    }
  });
  it.each([0, 1, 2, 3])("takes lane %i out and spreads it", (lane) => {
    const floatsOf4 = [1.5, -2.5, NaN, -0];
    const spread = (values: number[]) => values.map(() => values[lane]);
    expect(mapped("f32v", [vector(floatsOf4)], (a) => ir.splat(ir.lane(a, lane)))).toEqual(spread(floatsOf4));
    expect(
      mapped("i32v", [{ memory: "i32v", values: [1, -2, 3, 4] }], (a) => ir.splat(ir.lane(a, lane))),
    ).toEqual(spread([1, -2, 3, 4]));
  });
  it("joins lanes, halves on halves", () => {
    const across = (op: AcrossOp, values: number[], count?: number) =>
      mapped("f32v", [vector(values)], (a) => ir.splat(ir.across(op, a, count)))[0];
    expect(across("add", [2 ** 24, 1, -(2 ** 24), 1])).toBe(2);
    expect(across("add", [2 ** 24, 2, 2, NaN], 3)).toBe(2 ** 24 + 4);
    expect([
      across("max", [-3, -2, 5, 9], 2),
      across("min", [3, 2, 1, -1], 3),
      across("add", [7, NaN, 1, 1], 1),
    ]).toEqual([-2, 1, 7]);
    expect([
      across("max", [-0, NaN, 0, NaN]),
      across("max", [NaN, 1, 2, 3]),
      across("min", [1, 2, NaN, -0]),
    ]).toEqual([-0, NaN, -0]);
  });
  it("refuses what the IR does not have", () => {
    expect(() => mapped("f32", [{ memory: "f32", values: [1] }], (a) => ir.binary("rem", a, a))).toThrow(
      "there is no rem of f32",
    );
    expect(() => mapped("i32", [{ memory: "i32", values: [1] }], (a) => ir.unary("sqrt", a))).toThrow(
      "there is no sqrt of i32",
    );
  });
});
