/** Random kernels of the IR: every kind of expression and statement on 768 bytes of arena, in vectors of any width. */
import * as ir from "../../../../framework/aot/kernel/expr.js";
import type {
  BinaryOp,
  Block,
  Expr,
  Kernel,
  Local,
  MemoryType,
  Type,
  UnaryOp,
} from "../../../../framework/aot/kernel/ir.js";
import { KernelBuilder } from "../../../../framework/aot/kernel/KernelBuilder.js";
import { arenaBlock, constantOf } from "./runNative.js";

/** Floats and integers lie apart: a NaN's bits are not the interpreter's. */
export const blockBytes = 256;
export const bytesOfKernel = 3 * blockBytes;
interface Blocks {
  f32: Block;
  f64: Block;
  int: Block;
}
const edges = [0, -0, 1, -1.5, NaN, Infinity, -Infinity, 3e38, 1e-45, 2 ** 31, -(2 ** 31), 0.5];
const types: readonly Type[] = ["i32", "i64", "f32", "f64", "f32v", "i32v"];

export const constants = [
  Float32Array.from({ length: 64 }, (_, i) => edges[i % 17] ?? i - 30.5),
  Float64Array.from({ length: 32 }, (_, i) => edges[i % 17] ?? i * 1e9 - 3.25),
  Uint8Array.from({ length: 256 }, (_, i) => i * 37),
].map((values, place) => constantOf(place, new Uint8Array(values.buffer)));
const constantBlocks: Blocks = {
  f32: constants[0]!.block,
  f64: constants[1]!.block,
  int: constants[2]!.block,
};

/** The blocks of a kernel whose 768 bytes begin at `place`: floats, doubles, integers. */
export function blocksAt(place: number): Blocks {
  const block = (name: string, index: number) => arenaBlock(name, place + index * blockBytes, blockBytes);
  return { f32: block("f32", 0), f64: block("f64", 1), int: block("int", 2) };
}

class RandomKernel {
  readonly builder: KernelBuilder;
  readonly #locals: Local[] = [];
  #state: number;

  constructor(
    seed: number,
    readonly lanes: number,
    readonly blocks: Blocks,
    readonly callee: Kernel | undefined,
  ) {
    this.#state = seed;
    this.builder = new KernelBuilder(callee ? "random" : "leaf");
    const param = callee ? [] : [this.builder.param("p")];
    for (const type of types)
      for (let count = 0; count < 2; count++) this.#locals.push(this.builder.variable(this.#constant(type)));
    this.#locals.push(...param);
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
    if (type.startsWith("f")) return ir.constant(type, this.#one(edges));
    return ir.constant(type, this.#one([0, 1, -1, 5, -100, 2 ** 31 - 1, -(2 ** 31), this.#below(2 ** 16)]));
  }

  #blockOf(type: MemoryType, spaces: Blocks) {
    return type === "f64" ? spaces.f64 : type.startsWith("f") ? spaces.f32 : spaces.int;
  }

  /** An index below 128 and an offset of at most 64 beyond it, of whole elements where floats lie. */
  #place(type: MemoryType): [Expr, number] {
    const size = type === "f64" ? 8 : type.startsWith("f") ? 4 : 1;
    const offset = size * this.#below(64 / size);
    const index = ir.binary("and", this.#expr("i32", 1), ir.i32(128 - size));
    return this.#below(3) ? [index, offset] : [ir.add(index, ir.i32(-size * 2)), offset + 2 * size];
  }

  #count(type: Type): number | undefined {
    return type.endsWith("v") && this.#below(2) ? 1 + this.#below(this.lanes) : undefined;
  }

