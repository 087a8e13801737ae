/** Activation functions as TensorFlow's ops have them on the CPU. No branches. */
import { add, binary, div, max, min, mul, select } from "../expr.js";
import type { Expr } from "../ir.js";
import type { KernelBuilder } from "../KernelBuilder.js";
import { expm1OfNegative, expOfNegative } from "./exp.js";
import { log1p } from "./log.js";
import { like, polynomial } from "./polynomial.js";
import { abs, neg } from "./rounding.js";

/** log(1 + x) = x + x² (c0 + c1 x + …) from 0 to 1; scripts/fitPolynomials.py. */
const softplusTail = [
  -0.499999881, 0.333327144, -0.249888644, 0.198996216, -0.161351576, 0.124794811, -0.0832380503,
  0.0421139076, -0.0136911869, 0.00208444009,
];

/** max(x, 0); NaN stays NaN, −0 stays −0. */
export function relu(_k: KernelBuilder, x: Expr): Expr {
  return max(x, like(x)(0));
}

/** min(max(x, 0), 6) */
export function relu6(k: KernelBuilder, x: Expr): Expr {
  return min(relu(k, x), like(x)(6));
}

/** x, or α x where x is not above 0; `alpha` of the type of x. */
export function leakyRelu(_k: KernelBuilder, x: Expr, alpha: Expr): Expr {
  return select(binary("gt", x, like(x)(0)), x, mul(x, alpha));
}

/** x, or e^x − 1 where x < 0. */
export function elu(k: KernelBuilder, x: Expr): Expr {
  return select(binary("lt", x, like(x)(0)), expm1OfNegative(k, x), x);
}

const scale = 1.0507009873554805;
const scaledAlpha = 1.7580993408473766;

/** elu, scaled so that it keeps mean 0 and variance 1 (Klambauer et al. 2017). */
export function selu(k: KernelBuilder, x: Expr): Expr {
  const of = like(x);
  return select(binary("lt", x, of(0)), mul(of(scaledAlpha), expm1OfNegative(k, x)), mul(of(scale), x));
}

/** log(1 + e^x) = max(x, 0) + log(1 + e^−|x|) */
export function softplus(k: KernelBuilder, x: Expr): Expr {
  const of = like(x);
  const power = k.let(expOfNegative(k, k.let(neg(abs(x)))));
  if (x.type === "f64") return add(max(x, of(0)), log1p(k, power));
  const small = add(power, mul(k.let(mul(power, power)), polynomial(power, softplusTail)));
  return add(max(x, of(0)), small);
}

/** x / (1 + |x|); NaN at ±Inf, as TensorFlow has it. */
export function softsign(_k: KernelBuilder, x: Expr): Expr {
  return div(x, add(like(x)(1), abs(x)));
}
