/** TensorFlow's element-wise functions by name, for the generators of element-wise ops. */
import { binary, constant, div, mul, select, sub, unary } from "../expr.js";
import type { Expr } from "../ir.js";
import type { KernelBuilder } from "../KernelBuilder.js";
import { elu, leakyRelu, relu, relu6, selu, softplus, softsign } from "./activations.js";
import { erf, erfc } from "./erf.js";
import { exp, expm1 } from "./exp.js";
import { acosh, asinh, atanh, cosh, sinh } from "./hyperbolic.js";
import { acos, asin, atan, atan2 } from "./inverseTrigonometric.js";
import { log, log1p } from "./log.js";
import { like } from "./polynomial.js";
import { pow } from "./pow.js";
import * as rounding from "./rounding.js";
import { sigmoid, tanh } from "./tanh.js";
import { cos, sin, tan } from "./trigonometric.js";

type ScalarFunction = (k: KernelBuilder, ...args: Expr[]) => Expr;

/** x, where it is 0, before the value. */
function zeroAtZero(x: Expr, value: Expr): Expr {
  return select(binary("eq", x, constant(x.type, 0)), x, value);
}

const functions: Record<string, (k: KernelBuilder, x: Expr, y: Expr) => Expr> = {
  exp,
  expm1,
  log,
  log1p,
  pow,
  sqrt: (_k, x) => unary("sqrt", x),
  rsqrt: (_k, x) => div(like(x)(1), unary("sqrt", x)),
  reciprocal: (_k, x) => div(like(x)(1), x),
  square: (_k, x) => mul(x, x),
  squaredDifference: (k, x, y) => squareOf(k, sub(x, y)),
  abs: (_k, x) => rounding.abs(x),
  neg: (_k, x) => rounding.neg(x),
  sign: rounding.sign,
  canonicalNan: (_k, x) => select(binary("eq", x, x), x, like(x)(Number.NaN)),
  floor: (_k, x) => unary("floor", x),
  ceil: (_k, x) => unary("ceil", x),
  round: (_k, x) => unary("nearest", x),
  rint: (_k, x) => unary("nearest", x),
  maximum: rounding.maximum,
  minimum: rounding.minimum,
  floorDiv: rounding.floorDiv,
  floorMod: rounding.floorMod,
  truncateDiv: rounding.truncateDiv,
  truncateMod: rounding.truncateMod,
  divNoNan: rounding.divNoNan,
  mulNoNan: (_k, x, y) => select(binary("eq", y, like(y)(0)), like(y)(0), mul(x, y)),
  xdivy: (_k, x, y) => zeroAtZero(x, div(x, y)),
  xlogy: (k, x, y) => zeroAtZero(x, mul(x, log(k, y))),
  xlog1py: (k, x, y) => zeroAtZero(x, mul(x, log1p(k, y))),
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  atan2,
  sinh,
  cosh,
  asinh,
  acosh,
  atanh,
  tanh,
  sigmoid,
  erf,
  erfc,
  relu,
  relu6,
  leakyRelu,
  elu,
  selu,
  softplus,
  softsign,
};

function squareOf(k: KernelBuilder, value: Expr): Expr {
  const once = k.let(value);
  return mul(once, once);
}

/**
 * f32, f32v and f64; a lane of f32v has the bits of f32. These take i32 and i64 too: abs, neg, sign, square,
 * squaredDifference, maximum, minimum, floorDiv, floorMod, truncateDiv, truncateMod (the last four: y must not be 0).
 * atan2 is (y, x); leakyRelu is (x, alpha).
 */
export const scalarFunctions: Record<string, ScalarFunction> = Object.fromEntries(
  Object.entries(functions).map(([name, write]): [string, ScalarFunction] => [
    name,
    (k, ...args) => {
      const [x, y] = args.map((arg) => k.let(arg));
      return write(k, x!, y ?? x!);
    },
  ]),
);

/** The functions that refuse vectors: loop over the elements. */
export const scalarOnly: ReadonlySet<string> = new Set([
  "pow",
  "floorMod",
  "truncateMod",
  "sin",
  "cos",
  "tan",
  "asin",
  "acos",
  "atan",
  "atan2",
  "sinh",
  "cosh",
  "asinh",
  "acosh",
  "atanh",
  "erfc",
]);
