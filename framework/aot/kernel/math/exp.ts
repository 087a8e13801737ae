/**
 * Exponentials: x = n ln 2 + r with |r| ≤ ln 2 / 2, then 2^n e^r. Adding a large number leaves n in the low bits of a
 * float, where an exponent wants it. In f32 what would be subnormal is 0, as in TensorFlow, whose kernels flush it: a
 * masked softmax is full of such values, and the processor takes 150 cycles for each. No branches. f32 coefficients: scripts/fitPolynomials.py; f64: Taylor, whose rest is below 2^-57.
 */
import { abs } from "./rounding.js";
import { add, binary, bits, constant, fma, max, min, mul, select, sub } from "../expr.js";
import type { Expr } from "../ir.js";
import type { KernelBuilder } from "../KernelBuilder.js";
import { bitsOf, integersOf, like, polynomial, shiftLeft } from "./polynomial.js";

/** How a float type is reduced. `magic` has its last bit at 1; `high` times any n is exact. */
export const reduction = {
  f32: { magic: 1.5 * 2 ** 23, bias: 127, fraction: 23, high: 0.693359375, low: -2.1219444005469057e-4 },
  f64: {
    magic: 1.5 * 2 ** 52,
    bias: 1023,
    fraction: 52,
    high: 0.6931471805582987,
    low: 1.6465949582897082e-12,
  },
};
const exponentMask = { i32: -(2 ** 23), i32v: -(2 ** 23), i64: -(2n ** 52n) };

export const expTail = {
  f32: [0.49999994, 0.166665196, 0.0416682474, 0.00836883951, 0.00138226117],
  f64: Array.from({ length: 12 }, (_, k) => 1 / factorial(k + 2)),
};
const expm1Tail = {
  f32: [0.49999997, 0.166665435, 0.0416675135, 0.00836657081, 0.00138636737],
  f64: Array.from({ length: 13 }, (_, k) => 1 / factorial(k + 2)),
};

function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}

export function elementOf(x: Expr): "f32" | "f64" {
  return x.type === "f64" ? "f64" : "f32";
}

/** n + `bias` in the low bits of `shifted`, and r (negated: −x = n ln 2 − r). */
export function reduced(
  k: KernelBuilder,
  x: Expr,
  bias: number,
  negated = false,
): { shifted: Expr; r: Expr } {
  const of = like(x);
  const { magic, high, low } = reduction[elementOf(x)];
  const sign = negated ? -1 : 1;
  const shifted = k.let(fma(x, of(sign / Math.LN2), of(magic + bias)));
  const n = k.let(sub(shifted, of(magic + bias)));
  return { shifted, r: k.let(fma(n, of(-sign * low), fma(n, of(-sign * high), x))) };
}

/** 2^e from e + exponent bias in the low bits of a float. */
export function powerOf2(shifted: Expr): Expr {
  return bits(shifted.type, shiftLeft(bitsOf(shifted), reduction[elementOf(shifted)].fraction));
}

/** The first float above ln 2^-126: e^x of it is normal, so that no lane meets a subnormal, not even one flushed. */
const lastNormal = -87.33654022216797;

/** 0 where x is so low that e^x would be subnormal. */
function flushed(x: Expr, value: Expr): Expr {
  const of = like(x);
  return x.type === "f64" ? value : select(binary("lt", x, of(lastNormal)), of(0), value);
}

/** e^x. */
export function exp(k: KernelBuilder, x: Expr): Expr {
  return expOfSum(k, x);
}

/** e^(x + tail) for a tail below half a unit in the last place of x. */
export function expOfSum(k: KernelBuilder, x: Expr, tail?: Expr): Expr {
  const of = like(x);
  const type = elementOf(x);
  const { bias, fraction } = reduction[type];
  const [low, high] = type === "f32" ? [lastNormal, 89] : [-746, 710];
  const { shifted, r } = reduced(k, k.let(min(max(x, of(low)), of(high))), 2 * bias);
  const integers = integersOf(x.type);
  const mask = constant(integers, exponentMask[integers]);
  const first = k.let(binary("and", shiftLeft(bitsOf(shifted), fraction - 1), mask));
  const second = sub(shiftLeft(bitsOf(shifted), fraction), first);
  const whole = tail ? k.let(add(r, tail)) : r;
  const value = ofRest(k, whole);
  return flushed(x, mul(mul(value, bits(x.type, first)), bits(x.type, second)));
}

/** e^r; the sums in this order keep the error of f32 below 0.9 units without fma, too. */
function ofRest(k: KernelBuilder, r: Expr): Expr {
  return add(fma(k.let(mul(r, r)), polynomial(r, expTail[elementOf(r)]), r), like(r)(1));
}

/** e^x where x ≤ 0 (or NaN), with the bits of exp and fewer operations. */
export function expOfNegative(k: KernelBuilder, x: Expr): Expr {
  const of = like(x);
  if (x.type === "f64") {
    const { shifted, r } = reduced(k, k.let(max(x, of(-746))), reduction.f64.bias + 512);
    return mul(mul(ofRest(k, r), powerOf2(shifted)), of(2 ** -512));
  }
  const { shifted, r } = reduced(k, k.let(max(x, of(lastNormal))), reduction.f32.bias);
  return flushed(x, mul(ofRest(k, r), powerOf2(shifted)));
}

/** e^x − 1, with the relative accuracy of e^x also near 0. */
export function expm1(k: KernelBuilder, x: Expr): Expr {
  const of = like(x);
  const type = elementOf(x);
  const [low, high] = type === "f32" ? [-18, 89] : [-38, 710];
  const { shifted, r } = reduced(k, k.let(min(max(x, of(low)), of(high))), reduction[type].bias - 1);
  const half = k.let(powerOf2(shifted));
  const value = mul(fma(half, smallExpm1(k, r), sub(half, of(0.5))), of(2));
  return select(binary("lt", abs(x), of(2 ** -60)), x, value);
}

/** e^x − 1 where x ≤ 0 (or NaN); +0 for −0. */
export function expm1OfNegative(k: KernelBuilder, x: Expr): Expr {
  const of = like(x);
  const type = elementOf(x);
  const { shifted, r } = reduced(k, k.let(max(x, of(type === "f32" ? -18 : -38))), reduction[type].bias);
  const power = k.let(powerOf2(shifted));
  return fma(power, smallExpm1(k, r), sub(power, of(1)));
}

function smallExpm1(k: KernelBuilder, r: Expr): Expr {
  return fma(k.let(mul(r, r)), polynomial(r, expm1Tail[elementOf(r)]), r);
}
