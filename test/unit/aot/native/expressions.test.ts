/** Every operation of the kernel IR as C, on all pairs of edge values, in vectors of 4, 8 and 16: as the interpreter has it. */
import { describe, expect, it } from "vitest";
import * as ir from "../../../../framework/aot/kernel/expr.js";
import type {
  BinaryOp,
  Block,
  Expr,
  MemoryType,
  Type,
  UnaryOp,
} from "../../../../framework/aot/kernel/ir.js";
import { arenaBlock, hasNoCompiler, programOf, run, runBoth } from "./runNative.js";
import { KernelBuilder } from "../../../../framework/aot/kernel/KernelBuilder.js";

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
  -(2 ** 63),
  fround(-1e30),
];
const doubles = [
  ...floats.slice(0, 16),
  2147483647.5,
  2147483648,
  -2147483648.5,
  -2147483649,
  -2147483700,
  2 ** 63,
  -(2 ** 63),
  1e300,
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
const valuesOf: Record<Type, readonly (number | bigint)[]> = {
  f32: floats,
  f64: doubles,
  f32v: floats,
  i32: i32s,
  i32v: i32s,
  i64: i64s,
};
const arrays = {
  i32: Int32Array,
  i64: BigInt64Array,
  f32: Float32Array,
  f64: Float64Array,
  f32v: Float32Array,
  i32v: Int32Array,
};

const comparisons: BinaryOp[] = ["eq", "ne", "lt", "le", "gt", "ge"];
const floatOps: BinaryOp[] = [...comparisons, "add", "sub", "mul", "div", "min", "max"];
const integerOps: BinaryOp[] = [
  ...comparisons,
  "add",
  "sub",
  "mul",
  "min",
  "max",
  "and",
  "or",
  "xor",
  "shl",
  "shrS",
  "shrU",
];
const unaryOps: UnaryOp[] = ["neg", "abs", "sqrt", "ceil", "floor", "trunc", "nearest"];
const isVector = (type: Type) => type.endsWith("v");

interface Case {
  readonly name: string;
  readonly from: Type;
  readonly compute: (a: Expr, b: Expr, c: Expr) => Expr;
}

function casesOf(type: Type): Case[] {
  const isFloat = type.startsWith("f");
  const of = (name: string, compute: Case["compute"], from = type): Case => ({
    name: `${name} of ${from}`,
    from,
    compute,
  });
  const ops = isFloat ? floatOps : integerOps.filter((op) => type !== "i32v" || !op.startsWith("sh"));
  const truths = (a: Expr, b: Expr) =>
    ir.binary("and", ir.binary("le", a, b), ir.unary("not", ir.binary("eq", b, a)));
  const cases = [
    ...ops.map((op) => of(op, (a, b) => ir.binary(op, a, b))),
    ...comparisons.map((op) => of(`select by ${op}`, (a, b) => ir.select(ir.binary(op, a, b), b, a))),
    of("load", (a) => a),
  ];
  if (isFloat)
    cases.push(
      ...unaryOps.map((op) => of(op, (a) => ir.unary(op, a))),
      of("fma", (a, b, c) => ir.fma(a, b, c)),
      of("fma again", (a, b) => ir.fma(a, a, b)),
    );
  if (type === "i32" || type === "i32v") cases.push(of("not", (a) => ir.unary("not", a)));
  if (isVector(type)) {
    cases.push(of("select by joined masks", (a, b) => ir.select(truths(a, b), a, b)));
    cases.push(
      of("select by a mask in memory", (a, b) =>
        ir.select(ir.binary("xor", truths(a, b), ir.constant("i32v", -1)), a, b),
      ),
    );
    cases.push(...[0, 1, 3].map((lane) => of(`splat of lane ${lane}`, (a) => ir.splat(ir.lane(a, lane)))));
    const counts = [undefined, 1, 2, 3, 4];
    if (type === "f32v")
      cases.push(
        ...(["add", "min", "max"] as const).flatMap((op) =>
          counts.map((count) => of(`${op} across ${count}`, (a) => ir.splat(ir.across(op, a, count)))),
        ),
      );
    if (type === "i32v")
      cases.push(
        ...(["shl", "shrS", "shrU"] as const).flatMap((op) =>
          [0, 1, 31, 33, -1].map((count) => of(`${op} by ${count}`, (a) => ir.binary(op, a, ir.i32(count)))),
        ),
      );
  }
  return cases;
}

const conversions: readonly (readonly [Type, Type])[] = [
  ...(["i32", "i64", "f32", "f64"] as const).flatMap((from) =>
    (["i32", "i64", "f32", "f64"] as const).filter((to) => to !== from).map((to) => [from, to] as const),
  ),
  ["f32v", "i32v"],
  ["i32v", "f32v"],
];
const allCases: Case[] = [
  ...(["f32", "f64", "i32", "i64", "f32v", "i32v"] as const).flatMap(casesOf),
  ...conversions.map(([from, to]) => ({
    name: `${from} to ${to}`,
    from,
    compute: (a: Expr) => ir.convert(to, a),
  })),
  ...(
    [
      ["f32", "i32"],
      ["f32v", "i32v"],
      ["f64", "i64"],
    ] as const
  ).flatMap(([a, b]) => [{ name: `bits of ${a}`, from: b as Type, compute: (x: Expr) => ir.bits(a, x) }]),
];

/** Two columns of all pairs for each type, then a column for each case's results. */
function layout() {
  let place = 64;
  const block = (name: string, sizeBytes: number): Block => {
    place += sizeBytes;
    return arenaBlock(name, place - sizeBytes, sizeBytes);
  };
  const columns = new Map<Type, { count: number; blocks: Block[] }>();
  for (const type of Object.keys(valuesOf) as Type[]) {
    const count = 64 * Math.ceil((valuesOf[type].length ** 2 + 16) / 64);
    columns.set(type, { count, blocks: ["a", "b", "c"].map((name) => block(`${name} ${type}`, 8 * count)) });
  }
  const results = allCases.map(({ name, from }) => block(name, 8 * columns.get(from)!.count));
  return { columns, results, arenaBytes: place };
}

describe.skipIf(hasNoCompiler).each([4, 8, 16])("with vectors of %i", (lanes) => {
  it("all operations give what the interpreter gives", () => {
    const { columns, results, arenaBytes } = layout();
    const arena = new Uint8Array(arenaBytes);
    const viewOf = (bytes: Uint8Array, { place }: Block, type: Type, count: number) => [
      ...new arrays[type](bytes.buffer as ArrayBuffer, place, count),
    ];
    for (const [type, { count, blocks }] of columns) {
      const values = valuesOf[type];
      for (const [column, { place }] of blocks.entries()) {
        const view = new arrays[type](arena.buffer, place, count);
        for (let i = 0; i < count; i++)
          view[i] = values[
            column === 0
              ? i % values.length
              : (Math.floor(i / values.length) + (column - 1) * i) % values.length
          ]! as never;
      }
    }
    const resultTypes = new Map<Block, Type>();
    const { computed, expected } = runBoth(lanes, arena, (main) => {
      for (const [index, { name, from, compute }] of allCases.entries()) {
        const kernel = new KernelBuilder(name);
        const { count, blocks } = columns.get(from)!;
        const sizeOf = (type: Type) => (type === "i64" || type === "f64" ? 8 : 4);
        kernel.for(0, count, isVector(from) ? lanes : 1, (i) => {
          const [a, b, c] = blocks.map((block) =>
            kernel.let(ir.load(from, block, ir.mul(i, ir.i32(sizeOf(from))))),
          );
          const value = compute(a!, b!, c!);
          resultTypes.set(results[index]!, value.type);
          kernel.store(
            value.type as MemoryType,
            results[index]!,
            ir.mul(i, ir.i32(sizeOf(value.type))),
            0,
            value,
          );
        });
        main.call(kernel.build());
      }
    });
    for (const [index, { name, from }] of allCases.entries()) {
      const block = results[index]!;
      const [type, { count }] = [resultTypes.get(block)!, columns.get(from)!];
      expect(viewOf(computed, block, type, count), name).toEqual(viewOf(expected, block, type, count));
    }
  });
});

describe.skipIf(hasNoCompiler)("what C would make of it otherwise", () => {
  it("division does not end the process: x / 0 is 0, and the lowest by −1 itself", () => {
    const arena = new Uint8Array(256);
    const view = new DataView(arena.buffer);
    const out = arenaBlock("out", 64, 128);
    const kernel = new KernelBuilder("main");
    const [zero, minusOne] = [ir.load("i32", out, ir.i32(0)), ir.load("i32", out, ir.i32(0), 4)];
    for (const [index, divisor] of [zero, minusOne].entries()) {
      const lowest = kernel.variable(ir.i32(-(2 ** 31)));
      kernel.store("i32", out, ir.i32(8 * index), 8, ir.div(lowest, divisor));
      kernel.store("i32", out, ir.i32(8 * index), 12, ir.binary("rem", lowest, divisor));
      const lowest64 = kernel.variable(ir.constant("i64", -(2n ** 63n)));
      kernel.store("i64", out, ir.i32(16 * index), 32, ir.div(lowest64, ir.convert("i64", divisor)));
      kernel.store(
        "i64",
        out,
        ir.i32(16 * index),
        40,
        ir.binary("rem", lowest64, ir.convert("i64", divisor)),
      );
    }
    view.setInt32(68, -1, true);
    run(programOf(kernel.build(), 256, 4), arena);
    expect([8, 12, 16, 20].map((at) => view.getInt32(64 + at, true))).toEqual([0, 0, -(2 ** 31), 0]);
    expect([32, 40, 48, 56].map((at) => view.getBigInt64(64 + at, true))).toEqual([0n, 0n, -(2n ** 63n), 0n]);
  });

  it("refuses what the IR does not have", () => {
    const refused = (op: BinaryOp, type: Type) => () => {
      const kernel = new KernelBuilder("main");
      kernel.variable(ir.binary(op, ir.constant(type, 1), ir.constant(type, 2)));
      run(programOf(kernel.build(), 64, 4), new Uint8Array(64));
    };
    expect(refused("rem", "f32")).toThrow("there is no rem of f32");
    expect(refused("div", "i32v")).toThrow("there is no div of i32v");
  });
});
