/** Functions of one number, element by element, computed in double precision and rounded once. */
// biome-ignore-all lint/style/noNonNullAssertion: inner loops over arrays of equal length
import type { NumberArray } from "../../dtypes.js";
import type { TensorLike } from "../../Tensor.js";
import { isBig, type Kernel, kernelError, numbers, type Op, type OpTable } from "../op.js";
import { erf, erfc } from "./erf.js";

/** y[i] = f(x[i]) for n elements. */
export type UnaryLoop = (x: NumberArray, y: NumberArray, n: number) => void;

export function loopOf(f: (x: number) => number): UnaryLoop {
  return (x, y, n) => {
    for (let i = 0; i < n; i++) y[i] = f(x[i]!);
  };
}

/** An op on float32 and float64; `float64` replaces the loop where float32 bears a shorter way. */
export function floatOp(loop: UnaryLoop, float64: UnaryLoop = loop): Op {
  return { arity: 1, create: () => createUnary(loop, float64, undefined) };
}

/** An op that integers have too. */
function numberOp(f: (x: number) => number, big: (x: bigint) => bigint): Op {
  return { arity: 1, create: () => createUnary(loopOf(f), loopOf(f), big) };
}

function createUnary(
  float32: UnaryLoop,
  float64: UnaryLoop,
  big: ((x: bigint) => bigint) | undefined,
): Kernel {
  return (call) => {
    const input = call.inputs[0] as TensorLike;
    const { dtype, shape, data } = input;
    const isFloat = dtype === "float32" || dtype === "float64";
    if (!isFloat && (!big || dtype === "bool"))
      throw kernelError(`dtype ${dtype} is not supported by this op`);
    const out = call.output(0, dtype, shape);
    if (big && isBig(data) && isBig(out)) {
      for (let i = 0; i < data.length; i++) out[i] = big(data[i]!);
      return;
    }
    (dtype === "float32" ? float32 : float64)(numbers(input), out as NumberArray, data.length);
  };
}

/** A question about each number. */
function predicate(f: (x: number) => boolean): Op {
  const create = (): Kernel => (call) => {
    const input = call.inputs[0] as TensorLike;
    const x = numbers(input);
    const out = call.output(0, "bool", input.shape) as Uint8Array;
    for (let i = 0; i < x.length; i++) out[i] = f(x[i]!) ? 1 : 0;
  };
  return { arity: 1, create };
}

/** To the nearest whole number, halves to the even one, as TensorFlow and Python do. */
export function roundHalfEven(x: number): number {
  const rounded = Math.round(x);
  return rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** −1, 0 or 1; NaN stays, −0 becomes 0. */
function sign(x: number): number {
  return x > 0 ? 1 : x < 0 ? -1 : x + 0;
}

const round = numberOp(roundHalfEven, (x) => x);

export const unaryOps: OpTable = {
  Neg: numberOp(
    (x) => -x,
    (x) => -x,
  ),
  Abs: numberOp(Math.abs, (x) => (x < 0n ? -x : x)),
  Square: numberOp(
    (x) => x * x,
    (x) => x * x,
  ),
  Sign: numberOp(sign, (x) => (x < 0n ? -1n : x > 0n ? 1n : 0n)),
  Round: round,
  Rint: round,
  Floor: floatOp(loopOf(Math.floor)),
  Ceil: floatOp(loopOf(Math.ceil)),
  Sqrt: floatOp(loopOf(Math.sqrt)),
  Rsqrt: floatOp(loopOf((x) => 1 / Math.sqrt(x))),
  Reciprocal: floatOp(loopOf((x) => 1 / x)),
  Inv: floatOp(loopOf((x) => 1 / x)),
  Exp: floatOp(loopOf(Math.exp)),
  Expm1: floatOp(loopOf(Math.expm1)),
  Log: floatOp(loopOf(Math.log)),
  Log1p: floatOp(loopOf(Math.log1p)),
  Erf: floatOp(loopOf(erf)),
  Erfc: floatOp(loopOf(erfc)),
  Sin: floatOp(loopOf(Math.sin)),
  Cos: floatOp(loopOf(Math.cos)),
  Tan: floatOp(loopOf(Math.tan)),
  Asin: floatOp(loopOf(Math.asin)),
  Acos: floatOp(loopOf(Math.acos)),
  Atan: floatOp(loopOf(Math.atan)),
  Sinh: floatOp(loopOf(Math.sinh)),
  Cosh: floatOp(loopOf(Math.cosh)),
  Asinh: floatOp(loopOf(Math.asinh)),
  Acosh: floatOp(loopOf(Math.acosh)),
  Atanh: floatOp(loopOf(Math.atanh)),
  IsNan: predicate(Number.isNaN),
  IsFinite: predicate(Number.isFinite),
  IsInf: predicate((x) => x === Number.POSITIVE_INFINITY || x === Number.NEGATIVE_INFINITY),
};
