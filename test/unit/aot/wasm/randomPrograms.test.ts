/** Random programs of the kernel IR: as WebAssembly they leave the same arena as in the interpreter. */
import { setFlagsFromString } from "node:v8";
import { expect, it } from "vitest";
import * as ir from "../../../../framework/aot/kernel/expr.js";
import { interpret } from "../../../../framework/aot/kernel/interpreter/interpret.js";
import type {
  BinaryOp,
  Expr,
  Kernel,
  Local,
  MemoryType,
  Type,
  UnaryOp,
} from "../../../../framework/aot/kernel/ir.js";
import { KernelBuilder } from "../../../../framework/aot/kernel/KernelBuilder.js";
import { arenaBlock, constantOf, programOf, run } from "./runKernels.js";

/** Floats and integers apart: a NaN's bits are not the interpreter's. */
const blockBytes = 256;
const blocks = {
  f32: arenaBlock("f32", 64, blockBytes),
  f64: arenaBlock("f64", 320, blockBytes),
  int: arenaBlock("int", 576, blockBytes),
};
const arenaBytes = 832;
const types: readonly Type[] = ["i32", "i64", "f32", "f64", "f32v", "i32v"];
const edges = [0, -0, 1, -1.5, NaN, Infinity, -Infinity, 3e38, 1e-45, 2 ** 31, -(2 ** 31), 0.5];

const constants = [
  Float32Array.from({ length: 64 }, (_, i) => edges[i % 17] ?? i - 30.5),
  Float64Array.from({ length: 32 }, (_, i) => edges[i % 17] ?? i * 1e9 - 3.25),
  Uint8Array.from({ length: 256 }, (_, i) => i * 37),
].map((values, place) => constantOf(place, new Uint8Array(values.buffer)));
const constantBlocks = { f32: constants[0]!.block, f64: constants[1]!.block, int: constants[2]!.block };

class RandomKernel {
  readonly builder: KernelBuilder;
  readonly #locals: Local[] = [];
  #state: number;

  constructor(
    seed: number,
    name: string,
    readonly callees: readonly Kernel[],
    paramCount: number,
  ) {
    this.#state = seed;
    this.builder = new KernelBuilder(name);
    const params = Array.from({ length: paramCount }, (_, index) => this.builder.param(`p${index}_`));
    for (const type of types)
      for (let count = 0; count < 2; count++) this.#locals.push(this.builder.variable(this.#constant(type)));
    this.#locals.push(...params);
    this.#statements(3);
    for (const [index, type] of types.entries())
      this.builder.store(type, this.#blockOf(type, blocks), ir.i32(0), 16 * (index % 4), this.#local(type));
  }

  /** 0 … end − 1 (mulberry32). */
  #below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end;
  }

  #one<T>(choices: readonly T[]): T {
    return choices[this.#below(choices.length)]!;
  }

