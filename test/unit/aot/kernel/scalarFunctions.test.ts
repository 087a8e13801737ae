/** The elementary functions against doubles, against TensorFlow at edges, and lanes against scalars. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { i32, load, mul } from "../../../../framework/aot/kernel/expr.js";
import { interpret } from "../../../../framework/aot/kernel/interpreter/interpret.js";
import type { Block, MemoryType } from "../../../../framework/aot/kernel/ir.js";
import { KernelBuilder } from "../../../../framework/aot/kernel/KernelBuilder.js";
import { scalarFunctions, scalarOnly } from "../../../../framework/aot/kernel/math/scalarFunctions.js";
import { expansion, operationCount } from "./expansion.js";
import { erf, erfc, floats, ulpsF32, ulpsF64 } from "./reference.js";

const selu = (x: number) => (x < 0 ? 1.7580993408473766 * Math.expm1(x) : 1.0507009873554805 * x);
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** Exact function; largest error of f32 without and with fma, in units in the last place; of f64 against Math. */
const unary: Record<string, [(x: number) => number, number, number, number]> = {
  exp: [Math.exp, 0.95, 0.95, 1],
  expm1: [Math.expm1, 1.55, 1.5, 2],
  log: [Math.log, 0.85, 0.85, 1],
  log1p: [Math.log1p, 1.45, 1.45, 1],
  tanh: [Math.tanh, 5, 5, 4],
  sigmoid: [(x) => 1 / (1 + Math.exp(-x)), 2.35, 2.35, 4],
  erf: [erf, 1.3, 1.2, 12],
  softplus: [softplus, 2.3, 2.1, 3],
  elu: [(x) => (x < 0 ? Math.expm1(x) : x), 0.95, 0.95, 2],
  selu: [selu, 1.9, 1.9, 2],
  softsign: [(x) => x / (1 + Math.abs(x)), 1.6, 1.6, 0],
  rsqrt: [(x) => 1 / Math.sqrt(x), 1.55, 1.55, 0],
  reciprocal: [(x) => 1 / x, 0.5, 0.5, 0],
  square: [(x) => x * x, 0.5, 0.5, 0],
  erfc: [erfc, 0.51, 0.51, 1e5],
  sin: [Math.sin, 0.51, 0.51, 3],
  cos: [Math.cos, 0.51, 0.51, 3],
  tan: [Math.tan, 0.51, 0.51, 4],
  asin: [Math.asin, 0.51, 0.51, 4],
  acos: [Math.acos, 0.51, 0.51, 4],
  atan: [Math.atan, 0.51, 0.51, 3],
  sinh: [Math.sinh, 0.51, 0.51, 4],
  cosh: [Math.cosh, 0.51, 0.51, 4],
  asinh: [Math.asinh, 0.51, 0.51, 3],
  acosh: [Math.acosh, 0.51, 0.51, 3],
  atanh: [Math.atanh, 0.51, 0.51, 3],
};

/** As TensorFlow's, these give 0 where the result would be subnormal: a masked softmax is full of such values. */
const flushing = new Set(["exp", "softplus"]);
const normal = (x: number) => (Math.abs(x) < 2 ** -126 ? 0 : x);

function worst(values: readonly number[], error: (x: number) => number): { error: number; at: number } {
  let found = { error: 0, at: Number.NaN };
  for (const at of values) {
    const next = error(at);
    if (!(next <= found.error)) found = { error: next, at };
  }
  return found;
}

