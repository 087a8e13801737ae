import { describe, expect, it } from "vitest";
import {
  across,
  add,
  bits,
  constant,
  convert,
  div,
  fma,
  i32,
  load,
  mul,
  splat,
} from "../../../../framework/aot/kernel/expr.js";
import { type Counts, interpret } from "../../../../framework/aot/kernel/interpreter/interpret.js";
import type { Block, Expr, Kernel, Program, Type } from "../../../../framework/aot/kernel/ir.js";
import { KernelBuilder } from "../../../../framework/aot/kernel/KernelBuilder.js";

const lanes = 4;
const a: Block = { name: "a", space: "arena", sizeBytes: 64, place: 64 };
const b: Block = { name: "b", space: "arena", sizeBytes: 64, place: 128 };
const weights: Block = { name: "weights", space: "constant", sizeBytes: 64, place: 0 };

function program(main: Kernel, hasFma = false): Program {
  return {
    target: { name: "wasm", lanes, hasFma, vectorRegisters: 16 },
    main,
    constants: [{ block: weights, bytes: new Uint8Array(64).fill(1) }],
    arenaBytes: 192,
  };
}

function written(write: (k: KernelBuilder) => void): Program {
  const k = new KernelBuilder("main");
  write(k);
  return program(k.build());
}

const run = (write: (k: KernelBuilder) => void) => interpret(written(write), new Uint8Array(192));
const floats = (arena: Uint8Array, block: Block) => new Float32Array(arena.buffer, block.place, 16);

/** The value of a scalar expression. */
function scalar(expr: Expr, hasFma = false): number | bigint {
  const k = new KernelBuilder("main");
  k.store(expr.type, b, i32(0), 0, expr);
  const arena = new Uint8Array(192);
  interpret(program(k.build(), hasFma), arena);
  const view = new DataView(arena.buffer, b.place);
  if (expr.type === "i64") return view.getBigInt64(0, true);
  if (expr.type === "i32") return view.getInt32(0, true);
  return expr.type === "f32" ? view.getFloat32(0, true) : view.getFloat64(0, true);
}

