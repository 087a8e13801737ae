/** x^y by C's rules. f32 as e^(y log x) in doubles; f64 with a logarithm of some 70 bits. */
import { add, binary, convert, div, max, min, mul, select, sub, unary } from "../expr.js";
import type { Expr } from "../ir.js";
import type { KernelBuilder } from "../KernelBuilder.js";
import { exactProduct, inDoubles, type Pair, product, sum } from "./doubles.js";
import { exp, expOfSum, reduction } from "./exp.js";
import { log, split } from "./log.js";
import { like, polynomial, withSignOf } from "./polynomial.js";
import { abs, neg } from "./rounding.js";

/** x^y of scalars. */
export function pow(k: KernelBuilder, x: Expr, y: Expr): Expr {
  return x.type === "f64"
    ? powBy(k, x, y, precisePower)
    : inDoubles((k, x, y) => powBy(k, x, y!, quickPower))(k, x, y);
}

type Power = (k: KernelBuilder, size: Expr, y: Expr) => Expr;

function powBy(k: KernelBuilder, x: Expr, y: Expr, power: Power): Expr {
  const of = like(x);
  const infinity = of(Number.POSITIVE_INFINITY);
  const size = k.let(abs(x));
  const isWhole = (value: Expr) => binary("eq", unary("trunc", value), value);
  const isOdd = binary("gt", isWhole(y), isWhole(k.let(mul(y, of(0.5)))));
  const value = k.let(power(k, size, y));
  const isNegative = k.let(binary("lt", withSignOf(of(1), x), of(0)));
  const signed = select(binary("and", isNegative, isOdd), neg(value), value);
  const noRoot = binary(
    "and",
    binary("lt", x, of(0)),
    binary("gt", binary("lt", size, infinity), isWhole(y)),
  );
  const isOne = binary("or", binary("eq", x, of(1)), binary("eq", y, of(0)));
  const isMinusOne = binary("and", binary("eq", size, of(1)), binary("eq", abs(y), infinity));
  return select(binary("or", isOne, isMinusOne), of(1), select(noRoot, of(Number.NaN), signed));
}

const quickPower: Power = (k, size, y) => exp(k, k.let(mul(y, k.let(log(k, size)))));

/** Everything where size is 0, Inf or NaN is left to the quick one. */
const precisePower: Power = (k, size, y) => {
  const of = like(size);
  const infinity = of(Number.POSITIVE_INFINITY);
  const result = k.variable(of(0));
  const isOrdinary = binary("and", binary("gt", size, of(0)), binary("lt", size, infinity));
  k.if(
    binary("and", isOrdinary, binary("lt", abs(y), infinity)),
    () => {
      const bounded = k.let(min(max(y, of(-(2 ** 65))), of(2 ** 65)));
      const logarithm = preciseLog(k, size);
      const { high, low } = product(k, { high: bounded, low: of(0) }, logarithm);
      const clamped = k.let(min(max(high, of(-800)), of(800)));
      const tail = select(binary("eq", clamped, high), low, of(0));
      k.set(result, expOfSum(k, clamped, tail));
    },
    () => k.set(result, quickPower(k, size, y)),
  );
  return result;
};

const twoThirds = { high: 0.6666666666666666, low: 3.700743415417188e-17 };
const series = Array.from({ length: 11 }, (_, n) => 2 / (2 * n + 5));

/** log x = e ln 2 + 2 s + 2/3 s³ + …, where s = (m − 1) / (m + 1); the first three in pairs. */
function preciseLog(k: KernelBuilder, x: Expr): Pair {
  const of = like(x);
  const isSmall = k.let(binary("lt", x, of(2 ** -1022)));
  const { exponent, m } = split(k, k.let(select(isSmall, mul(x, of(2 ** 52)), x)));
  const e = k.let(sub(mul(convert("f64", exponent), of(2 ** -52)), select(isSmall, of(52), of(0))));
  const f = k.let(sub(m, of(1)));
  const divisor = k.let(add(m, of(1)));
  const lost = sub(m, sub(divisor, of(1)));
  const s = k.let(div(f, divisor));
  const back = exactProduct(k, s, divisor);
  const rest = sub(sub(sub(f, back.high), back.low), mul(s, lost));
  const root: Pair = { high: s, low: k.let(div(rest, divisor)) };
  const square = product(k, root, root);
  const cube = product(k, product(k, root, square), { high: of(twoThirds.high), low: of(twoThirds.low) });
  const { high: z } = square;
  const tail = mul(mul(s, mul(z, z)), polynomial(z, series));
  const whole = sum(k, mul(e, of(reduction.f64.high)), mul(root.high, of(2)));
  const first = sum(k, whole.high, cube.high);
  const low = add(add(whole.low, first.low), add(mul(root.low, of(2)), cube.low));
  return sum(k, first.high, add(add(low, tail), mul(e, of(reduction.f64.low))));
}