describe("accuracy", () => {
  const dense = floats(100);
  const sparse = dense.filter((_, index) => index < 12 || index % 29 === 0);

  it.each(Object.entries(unary))("%s", (name, [exact, withoutFma, withFma, f64]) => {
    const [plain, fused, double] = [
      expansion(name, "f32"),
      expansion(name, "f32", 1, true),
      expansion(name, "f64"),
    ];
    const single = flushing.has(name) ? (x: number) => normal(exact(x)) : exact;
    expect(worst(dense, (x) => ulpsF32(plain(x), single(x))).error).toBeLessThanOrEqual(withoutFma);
    const points = scalarOnly.has(name) ? sparse : dense;
    expect(worst(points, (x) => ulpsF32(fused(x), single(x))).error).toBeLessThanOrEqual(withFma);
    expect(worst(dense, (x) => ulpsF64(double(x), exact(x))).error).toBeLessThanOrEqual(f64);
  });

  it("pow", () => {
    const [single, double] = [expansion("pow", "f32", 2), expansion("pow", "f64", 2)];
    const exponents = [0.5, 2, 3, -1, -0.75, 1 / 3, 7.25, -2, 20, -33.5, 1e-3].map(Math.fround);
    for (const y of exponents) {
      expect(worst(dense, (x) => ulpsF32(single(x, y), x ** y)).error).toBeLessThanOrEqual(0.51);
      expect(worst(sparse, (x) => ulpsF64(double(x, y), x ** y)).error).toBeLessThanOrEqual(2);
    }
  });

  it("erf and erfc of doubles (mpmath)", () => {
    const known = [
      [0.1, 0.1124629160182849, 0.887537083981715],
      [0.75, 0.7111556336535151, 0.28884436634648486],
      [1.25, 0.9229001282564583, 0.07709987174354177],
      [2.4, 0.999311486103355, 0.0006885138966450789],
      [5, 0.9999999999984626, 1.537459794428035e-12],
      [20, 1.0, 5.395865611607901e-176],
      [26.5, 1.0, 2.2109076642637343e-307],
    ] as const;
    for (const [x, ofErf, ofErfc] of known) {
      expect(ulpsF64(expansion("erf", "f64")(x), ofErf)).toBeLessThanOrEqual(2);
      expect(ulpsF64(expansion("erfc", "f64")(x), ofErfc)).toBeLessThanOrEqual(3);
    }
  });

  it("goes from the normal floats to 0: a masked softmax meets no subnormal, which takes 150 cycles", () => {
    const [above, below] = [-87.33654022216797, -87.3365478515625];
    for (const hasFma of [false, true]) {
      const exp = expansion("exp", "f32", 1, hasFma);
      expect([above, below, -1e9].map(exp).map((y) => y >= 2 ** -126)).toEqual([true, false, false]);
      expect([below, -1e9, -Infinity].map(exp)).toEqual([0, 0, 0]);
    }
  });

  it("saturates exactly and keeps to the range", () => {
    for (const hasFma of [false, true]) {
      const [tanh, sigmoid, error] = ["tanh", "sigmoid", "erf"].map((name) =>
        expansion(name, "f32", 1, hasFma),
      );
      expect(
        dense.every((x) => Number.isNaN(x) || (Math.abs(tanh!(x)) <= 1 && Math.abs(error!(x)) <= 1)),
      ).toBe(true);
      expect(dense.every((x) => Number.isNaN(x) || (sigmoid!(x) >= 0 && sigmoid!(x) <= 1))).toBe(true);
      expect([tanh!(9.1), tanh!(-9.1), error!(4), error!(-4), sigmoid!(17.5)]).toEqual([1, -1, 1, -1, 1]);
      expect([sigmoid!(-100), sigmoid!(-200)]).toEqual([Math.fround(Math.exp(-100)), 0]);
    }
  });
});

describe("TensorFlow's edges", () => {
  const file = new URL("tensorflowEdges.json", import.meta.url);
  const table = JSON.parse(readFileSync(file, "utf8")) as Record<string, string | Record<string, string>>;
  const numbers = (text: unknown) => (text as string).split(" ").map(Number);
  const [x, left, right] = [table.x, table.left, table.right].map((text) => numbers(text).map(Math.fround));

  it.each([
    ["f32", "float32", 2 ** -126, 2e-6],
    ["f64", "float64", 0, 1e-13],
  ] as const)("%s", (type, column, leastNormal, tolerance) => {
    for (const [name, text] of Object.entries(table[column]!)) {
      const values = numbers(text);
      const isUnary = values.length === x!.length;
      const run = expansion(name, type, isUnary && name !== "leakyRelu" ? 1 : 2);
      const differing = values.flatMap((expected, index) => {
        const args = isUnary ? [x![index]!, 0.25] : [left![index]!, right![index]!];
        const value = run(...args);
        // TensorFlow's threads flush subnormal floats to 0; some of its f32 kernels are a little less exact than ours.
        const inner = name === "floorDiv" ? [...args, args[0]! / args[1]!] : args;
        const isFlushed = inner.some((arg) => arg !== 0 && Math.abs(arg) < leastNormal);
        const isNear =
          Math.abs(value - expected) <= Math.abs(expected) * tolerance + leastNormal + known(name, type);
        const isSame = Object.is(value, expected) || (value === expected && (value !== 0 || !hasSign(name)));
        return isSame || isFlushed || (isNear && (value !== 0 || expected !== 0))
          ? []
          : [{ args, value, expected }];
      });
      expect({ name, differing }).toEqual({ name, differing: [] });
    }
  });

  /** Where TensorFlow itself is off: e^x − 1 in elu and selu. */
  function known(name: string, type: string): number {
    return name === "elu" || name === "selu" ? (type === "f32" ? 2e-7 : 2e-16) : 0;
  }

  /** TensorFlow's relu and xlog1py give either zero for −0, from one element or type to the next. */
  function hasSign(name: string): boolean {
    return !name.startsWith("relu") && name !== "xlog1py";
  }

  it("divides integers as TensorFlow does", () => {
    const divide = (name: string, type: "i32" | "i64", a: number, b: number) =>
      Number(expansion(name, type, 2)(...(type === "i64" ? [BigInt(a), BigInt(b)] : [a, b])));
    for (const type of ["i32", "i64"] as const) {
      const of = (name: string) => [[7, 2], [-7, 2], [7, -2], [-7, -2], [6, -3], [5, -1]].map(([a, b]) => divide(name, type, a!, b!)); // biome-ignore format: pairs
      expect(of("floorDiv")).toEqual([3, -4, -4, 3, -2, -5]);
      expect(of("floorMod")).toEqual([1, 1, -1, -1, 0, 0]);
      expect(of("truncateDiv")).toEqual([3, -3, -3, 3, -2, -5]);
      expect(of("truncateMod")).toEqual([1, -1, 1, -1, 0, 0]);
    }
    expect(divide("floorDiv", "i32", -(2 ** 31), -1)).toBe(-(2 ** 31));
    expect([divide("sign", "i32", -5, 0), divide("abs", "i64", -5, 0)]).toEqual([-1, 5]);
  });
});

