/**
 * Logarithms: x = 2^e (1 + f) with 1 + f between √½ and √2, then e ln 2 + log(1 + f). No branches. f32 coefficients:
 * scripts/fitPolynomials.py; f64: the series of log((1 + s) / (1 − s)), whose rest is below 2^-57.
 */
import { add, binary, bits, constant, convert, div, fma, max, min, mul, select, sub } from "../expr.js";
import type { Expr } from "../ir.js";
import type { KernelBuilder } from "../KernelBuilder.js";
import { elementOf, reduction } from "./exp.js";
import { bitsOf, integersOf, like, polynomial } from "./polynomial.js";

const tailF32 = [
  0.333333313, -0.250008225, 0.20001246, -0.166233242, 0.142014459, -0.131602228, 0.127632201, -0.0763605684,
];
const seriesF64 = Array.from({ length: 11 }, (_, k) => 2 / (2 * k + 3));

const formats = {
  f32: { rootHalf: 0x3f3504f3, mask: -(2 ** 23), leastNormal: 2 ** -126, up: 23, unit: 2 ** 23 },
  f64: { rootHalf: 0x3fe6a09e667f3bcdn, mask: -(2n ** 52n), leastNormal: 2 ** -1022, up: 52, unit: 2 ** 52 },
};

/** x = 2^e m. `exponent`: e in the place of a float's exponent, as an integer. */
export function split(k: KernelBuilder, x: Expr): { exponent: Expr; m: Expr } {
  const integers = integersOf(x.type);
  const { rootHalf, mask } = formats[elementOf(x)];
  const whole = k.let(bitsOf(x));
  const exponent = k.let(binary("and", sub(whole, constant(integers, rootHalf)), constant(integers, mask)));
  return { exponent, m: k.let(bits(x.type, sub(whole, exponent))) };
}

/** log x. */
export function log(k: KernelBuilder, x: Expr): Expr {
  const of = like(x);
  const { leastNormal, up, unit } = formats[elementOf(x)];
  const isSmall = k.let(binary("lt", x, of(leastNormal)));
  const { exponent, m } = split(k, k.let(select(isSmall, mul(x, of(2 ** up)), x)));
  const e = sub(convert(x.type, exponent), select(isSmall, of(up * unit), of(0)));
  return edges(x, x, sum(k, k.let(e), k.let(sub(m, of(1)))));
}

/** log(1 + x): what 1 + x loses is added to f, so that small x keep their relative accuracy. */
export function log1p(k: KernelBuilder, x: Expr): Expr {
  const of = like(x);
  const integers = integersOf(x.type);
  const [larger, smaller] = [max(x, of(1)), min(x, of(1))];
  const whole = k.let(add(x, of(1)));
  const lost = sub(smaller, sub(whole, larger));
  const { exponent, m } = split(k, whole);
  const one = constant(integers, elementOf(x) === "f32" ? 0x3f800000 : 0x3ff0000000000000n);
  const scale = k.let(bits(x.type, sub(one, exponent)));
  const f = k.let(fma(lost, max(scale, of(0)), sub(m, of(1))));
  const value = sum(k, k.let(convert(x.type, exponent)), f);
  return select(binary("eq", x, of(0)), x, edges(x, whole, value));
}

/** Below 0: NaN; at 0: −Inf; Inf and NaN as they are. */
function edges(x: Expr, argument: Expr, value: Expr): Expr {
  const of = like(x);
  const positive = select(binary("lt", argument, of(Number.POSITIVE_INFINITY)), value, x);
  const atZero = select(binary("eq", argument, of(0)), of(Number.NEGATIVE_INFINITY), of(Number.NaN));
  return select(binary("gt", argument, of(0)), positive, atZero);
}

/** e ln 2 + log(1 + f), where `e` is still multiplied by the format's unit. */
function sum(k: KernelBuilder, e: Expr, f: Expr): Expr {
  const of = like(f);
  const type = elementOf(f);
  const { unit } = formats[type];
  const { high, low } = reduction[type];
  const square = k.let(mul(f, f));
  const lowPart = type === "f32" ? tailOfF32(k, f, square) : tailOfF64(k, f, square);
  const small = add(f, fma(e, of(low / unit), lowPart));
  return fma(e, of(high / unit), small);
}

/** log(1 + f) − f */
function tailOfF32(k: KernelBuilder, f: Expr, square: Expr): Expr {
  const of = like(f);
  return fma(k.let(mul(f, square)), polynomial(f, tailF32), mul(square, of(-0.5)));
}

/** With s = f / (2 + f): log(1 + f) = 2 s + s R(s²), and 2 s = f − s f. */
function tailOfF64(k: KernelBuilder, f: Expr, square: Expr): Expr {
  const of = like(f);
  const s = k.let(div(f, add(f, of(2))));
  const z = k.let(mul(s, s));
  const half = k.let(mul(square, of(0.5)));
  return sub(mul(s, add(half, mul(z, polynomial(z, seriesF64)))), half);
}
