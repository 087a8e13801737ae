/** Makes expressions of the kernel IR; simplifies what is constant, so that op descriptions need not. */
import { Exception } from "../../base/errors.js";
import type { AcrossOp, BinaryOp, Block, Expr, MemoryType, Type, UnaryOp } from "./ir.js";

export const i32 = (value: number): Expr => ({ kind: "constant", type: "i32", value });
export const f32 = (value: number): Expr => ({ kind: "constant", type: "f32", value: Math.fround(value) });

/** A number as a constant of a type; of a vector type, in every lane. */
export function constant(type: Type, value: number | bigint): Expr {
  if (type === "i64") return { kind: "constant", type, value: BigInt(value) };
  return {
    kind: "constant",
    type,
    value: type.startsWith("f32") ? Math.fround(Number(value)) : Number(value),
  };
}

export function isVector(type: Type): type is "f32v" | "i32v" {
  return type === "f32v" || type === "i32v";
}

export function isFloat(type: Type): boolean {
  return type.startsWith("f");
}

export function unary(op: UnaryOp, value: Expr): Expr {
  return { kind: "unary", op, type: value.type, value };
}

const comparisons = new Set<BinaryOp>(["eq", "ne", "lt", "le", "gt", "ge"]);
const shifts = new Set<BinaryOp>(["shl", "shrS", "shrU"]);

/** @throws LogicError when the types differ */
export function binary(op: BinaryOp, left: Expr, right: Expr): Expr {
  const isVectorShift = shifts.has(op) && left.type === "i32v" && right.type === "i32";
  if (left.type !== right.type && !isVectorShift)
    throw new Exception("LogicError", `kernel IR: ${op} of ${left.type} and ${right.type}.`);
  const known = left.type === "i32" ? folded(op, left, right) : undefined;
  if (known) return known;
  const type = comparisons.has(op) ? (isVector(left.type) ? "i32v" : "i32") : left.type;
  return { kind: "binary", op, type, left, right };
}

/** Index arithmetic: what is known is computed, + 0 and · 1 vanish, constants gather on the right. */
function folded(op: BinaryOp, left: Expr, right: Expr): Expr | undefined {
  const a = left.kind === "constant" ? Number(left.value) : undefined;
  const b = right.kind === "constant" ? Number(right.value) : undefined;
  if (a !== undefined && b !== undefined) {
    if (op === "add") return i32((a + b) | 0);
    if (op === "sub") return i32((a - b) | 0);
    if (op === "mul") return i32(Math.imul(a, b));
  }
  if (op === "add" && a === 0) return right;
  if ((op === "add" || op === "sub") && b === 0) return left;
  if (op === "mul" && (a === 0 || b === 0)) return i32(0);
  if (op === "mul" && a === 1) return right;
  if (op === "mul" && b === 1) return left;
  const isSum = left.kind === "binary" && left.op === "add" && left.right.kind === "constant";
  if (op === "add" && b !== undefined && isSum)
    return binary("add", left.left, i32(Number(left.right.value) + b));
  return undefined;
}

export const add = (a: Expr, b: Expr) => binary("add", a, b);
export const sub = (a: Expr, b: Expr) => binary("sub", a, b);
export const mul = (a: Expr, b: Expr) => binary("mul", a, b);
export const div = (a: Expr, b: Expr) => binary("div", a, b);
export const min = (a: Expr, b: Expr) => binary("min", a, b);
export const max = (a: Expr, b: Expr) => binary("max", a, b);

export function fma(a: Expr, b: Expr, c: Expr): Expr {
  return { kind: "fma", type: c.type, a, b, c };
}

export function select(condition: Expr, then: Expr, otherwise: Expr): Expr {
  return { kind: "select", type: then.type, condition, then, else: otherwise };
}

export function convert(type: Type, value: Expr): Expr {
  return value.type === type ? value : { kind: "convert", type, value };
}

export function bits(type: Type, value: Expr): Expr {
  return value.type === type ? value : { kind: "bits", type, value };
}

/** The scalar in every lane. */
export function splat(value: Expr): Expr {
  const type = value.type === "f32" ? "f32v" : "i32v";
  if (value.kind === "constant") return { kind: "constant", type, value: value.value };
  return { kind: "splat", type, value };
}

export function lane(value: Expr, index: number): Expr {
  return { kind: "lane", type: value.type === "f32v" ? "f32" : "i32", value, lane: index };
}

/** All lanes of an f32v, or the first `count`, in one f32. */
export function across(op: AcrossOp, value: Expr, count?: number): Expr {
  const common = { kind: "across", op, type: "f32", value } as const;
  return count === undefined ? common : { ...common, count };
}

const loadedAs = { u8: "i32", i8: "i32", u16: "i32", i16: "i32" } as const;

/** `index` and `offset` in bytes from the block's start; `count` lanes of a vector. */
export function load(memory: MemoryType, block: Block, index: Expr, offset = 0, count?: number): Expr {
  const type = memory in loadedAs ? "i32" : (memory as Type);
  const common = { kind: "load", type, memory, block, index, offset } as const;
  return count === undefined ? common : { ...common, count };
}
