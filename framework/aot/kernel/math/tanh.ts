/** The S-shaped functions of neural networks, without branches. Coefficients: scripts/fitPolynomials.py. */
import { add, div, fma, max, min, mul, sub } from "../expr.js";
import type { Expr } from "../ir.js";
import type { KernelBuilder } from "../KernelBuilder.js";
import { exp, expm1OfNegative, expTail, powerOf2, reduced, reduction } from "./exp.js";
import { like, polynomial, withSignOf } from "./polynomial.js";
import { abs } from "./rounding.js";

const upper = [1, 0.133838877, 0.0034989012, 2.06602891e-5, 1.34195881e-8];
const lower = [1, 0.467172086, 0.0258898064, 0.00032909087, 7.8043962e-7];
/** Here the quotient is 1 or just above, with and without fma; beyond, it grows with x, and is cut. */
const saturation = 9.009892463684082;

/** tanh x: f32 as x P(x²) / Q(x²), f64 by expm1(−2 |x|). */
export function tanh(k: KernelBuilder, x: Expr): Expr {
  const of = like(x);
  if (x.type === "f64") {
    const size = k.let(expm1OfNegative(k, k.let(mul(abs(x), of(-2)))));
    return withSignOf(abs(div(size, sub(of(-2), size))), x);
  }
  const square = k.let(min(mul(x, x), of(saturation * saturation)));
  const quotient = div(mul(x, polynomial(square, upper)), polynomial(square, lower));
  return max(min(quotient, of(1)), of(-1));
}

/**
 * 1 / (1 + e^−x), in f32 with both scaled by 2^-64: e^−x cannot overflow, and the quotient becomes subnormal and 0 as
 * x goes to −∞.
 */
export function sigmoid(k: KernelBuilder, x: Expr): Expr {
  const of = like(x);
  if (x.type === "f64") return div(of(1), add(of(1), exp(k, k.let(mul(x, of(-1))))));
  const clamped = k.let(min(max(x, of(-105)), of(20)));
  const { shifted, r } = reduced(k, clamped, reduction.f32.bias - 64, true);
  const signs = [1, 1, ...expTail.f32].map((c, power) => (power % 2 ? -c : c));
  const scaled = fma(polynomial(r, signs), powerOf2(shifted), of(2 ** -64));
  return div(of(2 ** -64), scaled);
}
