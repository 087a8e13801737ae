/** Scalars computed in doubles, and pairs of doubles: a value as `high` + `low`, with some 100 bits. */
import { Exception } from "../../../base/errors.js";
import { add, binary, bits, constant, convert, isFloat, isVector, mul, sub } from "../expr.js";
import type { Expr } from "../ir.js";
import type { KernelBuilder } from "../KernelBuilder.js";

type MathFunction = (k: KernelBuilder, ...args: Expr[]) => Expr;

/** A function of f64 for f32 too: computed in doubles and rounded once more, which is within 0.51 units. */
export function inDoubles(f64: MathFunction): MathFunction {
  return (k, ...args) => {
    const type = args[0]!.type;
    if (isVector(type) || !isFloat(type))
      throw new Exception("LogicError", `kernel math: this function takes f32 and f64, not ${type}.`);
    return convert(type, f64(k, ...args.map((arg) => k.let(convert("f64", arg)))));
  };
}

export interface Pair {
  readonly high: Expr;
  readonly low: Expr;
}

/** a + b exactly. */
export function exactSum(k: KernelBuilder, a: Expr, b: Expr): Pair {
  const high = k.let(add(a, b));
  const added = k.let(sub(high, a));
  return { high, low: add(sub(a, sub(high, added)), sub(b, added)) };
}

/** a · b exactly, without an fma: by halves of 26 and 27 bits. */
export function exactProduct(k: KernelBuilder, a: Expr, b: Expr): Pair {
  const [x, y] = [halves(k, a), halves(k, b)];
  const high = k.let(mul(a, b));
  const cross = add(sub(mul(x.high, y.high), high), mul(x.high, y.low));
  return { high, low: k.let(add(add(cross, mul(x.low, y.high)), mul(x.low, y.low))) };
}

/** The upper 26 bits of a double, and the rest. */
export function halves(k: KernelBuilder, a: Expr): Pair {
  const high = k.let(bits("f64", binary("and", bits("i64", a), constant("i64", -(2n ** 27n)))));
  return { high, low: k.let(sub(a, high)) };
}

/** a · b to some 100 bits. */
export function product(k: KernelBuilder, a: Pair, b: Pair): Pair {
  const { high, low } = exactProduct(k, a.high, b.high);
  return sum(k, high, add(low, add(mul(a.high, b.low), mul(a.low, b.high))));
}

/** a + b as a pair, where b is the smaller. */
export function sum(k: KernelBuilder, a: Expr, b: Expr): Pair {
  const small = k.let(b);
  const high = k.let(add(a, small));
  return { high, low: k.let(sub(small, sub(high, a))) };
}