  #load(type: Type): Expr {
    const memory = type === "i32" ? this.#one(["i32", "u8", "i8", "u16", "i16"] as const) : type;
    const [index, offset] = this.#place(memory);
    return ir.load(
      memory,
      this.#blockOf(memory, this.#below(2) ? constantBlocks : this.blocks),
      index,
      offset,
      this.#count(type),
    );
  }

  #expr(type: Type, depth: number): Expr {
    if (depth <= 0) return this.#below(2) ? this.#local(type) : this.#constant(type);
    const inner = (of: Type = type) => this.#expr(of, depth - 1);
    const isFloat = type.startsWith("f");
    switch (this.#below(8)) {
      case 0:
        return this.#load(type);
      case 1:
        if (isFloat)
          return ir.unary(
            this.#one<UnaryOp>(["neg", "abs", "sqrt", "ceil", "floor", "trunc", "nearest"]),
            inner(),
          );
        return type === "i64" ? inner() : ir.unary("not", inner());
      case 2:
        if (isFloat) return ir.fma(inner(), inner(), inner());
        if (type === "i32v")
          return ir.binary(this.#one(["shl", "shrS", "shrU"] as const), inner(), inner("i32"));
        return ir.binary(
          this.#one(["div", "rem", "shl", "shrS", "shrU"] as const),
          inner(),
          ir.binary("or", ir.binary("and", inner(), ir.constant(type, 0x7fffffff)), ir.constant(type, 1)),
        );
      case 3:
        return ir.select(this.#comparison(type.endsWith("v"), inner), inner(), inner());
      case 4:
        return this.#conversion(type, inner);
      case 5:
        if (type === "i32" || type === "i32v") return this.#comparison(type === "i32v", inner);
        return ir.binary(this.#one(["min", "max"] as const), inner(), inner());
      default:
        return ir.binary(
          this.#one<BinaryOp>([
            "add",
            "sub",
            "mul",
            "min",
            "max",
            ...(isFloat ? ["div" as const] : (["and", "or", "xor"] as const)),
          ]),
          inner(),
          inner(),
        );
    }
  }

  #comparison(isVector: boolean, inner: (of: Type) => Expr): Expr {
    const of = this.#one<Type>(isVector ? ["i32v", "f32v"] : ["i32", "i64", "f32", "f64"]);
    const compared = ir.binary(
      this.#one(["eq", "ne", "lt", "le", "gt", "ge"] as const),
      inner(of),
      inner(of),
    );
    return isVector && this.#below(3) === 0
      ? ir.binary("xor", ir.unary("not", compared), this.#comparison(true, inner))
      : compared;
  }

  #conversion(type: Type, inner: (of: Type) => Expr): Expr {
    const lane = this.#below(this.lanes);
    if (type === "f32v" || type === "i32v") {
      const scalar = type === "f32v" ? "f32" : "i32";
      const other = type === "f32v" ? "i32v" : "f32v";
      return this.#one([
        () => ir.convert(type, inner(other)),
        () => ir.splat(inner(scalar)),
        () => ir.splat(ir.lane(inner(type), lane)),
      ])();
    }
    if (type === "f32" && this.#below(3) === 0)
      return ir.across(this.#one(["add", "min", "max"] as const), inner("f32v"), this.#count("f32v"));
    if ((type === "i32" || type === "f32") && this.#below(2)) return ir.lane(inner(`${type}v`), lane);
    return ir.convert(
      type,
      inner(this.#one((["i32", "i64", "f32", "f64"] as const).filter((other) => other !== type))),
    );
  }

  #statements(depth: number): void {
    for (let count = 2 + this.#below(3); count > 0; count--) this.#statement(depth);
  }

  #statement(depth: number): void {
    const kind = this.#below(depth > 0 ? 10 : 6);
    const type = this.#one(types);
    if (kind < 3) this.builder.set(this.#local(type), this.#expr(type, 3));
    else if (kind < 5) {
      const memory = type === "i32" ? this.#one(["i32", "u8", "i16"] as const) : type;
      const [index, offset] = this.#place(memory);
      this.builder.store(
        memory,
        this.#blockOf(memory, this.blocks),
        index,
        offset,
        this.#expr(type, 3),
        this.#count(type),
      );
    } else if (kind === 5) {
      if (this.callee) this.builder.call(this.callee, [this.#expr("i32", 2)]);
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

/** A kernel without parameters, which may call another one; both work on the bytesOfKernel bytes from `place`. */
export function randomKernel(seed: number, lanes: number, place: number): Kernel {
  const blocks = blocksAt(place);
  const leaf = new RandomKernel(2 * seed, lanes, blocks, undefined).builder.build();
  return new RandomKernel(2 * seed + 1, lanes, blocks, leaf).builder.build();
}
