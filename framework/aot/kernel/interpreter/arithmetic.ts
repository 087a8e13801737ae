/**
 * What one operation of the kernel IR does with numbers, to the last bit: the interpreter's arithmetic. Values are
 * numbers (i32, f32, f64) or bigints (i64); a vector's lane is computed as the scalar is.
 */
import { Exception } from "../../../base/errors.js";
import type { BinaryOp, Type, UnaryOp } from "../ir.js";

// biome-ignore lint/suspicious/noExplicitAny: number or bigint by the type, which only the caller's Expr knows
type Value = any;
type Operation = (a: Value, b: Value) => Value;
type Scalar = "i32" | "i64" | "f32" | "f64";
const fround = Math.fround;

/** The element of a vector type; scalars are their own. */
export function elementOf(type: Type): Scalar {
  return type === "f32v" ? "f32" : type === "i32v" ? "i32" : type;
}

const comparisons: Record<string, Operation> = {
  eq: (a, b) => (a === b ? 1 : 0),
  ne: (a, b) => (a !== b ? 1 : 0),
  lt: (a, b) => (a < b ? 1 : 0),
  le: (a, b) => (a <= b ? 1 : 0),
  gt: (a, b) => (a > b ? 1 : 0),
  ge: (a, b) => (a >= b ? 1 : 0),
};
const choices: Record<string, Operation> = {
  // biome-ignore lint/complexity/useMathMinMax: with NaN and ±0 it is the first argument
  min: (a, b) => (b < a ? b : a),
  // biome-ignore lint/complexity/useMathMinMax: with NaN and ±0 it is the first argument
  max: (a, b) => (a < b ? b : a),
};
const wrap = (value: Value) => BigInt.asIntN(64, value);

const arithmetic: Record<Scalar, Record<string, Operation>> = {
  f32: {
    add: (a, b) => fround(a + b),
    sub: (a, b) => fround(a - b),
    mul: (a, b) => fround(a * b),
    div: (a, b) => fround(a / b),
  },
  f64: { add: (a, b) => a + b, sub: (a, b) => a - b, mul: (a, b) => a * b, div: (a, b) => a / b },
  i32: {
    add: (a, b) => (a + b) | 0,
    sub: (a, b) => (a - b) | 0,
    mul: Math.imul,
    div: (a, b) => (a / divisor(a, b, -(2 ** 31))) | 0,
    rem: (a, b) => (a % divisor(a, b)) | 0,
    and: (a, b) => a & b,
    or: (a, b) => a | b,
    xor: (a, b) => a ^ b,
    shl: (a, b) => a << b,
    shrS: (a, b) => a >> b,
    shrU: (a, b) => (a >>> b) | 0,
  },
  i64: {
    add: (a, b) => wrap(a + b),
    sub: (a, b) => wrap(a - b),
    mul: (a, b) => wrap(a * b),
    div: (a, b) => a / divisor(a, b, -(2n ** 63n)),
    rem: (a, b) => a % divisor(a, b),
    and: (a, b) => a & b,
    or: (a, b) => a | b,
    xor: (a, b) => a ^ b,
    shl: (a, b) => wrap(a << (b & 63n)),
    shrS: (a, b) => a >> (b & 63n),
    shrU: (a, b) => wrap(BigInt.asUintN(64, a) >> (b & 63n)),
  },
};

/** `lowest` / −1 has no result in its type: WebAssembly stops there, C does anything. */
function divisor(a: Value, b: Value, lowest?: Value): Value {
  // biome-ignore lint/suspicious/noDoubleEquals: 0 == 0n, which is meant
  if (b == 0) throw new Exception("LogicError", `kernel: ${a} divided by zero.`);
  // biome-ignore lint/suspicious/noDoubleEquals: −1 == −1n, which is meant
  if (a === lowest && b == -1) throw new Exception("LogicError", `kernel: ${a} / −1 overflows.`);
  return b;
}

/** @throws LogicError when the type has no such operation */
export function binaryOperation(op: BinaryOp, type: Type): Operation {
  const element = elementOf(type);
  const compare = comparisons[op];
  if (compare) return type === element ? compare : (a, b) => -compare(a, b);
  const found = choices[op] ?? arithmetic[element][op];
  if (!found || (type === "i32v" && (op === "div" || op === "rem")))
    throw new Exception("LogicError", `kernel IR: there is no ${op} of ${type}.`);
  return found;
}

const floatOperations: Record<string, (a: number) => number> = {
  neg: (a) => -a,
  abs: Math.abs,
  ceil: Math.ceil,
  floor: Math.floor,
  trunc: Math.trunc,
  nearest,
};

/** @throws LogicError when the type has no such operation */
export function unaryOperation(op: UnaryOp, type: Type): (a: number) => number {
  const element = elementOf(type);
  if (op === "not" && element === "i32") return (a) => ~a;
  if (op === "sqrt" && element === "f32") return (a) => fround(Math.sqrt(a));
  if (op === "sqrt" && element === "f64") return Math.sqrt;
  const found = element.startsWith("f") ? floatOperations[op] : undefined;
  if (!found) throw new Exception("LogicError", `kernel IR: there is no ${op} of ${type}.`);
  return found;
}

/** To the nearest integer, halves to the even one; −0.3 gives −0. */
function nearest(a: number): number {
  const up = Math.round(a);
  return up - a === 0.5 && up % 2 !== 0 ? up - 1 : up;
}
