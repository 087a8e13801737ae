/** Arc functions of scalars, in doubles. Coefficients: scripts/fitPolynomials.py. */
import { add, binary, constant, div, fma, max, min, mul, select, sub, unary } from "../expr.js";
import type { Expr } from "../ir.js";
import type { KernelBuilder } from "../KernelBuilder.js";
import { inDoubles } from "./doubles.js";
import { like, polynomial, withSignOf } from "./polynomial.js";
import { abs } from "./rounding.js";

/** atan x = x + x³ (c0 + c1 x² + …) for |x| up to tan(π/8). */
const tail = [
  -0.33333333333333326, 0.1999999999999714, -0.1428571428532706, 0.11111111084663473, -0.0909090802629367,
  0.07692280249800397, -0.06666191808338565, 0.0587669755794656, -0.05216419655282774, 0.04495850966543809,
  -0.03330301576251301, 0.015028194025547191,
];
/** What doubles leave of π/2 and π/4. */
const rest = 6.123233995736766e-17;

/** Of x from 0 to 1: π/4 is taken away where x is above tan(π/8). */
function atanToOne(k: KernelBuilder, x: Expr): Expr {
  const of = like(x);
  const isLarge = k.let(binary("gt", x, of(Math.SQRT2 - 1)));
  const t = k.let(select(isLarge, div(sub(x, of(1)), add(x, of(1))), x));
  const square = k.let(mul(t, t));
  const value = k.let(fma(mul(t, square), polynomial(square, tail), t));
  return select(isLarge, add(of(Math.PI / 4), add(value, of(rest / 2))), value);
}

/** The angle of (x, y), −π to π, with C's rules for zeros and infinities. */
export const atan2 = inDoubles((k, y, x) => angle(k, y, x!));

function angle(k: KernelBuilder, y: Expr, x: Expr): Expr {
  const of = like(y);
  const [width, height] = [k.let(abs(x)), k.let(abs(y))];
  const [small, large] = [k.let(min(width, height)), k.let(max(width, height))];
  const isEven = binary("eq", small, large);
  const equal = select(binary("eq", large, of(0)), of(0), of(1));
  const base = k.let(atanToOne(k, k.let(select(isEven, equal, div(small, large)))));
  const steep = k.let(select(binary("gt", height, width), add(sub(of(Math.PI / 2), base), of(rest)), base));
  const isLeft = binary("lt", withSignOf(of(1), x), of(0));
  const size = k.let(select(isLeft, add(sub(of(Math.PI), steep), of(2 * rest)), steep));
  const known = binary("and", binary("eq", x, x), binary("eq", y, y));
  return select(known, withSignOf(size, y), of(Number.NaN));
}

/** atan x */
export const atan = inDoubles((k, x) => angle(k, x, constant("f64", 1)));

/** √(1 − x²) */
function leg(x: Expr): Expr {
  const one = constant("f64", 1);
  return unary("sqrt", mul(sub(one, x), add(one, x)));
}

/** asin x; NaN beyond ±1 */
export const asin = inDoubles((k, x) => angle(k, x, k.let(leg(x))));

/** acos x; NaN beyond ±1 */
export const acos = inDoubles((k, x) => angle(k, k.let(leg(x)), x));
