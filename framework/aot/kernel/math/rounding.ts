/** Signs, rounding, and divisions that round down or give a remainder, as TensorFlow's ops have them on the CPU. */
import { add, binary, constant, convert, div, isFloat, max, min, mul, select, sub, unary } from "../expr.js";
import type { Expr } from "../ir.js";
import type { KernelBuilder } from "../KernelBuilder.js";
import { like, withSignOf } from "./polynomial.js";

export const abs = (x: Expr) => (isFloat(x.type) ? unary("abs", x) : max(x, sub(constant(x.type, 0), x)));
export const neg = (x: Expr) => (isFloat(x.type) ? unary("neg", x) : sub(constant(x.type, 0), x));

/** −1, 0 or 1; NaN stays, −0 becomes 0. */
export function sign(_k: KernelBuilder, x: Expr): Expr {
  const of = like(x);
  const negative = select(binary("lt", x, of(0)), of(-1), of(0));
  const signed = select(binary("gt", x, of(0)), of(1), negative);
  return isFloat(x.type) ? select(binary("eq", x, x), signed, x) : signed;
}

/** The larger; NaN where one is NaN; of zeros the second. */
export function maximum(_k: KernelBuilder, x: Expr, y: Expr): Expr {
  return isFloat(x.type) ? select(binary("eq", x, x), max(y, x), x) : max(x, y);
}

/** The smaller; NaN where one is NaN; of zeros the second. */
export function minimum(_k: KernelBuilder, x: Expr, y: Expr): Expr {
  return isFloat(x.type) ? select(binary("eq", x, x), min(y, x), x) : min(x, y);
}

/** x / y, but 0 where y is 0. */
export function divNoNan(_k: KernelBuilder, x: Expr, y: Expr): Expr {
  const zero = constant(x.type, 0);
  return select(binary("eq", y, zero), zero, div(x, y));
}

/** ⌊x / y⌋. Integers are scalars, and y must not be 0. */
export function floorDiv(k: KernelBuilder, x: Expr, y: Expr): Expr {
  if (isFloat(x.type)) return unary("floor", div(x, y));
  const quotient = k.let(truncateDiv(k, x, y));
  return select(
    k.let(roundsUp(x, y, sub(x, mul(quotient, y)))),
    sub(quotient, constant(x.type, 1)),
    quotient,
  );
}

/** x − y ⌊x / y⌋, which has the sign of y. Scalars only; an integer y must not be 0. */
export function floorMod(k: KernelBuilder, x: Expr, y: Expr): Expr {
  const rest = k.let(truncateMod(k, x, y));
  const zero = constant(x.type, 0);
  if (!isFloat(x.type)) return select(roundsUp(x, y, rest), add(rest, y), rest);
  const differs = binary("ne", binary("lt", y, zero), binary("lt", rest, zero));
  return select(binary("and", binary("ne", rest, zero), differs), add(rest, y), rest);
}

/** Whether an integer quotient was rounded towards 0 from below: x and y differ in sign, and there is a rest. */
function roundsUp(x: Expr, y: Expr, rest: Expr): Expr {
  const zero = constant(x.type, 0);
  return binary("and", binary("ne", rest, zero), binary("lt", binary("xor", x, y), zero));
}

/** x / y rounded towards 0; of integers (scalars, y not 0) the least one / −1 is itself. */
export function truncateDiv(k: KernelBuilder, x: Expr, y: Expr): Expr {
  if (isFloat(x.type)) return unary("trunc", div(x, y));
  if (y.kind === "constant" && Number(y.value) !== -1) return div(x, y);
  const isNegation = k.let(binary("eq", y, constant(x.type, -1)));
  return select(isNegation, neg(x), div(x, select(isNegation, constant(x.type, 1), y)));
}

/** x − y trunc(x / y), exactly; it has the sign of x. Scalars only; an integer y must not be 0. */
export function truncateMod(k: KernelBuilder, x: Expr, y: Expr): Expr {
  if (!isFloat(x.type)) return sub(x, mul(truncateDiv(k, x, y), y));
  const wide = (value: Expr) => k.let(convert("f64", value));
  const [from, by] = [wide(x), wide(y)];
  return convert(x.type, remainderOfF64(k, from, by));
}

/** Subtracts y 2^n from high to low n: as many rounds as the quotient has bits. */
function remainderOfF64(k: KernelBuilder, x: Expr, y: Expr): Expr {
  const of = like(x);
  const divisor = k.let(abs(y));
  const rest = k.variable(abs(x));
  const isInside = binary(
    "and",
    binary("lt", rest, of(Number.POSITIVE_INFINITY)),
    binary("gt", divisor, of(0)),
  );
  const result = k.variable(select(isInside, x, of(Number.NaN)));
  k.if(binary("and", isInside, binary("ge", rest, divisor)), () => {
    const part = k.variable(divisor);
    k.while(binary("le", part, mul(rest, of(0.5))), 2200, () => k.set(part, mul(part, of(2))));
    k.while(binary("ge", part, divisor), 2200, () => {
      k.set(rest, select(binary("ge", rest, part), sub(rest, part), rest));
      k.set(part, mul(part, of(0.5)));
    });
    k.set(result, withSignOf(rest, x));
  });
  return result;
}
