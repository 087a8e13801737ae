/** Sine, cosine, tangent of scalars, in doubles: right for every f32; f64 up to 2^150, beyond which they are NaN. */
import { add, binary, constant, convert, div, fma, mul, select, sub, unary } from "../expr.js";
import type { Expr } from "../ir.js";
import type { KernelBuilder } from "../KernelBuilder.js";
import { exactSum, halves, inDoubles, type Pair } from "./doubles.js";
import { like, polynomial } from "./polynomial.js";
import { abs, neg } from "./rounding.js";

/** π/2: two parts of 33 bits, whose product with a number of turns is exact, and the rest. */
const quarter = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21] as const;
/** 2/π, 24 bits each. */
const inverse = [10680707, 7228996, 1387004, 2578385, 16069853, 12639074, 9804092, 4427841, 16666979];

function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}

const alternating = (first: number, count: number) =>
  Array.from({ length: count }, (_, n) => (n % 2 ? 1 : -1) / factorial(first + 2 * n));
const sineTail = alternating(3, 8);
const cosineTail = alternating(4, 8).map((c) => -c);

/** The sine, cosine and number of the quarter turn that x is nearest to. */
function turned(k: KernelBuilder, x: Expr): { sine: Expr; cosine: Expr; quarters: Expr } {
  const of = like(x);
  const quarters = k.local("f64", "quarters");
  const [high, low] = [k.local("f64", "high"), k.local("f64", "low")];
  k.if(
    binary("lt", abs(x), of(2 ** 19)),
    () => {
      k.set(quarters, unary("nearest", mul(x, of(2 / Math.PI))));
      const rest = k.let(fma(quarters, of(-quarter[0]), x));
      const part = k.let(mul(quarters, of(quarter[1])));
      k.set(high, sub(rest, part));
      k.set(low, sub(sub(sub(rest, high), part), mul(quarters, of(quarter[2]))));
    },
    () => {
      const turns = quartersOfLarge(k, x);
      k.set(quarters, unary("nearest", turns.high));
      const fraction = k.let(add(sub(turns.high, quarters), turns.low));
      const lost = sub(turns.low, sub(fraction, sub(turns.high, quarters)));
      k.set(high, select(binary("le", abs(x), of(2 ** 150)), mul(fraction, of(Math.PI / 2)), of(Number.NaN)));
      k.set(low, mul(lost, of(Math.PI / 2)));
    },
  );
  const square = k.let(mul(high, high));
  const sine = add(high, fma(mul(high, square), polynomial(square, sineTail), low));
  const half = k.let(mul(square, of(0.5)));
  const first = k.let(sub(of(1), half));
  const lost = sub(sub(of(1), first), half);
  const rest = fma(mul(square, square), polynomial(square, cosineTail), sub(lost, mul(high, low)));
  const four = unary("floor", mul(quarters, of(0.25)));
  return {
    sine: k.let(sine),
    cosine: k.let(add(first, rest)),
    quarters: k.let(convert("i32", sub(quarters, mul(four, of(4))))),
  };
}

/** x · 2/π but for multiples of 4: each half of x times each piece of 2/π is exact, and so is what is left of it. */
function quartersOfLarge(k: KernelBuilder, x: Expr): Pair {
  const of = like(x);
  const parts = halves(k, x);
  let [high, low]: Expr[] = [of(0), of(0)];
  for (const [index, piece] of inverse.entries()) {
    for (const part of [parts.high, parts.low]) {
      const fours = k.let(mul(part, of(piece * 2 ** (-24 * (index + 1) - 2))));
      const next = exactSum(k, high!, k.let(mul(sub(fours, unary("nearest", fours)), of(4))));
      [high, low] = [next.high, k.let(add(low!, next.low))];
    }
  }
  return { high: high!, low: low! };
}

const has = (quarters: Expr, bit: number) => binary("and", quarters, constant("i32", bit));

/** sin x */
export const sin = inDoubles((k, x) => {
  const { sine, cosine, quarters } = turned(k, x);
  const value = k.let(select(has(quarters, 1), cosine, sine));
  const signed = select(has(quarters, 2), neg(value), value);
  return select(binary("lt", abs(x), constant("f64", 2 ** -27)), x, signed);
});

/** cos x */
export const cos = inDoubles((k, x) => {
  const { sine, cosine, quarters } = turned(k, x);
  const value = k.let(select(has(quarters, 1), sine, cosine));
  return select(has(add(quarters, constant("i32", 1)), 2), neg(value), value);
});

/** tan x */
export const tan = inDoubles((k, x) => {
  const { sine, cosine, quarters } = turned(k, x);
  const value = select(has(quarters, 1), neg(div(cosine, sine)), div(sine, cosine));
  return select(binary("lt", abs(x), constant("f64", 2 ** -27)), x, value);
});