describe("lanes", () => {
  const values = floats(2).slice(0, 4096);
  const count = Math.floor(values.length / 16) * 16;
  const source: Block = { name: "source", space: "arena", sizeBytes: 4 * count, place: 64 };
  const second: Block = { name: "second", space: "arena", sizeBytes: 4 * count, place: 64 + 8 * count };
  const target: Block = { name: "target", space: "arena", sizeBytes: 4 * count, place: 64 + 4 * count };

  function run(name: string, memory: MemoryType, lanes: number, hasFma: boolean): Uint32Array {
    const k = new KernelBuilder("main");
    const step = memory === "f32" ? 1 : lanes;
    k.for(0, count, step, (index) => {
      const at = mul(index, i32(4));
      const args = [load(memory, source, at), load(memory, second, at)];
      k.store(memory, target, at, 0, scalarFunctions[name]!(k, ...args));
    });
    const arena = new Uint8Array(64 + 12 * count);
    const floats = new Float32Array(arena.buffer);
    floats.set(values.slice(0, count), 16);
    floats.set(values.slice(0, count).reverse(), second.place / 4);
    const machine = { name: "wasm", lanes, hasFma, vectorRegisters: 16 } as const;
    interpret({ target: machine, main: k.build(), constants: [], arenaBytes: arena.length }, arena);
    return bitsOf(new Float32Array(arena.buffer, target.place, count));
  }

  /** With one NaN for all. */
  function bitsOf(values: Float32Array): Uint32Array {
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
    return bits.map((word, index) => (Number.isNaN(values[index]) ? 0x7fc00000 : word));
  }

  const vectorised = Object.keys(scalarFunctions).filter((name) => !scalarOnly.has(name));

  it.each(vectorised)("%s: lanes have the bits of scalars", (name) => {
    for (const hasFma of [false, true]) {
      const scalars = run(name, "f32", 4, hasFma);
      expect(run(name, "f32v", 4, hasFma)).toEqual(scalars);
      expect(run(name, "f32v", 8, hasFma)).toEqual(scalars);
      const compiled = expansion(name, "f32", 2, hasFma);
      const expected = scalars.filter((_, index) => index % 7 === 0);
      const own = Array.from(expected, (_, n) => compiled(values[7 * n], values[count - 1 - 7 * n]));
      expect(bitsOf(new Float32Array(own))).toEqual(expected);
    }
  });

  it.each([...scalarOnly])("%s refuses vectors", (name) => {
    expect(() => run(name, "f32v", 4, false)).toThrow(/f32v/);
  });
});

it("costs a vector no more operations than these", () => {
  const names = ["exp", "expm1", "log", "log1p", "tanh", "sigmoid", "erf", "softplus", "elu", "selu"];
  const counts = Object.fromEntries(names.map((name) => [name, operationCount(name, "f32v")]));
  expect(counts).toEqual({
    exp: 21,
    expm1: 19,
    log: 30,
    log1p: 35,
    tanh: 14,
    sigmoid: 15,
    erf: 27,
    softplus: 32,
    elu: 16,
    selu: 18, // biome-ignore format: table
  });
});
