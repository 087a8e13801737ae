/** What the expansions of elementary functions share: constants of the argument's type, polynomials, signs. */
import { binary, bits, constant, fma } from "../expr.js";
import type { Expr, Type } from "../ir.js";

/** Numbers as constants of the type of `x`. */
export function like(x: Expr): (value: number) => Expr {
  return (value) => constant(x.type, value);
}

/** c0 + c1 x + c2 x² + …, from the highest power down; `x` should be a local. */
export function polynomial(x: Expr, coefficients: readonly number[]): Expr {
  const of = like(x);
  return coefficients
    .slice(0, -1)
    .reduceRight<Expr>((sum, c) => fma(sum, x, of(c)), of(coefficients.at(-1)!));
}

/** The integers as wide as a float type. */
export function integersOf(type: Type): "i32" | "i64" | "i32v" {
  return type === "f64" ? "i64" : type === "f32v" ? "i32v" : "i32";
}

/** A float's bits, for the integer operations. */
export function bitsOf(x: Expr): Expr {
  return bits(integersOf(x.type), x);
}

/** `value` << `count`, of integers; a vector's count is a scalar. */
export function shiftLeft(value: Expr, count: number): Expr {
  return binary("shl", value, constant(value.type === "i64" ? "i64" : "i32", count));
}

const signBit = { i32: -(2 ** 31), i32v: -(2 ** 31), i64: -(2n ** 63n) };

/** `size`, which is not negative, with the sign of `of`. */
export function withSignOf(size: Expr, of: Expr): Expr {
  const integers = integersOf(of.type);
  const sign = binary("and", bitsOf(of), constant(integers, signBit[integers]));
  return bits(of.type, binary("or", bitsOf(size), sign));
}