  #local(type: Type): Local {
    return this.#one(this.#locals.filter((local) => local.type === type));
  }

  #constant(type: Type): Expr {
    if (type.startsWith("f"))
      return ir.constant(type, this.#below(3) ? this.#one(edges) : this.#below(2000) / 16 - 60);
    return ir.constant(type, this.#one([0, 1, -1, 5, -100, 2 ** 31 - 1, -(2 ** 31), this.#below(2 ** 16)]));
  }

  #blockOf(type: MemoryType, spaces: typeof blocks) {
    return type === "f64" ? spaces.f64 : type.startsWith("f") ? spaces.f32 : spaces.int;
  }

  /** An index below 128, of whole elements where floats lie, and an offset of at most 64 beyond it. */
  #place(type: MemoryType, depth: number): [Expr, number] {
    const size = type === "f64" ? 8 : type.startsWith("f") ? 4 : 1;
    const offset = size * this.#below(64 / size);
    if (this.#below(2)) return [ir.i32(size * this.#below(128 / size)), offset];
    const index = ir.binary("and", this.#expr("i32", depth - 1), ir.i32(128 - size));
    return this.#below(3) ? [index, offset] : [ir.add(index, ir.i32(-size * 2)), offset + 2 * size];
  }

  #load(type: Type, depth: number): Expr {
    const memory = type === "i32" ? this.#one(["i32", "u8", "i8", "u16", "i16"] as const) : type;
    const spaces = this.#below(2) ? constantBlocks : blocks;
    const [index, offset] = this.#place(memory, depth);
    return ir.load(
      memory,
      this.#blockOf(memory, spaces),
      index,
      offset,
      type.endsWith("v") && this.#below(2) ? 1 + this.#below(4) : undefined,
    );
  }

  #expr(type: Type, depth: number): Expr {
    if (depth <= 0) return this.#below(2) ? this.#local(type) : this.#constant(type);
    const inner = (of: Type = type) => this.#expr(of, depth - 1);
    const isFloat = type.startsWith("f");
    switch (this.#below(9)) {
      case 0:
      case 1:
        return this.#load(type, depth);
      case 2:
        if (isFloat)
          return ir.unary(
            this.#one(["neg", "abs", "sqrt", "ceil", "floor", "trunc", "nearest"] as UnaryOp[]),
            inner(),
          );
        return type === "i64" ? inner() : ir.unary("not", inner());
      case 3:
        if (isFloat) return ir.fma(inner(), inner(), inner());
        return type === "i32v"
          ? ir.binary(this.#one(["shl", "shrS", "shrU"] as const), inner(), inner("i32"))
          : this.#division(type, inner);
      case 4:
        return this.#select(type, depth);
      case 5:
        return this.#conversion(type, inner);
      case 6:
        if (type === "i32" || type === "i32v") return this.#comparison(type, inner);
        return ir.binary(this.#one(["min", "max"] as const), inner(), inner());
      default:
        return ir.binary(
          this.#one(
            isFloat
              ? (["add", "sub", "mul", "div", "min", "max"] as BinaryOp[])
              : (["add", "sub", "mul", "and", "or", "xor", "min", "max"] as BinaryOp[]),
          ),
          inner(),
          inner(),
        );
    }
  }

  /** By an odd number that is not negative. */
  #division(type: Type, inner: (of?: Type) => Expr): Expr {
    const divisor = ir.binary(
      "or",
      ir.binary("and", inner(), ir.constant(type, 0x7fffffff)),
      ir.constant(type, 1),
    );
    return ir.binary(this.#one(["div", "rem", "shl", "shrS", "shrU"] as const), inner(), divisor);
  }

  #comparison(type: "i32" | "i32v", inner: (of?: Type) => Expr): Expr {
    const of =
      type === "i32"
        ? this.#one(["i32", "i64", "f32", "f64"] as const)
        : this.#one(["i32v", "f32v"] as const);
    return ir.binary(this.#one(["eq", "ne", "lt", "le", "gt", "ge"] as const), inner(of), inner(of));
  }

  #select(type: Type, depth: number): Expr {
    const inner = (of: Type = type) => this.#expr(of, depth - 1);
    return ir.select(this.#comparison(type.endsWith("v") ? "i32v" : "i32", inner), inner(), inner());
  }

  #conversion(type: Type, inner: (of?: Type) => Expr): Expr {
    if (type === "f32v" || type === "i32v") {
      const scalar = type === "f32v" ? "f32" : "i32";
      return this.#one([
        () => ir.convert(type, inner(type === "f32v" ? "i32v" : "f32v")),
        () => ir.splat(inner(scalar)),
        () => ir.splat(ir.lane(inner(), this.#below(4))),
      ])();
    }
    const from = this.#one((["i32", "i64", "f32", "f64"] as const).filter((other) => other !== type));
    if (type === "f32" && this.#below(3) === 0)
      return ir.across(
        this.#one(["add", "min", "max"] as const),
        inner("f32v"),
        this.#below(2) ? 1 + this.#below(4) : undefined,
      );
    const isLane = (type === "i32" || type === "f32") && this.#below(2) === 0;
    return isLane ? ir.lane(inner(`${type}v`), this.#below(4)) : ir.convert(type, inner(from));
  }

  #statements(depth: number): void {
    for (let count = 2 + this.#below(4); count > 0; count--) this.#statement(depth);
  }

  #statement(depth: number): void {
    const kind = this.#below(depth > 0 ? 10 : 6);
    const type = this.#one(types);
    if (kind < 3)
      this.builder.set(this.#one(this.#locals.filter((local) => local.type === type)), this.#expr(type, 4));
    else if (kind < 5) {
      const memory = type === "i32" ? this.#one(["i32", "u8", "i16"] as const) : type;
      const [index, offset] = this.#place(memory, 3);
      this.builder.store(
        memory,
        this.#blockOf(memory, blocks),
        index,
        offset,
        this.#expr(type, 4),
        type.endsWith("v") && this.#below(2) ? 1 + this.#below(4) : undefined,
      );
    } else if (kind === 5) {
      const callee = this.callees[this.#below(this.callees.length + 1)];
      if (callee)
        this.builder.call(
          callee,
          callee.params.map(() => this.#expr("i32", 2)),
        );
    } else if (kind < 7)
      this.builder.if(
        this.#expr("i32", 2),
        () => this.#statements(depth - 1),
        () => this.#statements(depth - 2),
      );
    else if (kind < 8)
      this.builder.while(this.#expr("i32", 2), this.#below(4), () => this.#statements(depth - 1));
    else {
      const bound = (mask: number) =>
        this.#below(2) ? ir.i32(this.#below(mask)) : ir.binary("and", this.#expr("i32", 2), ir.i32(mask));
      this.builder.for(bound(3), bound(7), 1 + this.#below(3), (index) => {
        this.builder.set(this.#local("i32"), ir.add(index, this.#local("i32")));
        this.#statements(depth - 1);
      });
    }
  }
}

/** Floats as numbers, so that one NaN is like another. */
function contents(arena: Uint8Array) {
  const of = <T>(
    view: new (buffer: ArrayBufferLike, at: number, count: number) => T,
    place: number,
    size: number,
  ) => new view(arena.buffer, place, blockBytes / size);
  return { f32: of(Float32Array, 64, 4), f64: of(Float64Array, 320, 8), int: of(Int32Array, 576, 4) };
}

function check(seed: number): void {
  const leaf = new RandomKernel(3 * seed, "leaf", [], 2).builder.build();
  const middle = new RandomKernel(3 * seed + 1, "middle", [leaf], 1).builder.build();
  const main = new RandomKernel(3 * seed + 2, "main", [leaf, middle], 0).builder.build();
  const program = programOf(main, arenaBytes, constants);
  const [expected, printed] = [new Uint8Array(arenaBytes), new Uint8Array(arenaBytes)];
  interpret(program, expected);
  run(program, printed);
  expect(contents(printed), `seed ${seed}`).toEqual(contents(expected));
}

it("1000 random programs", () => {
  for (let seed = 0; seed < 1000; seed++) check(seed);
});

it("200 random programs, as V8 compiles what runs often", () => {
  setFlagsFromString("--no-liftoff");
  try {
    for (let seed = 1000; seed < 1200; seed++) check(seed);
  } finally {
    setFlagsFromString("--liftoff");
  }
});
