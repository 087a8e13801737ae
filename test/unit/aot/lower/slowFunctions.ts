/** The functions of element expressions in double precision; those that are missing are Math's. */
import { erf, erfc } from "../../../../framework/tensorflow/reference/kernels/erf.js";
import { roundHalfEven } from "../../../../framework/tensorflow/reference/kernels/unary.js";

// biome-ignore lint/suspicious/noExplicitAny: number or bigint by the dtype
export type Value = any;

function floorMod(a: Value, b: Value): Value {
  const rest = a % b;
  return rest && rest < 0 !== b < 0 ? rest + b : rest;
}

function larger(a: Value, b: Value): Value {
  if (a < b) return b;
  return a;
}

const seluScale = 1.0507009873554805;
const seluAlpha = 1.6732632423543772;

export const functions: Record<string, (a: Value, b: Value) => Value> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) =>
    typeof a === "number" && Number.isInteger(a) && Math.abs(a * b) > 2 ** 53 ? Math.imul(a, b) : a * b,
  div: (a, b) => a / b,
  divNoNan: (a, b) => (b === 0 ? 0 : a / b),
  floorDiv: (a, b) => (typeof a === "bigint" ? (a - floorMod(a, b)) / b : Math.floor(a / b)),
  floorMod,
  truncateDiv: (a, b) => (typeof a === "bigint" ? a / b : Math.trunc(a / b)),
  truncateMod: (a, b) => a % b,
  maximum: (a, b) => (typeof a === "bigint" ? larger(a, b) : Math.max(a, b)),
  minimum: (a, b) => (typeof a === "bigint" ? -larger(-a, -b) : Math.min(a, b)),
  squaredDifference: (a, b) => (a - b) * (a - b),
  pow: (a, b) => a ** b,
  neg: (a) => -a,
  abs: (a) => (a < 0 ? -a : a),
  sign: (a) => (typeof a === "bigint" ? (a < 0n ? -1n : a > 0n ? 1n : 0n) : Math.sign(a)),
  square: (a) => a * a,
  round: roundHalfEven,
  rsqrt: (a) => 1 / Math.sqrt(a),
  reciprocal: (a) => 1 / a,
  erf,
  erfc,
  relu: (a) => Math.max(a, 0),
  relu6: (a) => Math.min(Math.max(a, 0), 6),
  leakyRelu: (a, alpha) => (a >= 0 ? a : alpha * a),
  elu: (a) => (a < 0 ? Math.expm1(a) : a),
  selu: (a) => seluScale * (a < 0 ? seluAlpha * Math.expm1(a) : a),
  sigmoid: (a) => 1 / (1 + Math.exp(-a)),
  softplus: (a) => (a > 0 ? a + Math.log1p(Math.exp(-a)) : Math.log1p(Math.exp(a))),
  softsign: (a) => a / (1 + Math.abs(a)),
  equal: (a, b) => Number(a === b),
  notEqual: (a, b) => Number(a !== b),
  less: (a, b) => Number(a < b),
  lessEqual: (a, b) => Number(a <= b),
  greater: (a, b) => Number(a > b),
  greaterEqual: (a, b) => Number(a >= b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  leftShift: (a, b) => a << b,
  rightShift: (a, b) => a >> b,
  isNan: (a) => Number(Number.isNaN(a)),
  isInf: (a) => Number(Math.abs(a) === Infinity),
  isFinite: (a) => Number(Number.isFinite(a)),
};
