/** Hyperbolic functions of scalars and their inverses, in doubles, from exp, expm1, log and log1p. */
import { add, binary, div, min, mul, select, sub, unary } from "../expr.js";
import type { Expr } from "../ir.js";
import type { KernelBuilder } from "../KernelBuilder.js";
import { inDoubles } from "./doubles.js";
import { exp, expm1 } from "./exp.js";
import { log, log1p } from "./log.js";
import { like, withSignOf } from "./polynomial.js";
import { abs } from "./rounding.js";

/** e^x / 2 that overflows only where the result does. */
function halfExp(k: KernelBuilder, x: Expr): Expr {
  const root = k.let(exp(k, k.let(mul(x, like(x)(0.5)))));
  return mul(mul(root, like(x)(0.5)), root);
}

/** sinh x */
export const sinh = inDoubles((k, x) => {
  const of = like(x);
  const size = k.let(abs(x));
  const less = k.let(expm1(k, k.let(min(size, of(25)))));
  const small = mul(of(0.5), add(less, div(less, add(less, of(1)))));
  return withSignOf(k.let(select(binary("lt", size, of(22)), small, halfExp(k, size))), x);
});

/** cosh x */
export const cosh = inDoubles((k, x) => {
  const of = like(x);
  const size = k.let(abs(x));
  const power = k.let(exp(k, k.let(min(size, of(25)))));
  const small = mul(of(0.5), add(power, div(of(1), power)));
  return select(binary("lt", size, of(22)), small, halfExp(k, size));
});

/** log 2x, of large x */
function logOfDouble(k: KernelBuilder, x: Expr): Expr {
  return add(log(k, x), like(x)(Math.LN2));
}

/** asinh x */
export const asinh = inDoubles((k, x) => {
  const of = like(x);
  const size = k.let(abs(x));
  const square = k.let(mul(size, size));
  const more = add(size, div(square, add(of(1), unary("sqrt", add(square, of(1))))));
  const value = select(binary("lt", size, of(2 ** 28)), log1p(k, k.let(more)), logOfDouble(k, size));
  return withSignOf(k.let(value), x);
});

/** acosh x; NaN below 1 */
export const acosh = inDoubles((k, x) => {
  const of = like(x);
  const above = k.let(sub(x, of(1)));
  const more = add(above, unary("sqrt", add(mul(of(2), above), mul(above, above))));
  const value = select(binary("lt", x, of(2 ** 28)), log1p(k, k.let(more)), logOfDouble(k, x));
  return select(binary("ge", x, of(1)), value, of(Number.NaN));
});

/** atanh x; ±Inf at ±1, NaN beyond */
export const atanh = inDoubles((k, x) => {
  const of = like(x);
  const size = k.let(abs(x));
  const ratio = div(add(size, size), sub(of(1), size));
  return withSignOf(k.let(mul(of(0.5), log1p(k, k.let(ratio)))), x);
});