describe("interpret", () => {
  it("runs loops, calls with parameters and vectors", () => {
    const row = new KernelBuilder("row");
    const index = row.param("row");
    const value = load("f32v", a, mul(index, i32(16)));
    row.store("f32v", b, mul(index, i32(16)), 0, add(mul(value, value), constant("f32v", 0.5)));
    const kernel = row.build();
    const arena = new Uint8Array(192);
    floats(arena, a).set(Array.from({ length: 16 }, (_, at) => at));
    const counts: Counts = { operations: 0, loads: 0, stores: 0, calls: 0 };
    const main = written((k) => k.for(0, 4, 1, (i) => k.call(kernel, [i])));
    interpret(main, arena, { counts, reads: "own", filled: [a] });
    expect([...floats(arena, b)]).toEqual(Array.from({ length: 16 }, (_, at) => at * at + 0.5));
    expect(counts).toEqual({ operations: 20, loads: 8, stores: 4, calls: 5 });
  });

  it("stops a while at its limit, and when its condition is 0", () => {
    const rounds = (limit: number) => {
      const k = new KernelBuilder("main");
      const left = k.variable(i32(5));
      k.while(left, limit, () => k.set(left, add(left, i32(-1))));
      k.store("i32", b, i32(0), 0, left);
      const arena = new Uint8Array(192);
      interpret(program(k.build()), arena);
      return arena[128];
    };
    expect([rounds(3), rounds(99)]).toEqual([2, 0]);
  });

  it("fails one byte beyond a block, before it, and outside of the arena", () => {
    const store = (offset: number, count?: number) =>
      run((k) => k.store("f32v", b, i32(0), offset, constant("f32v", 1), count));
    store(48);
    expect(() => store(49)).toThrow(
      /kernel main: store to block b: outside of the block \(bytes 49 to 65 of 64/,
    );
    expect(() => store(-1)).toThrow(/bytes -1 to 15/);
    store(52, 3);
    expect(() => store(53, 3)).toThrow(/bytes 53 to 65/);
    const beyond = { ...b, name: "beyond", place: 192 };
    expect(() => run((k) => k.store("u8", beyond, i32(0), 0, i32(1)))).toThrow(/outside of the arena of 192/);
    expect(() => run((k) => k.store("u8", { ...b, place: -1 }, i32(0), 0, i32(1)))).toThrow(
      /outside of the arena/,
    );
  });

  it("names the loop index at which a load goes too far", () => {
    const sum = (rounds: number) =>
      run((k) => k.for(0, rounds, 1, (i) => k.set(k.local("f32"), load("f32", a, mul(i, i32(4))))));
    sum(16);
    expect(() => sum(17)).toThrow(
      /kernel main: i0 = 16: load from block a: outside of the block \(bytes 64 to 68/,
    );
  });

  it("reads constants and refuses to write them", () => {
    expect(scalar(load("i32", weights, i32(60)))).toBe(0x01010101);
    expect(() => scalar(load("i32", weights, i32(61)))).toThrow(/block weights: outside/);
    expect(() => scalar(load("i32", { ...weights, place: 1 }, i32(0)))).toThrow(/no such constant/);
    expect(() => run((k) => k.store("i32", weights, i32(0), 0, i32(1)))).toThrow(/constants are not written/);
  });

  it("finds bytes that nobody, or only another block, has written", () => {
    const copy = written((k) => k.store("f32", b, i32(0), 0, load("f32", a, i32(4))));
    interpret(copy, new Uint8Array(192), { reads: "written", filled: [a] });
    expect(() => interpret(copy, new Uint8Array(192), { reads: "written" })).toThrow(
      /byte 4 of block a is read, but nobody has written it/,
    );
    const again = { ...a, name: "again" };
    const overlap = written((k) => {
      k.store("f32v", a, i32(0), 0, constant("f32v", 1));
      k.store("f32", b, i32(0), 0, load("f32", again, i32(0)));
    });
    interpret(overlap, new Uint8Array(192), { reads: "written" });
    expect(() => interpret(overlap, new Uint8Array(192), { reads: "own" })).toThrow(
      /last written through a$/,
    );
  });

  it("refuses what no printer could print and what faults", () => {
    const wrong: [(k: KernelBuilder) => void, RegExp][] = [
      [(k) => k.store("i32", b, i32(0), 0, constant("f32", 1)), /f32 is stored as i32/],
      [(k) => k.set(k.local("i32", "x"), k.local("i32", "y")), /y1 is never set/],
      [(k) => k.set(k.local("f32"), constant("f64", 1)), /is f32, set to f64/],
      [(k) => k.set(k.local("i32"), div(i32(1), k.variable(i32(0)))), /1 divided by zero/],
      [(k) => k.set(k.local("i32"), div(i32(-(2 ** 31)), k.variable(i32(-1)))), /overflows/],
      [(k) => k.store("f32v", b, i32(0), 0, constant("f32v", 1), 5), /store of 5 lanes of f32v, which has 4/],
    ];
    for (const [write, message] of wrong) expect(() => run(write)).toThrow(message);
    const unset = (k: KernelBuilder) => {
      const local = k.local("i32", "x");
      k.if(i32(0), () => k.set(local, i32(1)));
      k.store("i32", b, i32(0), 0, local);
    };
    expect(() => run(unset)).toThrow(/x0 is read before it is set/);
  });

  it("fuses with one rounding, to the last bit", () => {
    const fused = (type: Type, x: number, y: number, z: number) =>
      [true, false].map((hasFma) =>
        scalar(fma(constant(type, x), constant(type, y), constant(type, z)), hasFma),
      );
    const e = 2 ** -12;
    expect(fused("f32", 1 + e, 1 + e, -1)).toEqual([2 * e + e * e, 2 * e]);
    // 1 + 2^-23 + 2^-24 − 2^-70: a double cannot hold the last term, without which it is a tie that rounds up.
    expect(fused("f32", 1 + 2 ** -23, 2 ** -24 - 2 ** -47, 1 + 2 ** -23)[0]).toBe(1 + 2 ** -23);
    expect(fused("f32", 2 ** -30, 2 ** -30, 1)[0]).toBe(1);
    expect(fused("f32", 2 ** -120, 2 ** -40, 2 ** -149)[0]).toBe(2 ** -149);
    expect(fused("f64", 1 + 2 ** -27, 1 + 2 ** -27, -1)).toEqual([2 ** -26 + 2 ** -54, 2 ** -26]);
    expect(fused("f64", 2 ** -600, 2 ** -474, 2 ** -1074)[0]).toBe(2 ** -1074 * 2);
    expect(fused("f64", 1e308, 10, -Infinity)[0]).toBe(-Infinity);
    expect(fused("f64", 2 ** 1000, 2 ** 30, -(2 ** 1023))[0]).toBe(Infinity);
  });

  it("converts with saturation and one rounding", () => {
    const to = (type: Type, from: Type, value: number | bigint) =>
      scalar(convert(type, constant(from, value)));
    expect(["i32", "i64"].map((type) => to(type as Type, "f32", Number.NaN))).toEqual([0, 0n]);
    expect([to("i32", "f64", -1e10), to("i32", "f32", 2 ** 31)]).toEqual([-(2 ** 31), 2 ** 31 - 1]);
    expect(to("i64", "f64", 1e300)).toBe(2n ** 63n - 1n);
    expect(to("i32", "i64", 2n ** 32n - 1n)).toBe(-1);
    expect(to("f32", "i64", 2n ** 60n + 2n ** 36n + 1n)).toBe(2 ** 60 + 2 ** 37);
    expect(to("i32", "f32", -1.9)).toBe(-1);
  });

  it("keeps every bit of a vector it copies", () => {
    const arena = new Uint8Array(192);
    const words = new Int32Array(arena.buffer, a.place, 16).fill(0x7f812345);
    interpret(
      written((k) => k.store("f32v", b, i32(0), 0, k.let(load("f32v", a, i32(0))), 3)),
      arena,
    );
    expect([...new Int32Array(arena.buffer, b.place, 4)]).toEqual([words[0], words[0], words[0], 0]);
    expect(scalar(bits("i32", constant("f32", -0)))).toBe(-(2 ** 31));
    expect(scalar({ kind: "lane", type: "i32", value: splat(i32(7)), lane: 3 })).toBe(7);
  });

  it("joins the lanes that count", () => {
    const ones = constant("f32v", 1);
    expect([undefined, 1, 3].map((count) => scalar(across("add", ones, count)))).toEqual([4, 1, 3]);
    expect([scalar(across("max", ones, 2)), scalar(across("min", ones, 2))]).toEqual([1, 1]);
    expect(() => scalar(across("add", ones, 5))).toThrow(/add across 5 lanes of f32v/);
  });
});
