/** The integer and bool functions of element expressions as kernel IR; those of floats are in kernel/math. */
import { Exception } from "../../base/errors.js";
import { binary, constant, convert, i32, isFloat, isVector, select, unary } from "../kernel/expr.js";
import type { BinaryOp, Expr } from "../kernel/ir.js";
import type { KernelBuilder } from "../kernel/KernelBuilder.js";
import type { ElementType } from "../tensor/View.js";
import { emitCast, wrap } from "./emitCast.js";
import { type CodegenContext, elementMemory } from "./context.js";

const comparisons: Readonly<Record<string, BinaryOp>> = {
  equal: "eq",
  notEqual: "ne",
  less: "lt",
  lessEqual: "le",
  greater: "gt",
  greaterEqual: "ge",
};

export function isComparison(name: string): boolean {
  return name in comparisons;
}

/** A bool; `a` and `b` numbers or bools. */
export function emitComparison(name: string, a: Expr, b: Expr, dtype: ElementType): Expr {
  const op = comparisons[name] as BinaryOp;
  const areMasks = dtype === "bool" && isVector(a.type);
  return areMasks ? binary(op, b, a) : binary(op, a, b);
}

/** Whether a float is what the name says; integers are always finite. */
export const classes: Readonly<Record<string, (x: Expr) => Expr>> = {
  isNan: (x) => binary("ne", x, x),
  isInf: (x) => (isFloat(x.type) ? binary("eq", unary("abs", x), constant(x.type, Infinity)) : never(x)),
  isFinite: (x) =>
    isFloat(x.type) ? binary("lt", unary("abs", x), constant(x.type, Infinity)) : binary("eq", x, x),
};

function never(x: Expr): Expr {
  return binary("ne", x, x);
}

/** Names that differ only in what they are called for. */
const bitwise: Readonly<Record<string, BinaryOp>> = {
  and: "and",
  logicalAnd: "and",
  bitwiseAnd: "and",
  or: "or",
  logicalOr: "or",
  bitwiseOr: "or",
  xor: "xor",
  logicalXor: "xor",
  bitwiseXor: "xor",
};

const boolNames: Readonly<Record<string, BinaryOp>> = {
  ...bitwise,
  add: "or",
  maximum: "or",
  mul: "and",
  minimum: "and",
};

/** @throws LogicError for a name that bools do not have */
export function emitBool(name: string, args: readonly Expr[]): Expr {
  const [a, b] = args as [Expr, Expr];
  if (name === "not" || name === "logicalNot")
    return isVector(a.type) ? unary("not", a) : binary("eq", a, i32(0));
  const op = boolNames[name];
  if (!op) throw new Exception("LogicError", `tensor IR: there is no ${name} of bool.`);
  return binary(op, a, b);
}

/** Where integer functions write their code and whether they fault. */
export interface Surroundings {
  readonly k: KernelBuilder;
  readonly context: CodegenContext;
}

type Emit = (around: Surroundings, a: Expr, b: Expr, dtype: ElementType) => Expr;

const direct =
  (op: BinaryOp): Emit =>
  (_around, a, b) =>
    binary(op, a, b);

const functions: Readonly<Record<string, Emit>> = {
  ...Object.fromEntries(Object.entries(bitwise).map(([name, op]) => [name, direct(op)])),
  add: direct("add"),
  sub: direct("sub"),
  mul: direct("mul"),
  minimum: direct("min"),
  maximum: direct("max"),
  neg: (_around, a) => binary("sub", constant(a.type, 0), a),
  abs: (_around, a) => binary("max", a, binary("sub", constant(a.type, 0), a)),
  sign: (_around, a) => sign(a),
  square: (_around, a) => binary("mul", a, a),
  squaredDifference: ({ k }, a, b) => {
    const difference = k.let(binary("sub", a, b));
    return binary("mul", difference, difference);
  },
  not: (_around, a) => binary("xor", a, constant(a.type, -1)),
  invert: (_around, a) => binary("xor", a, constant(a.type, -1)),
  leftShift: ({ k }, a, b, dtype) => binary("shl", a, shiftCount(k, b, dtype)),
  rightShift: ({ k }, a, b, dtype) => binary("shrS", a, shiftCount(k, b, dtype)),
  truncateDiv: (around, a, b) => divide(around, a, b).quotient,
  truncateMod: (around, a, b) => divide(around, a, b).rest,
  floorDiv: (around, a, b) => {
    const { quotient, rest } = divide(around, a, b);
    return binary("sub", quotient, convert(a.type, isBelow(around.k, rest, b)));
  },
  floorMod: (around, a, b) => {
    const { rest } = divide(around, a, b);
    const isWrong = isBelow(around.k, rest, b);
    return binary("add", rest, select(isWrong, b, constant(a.type, 0)));
  },
  pow: power,
};

/** `args` are locals or constants. @throws LogicError for a name that integers do not have */
export function emitInteger(
  around: Surroundings,
  name: string,
  args: readonly Expr[],
  dtype: ElementType,
): Expr {
  const emit = functions[name];
  if (!emit) throw new Exception("LogicError", `tensor IR: there is no ${name} of ${dtype}.`);
  const result = emit(around, args[0] as Expr, args[1] as Expr, dtype);
  return isVector(result.type) ? result : wrap(result, dtype);
}

function sign(a: Expr): Expr {
  const zero = constant(a.type, 0);
  const [isAbove, isUnder] = [binary("gt", a, zero), binary("lt", a, zero)];
  if (isVector(a.type)) return binary("sub", isUnder, isAbove);
  return emitCast(binary("sub", isAbove, isUnder), "int32", a.type === "i64" ? "int64" : "int32");
}

/** TensorFlow keeps counts within the type's bits. */
function shiftCount(k: KernelBuilder, count: Expr, dtype: ElementType): Expr {
  const last = elementMemory[dtype].sizeBytes * 8 - 1;
  const positive = k.let(binary("max", count, constant(count.type, 0)));
  return binary("min", positive, constant(count.type, last));
}

/** Writes the fault that a run has met. */
export function emitFault({ k, context }: Surroundings, isBad: Expr, message: string): void {
  k.if(isBad, () => k.store("i32", context.status, i32(0), 0, i32(context.fault(message))));
}

/** Truncated; 0 (and a fault) where b is 0. Dividing by −1 negates: the lowest integer has no quotient. */
function divide(around: Surroundings, a: Expr, b: Expr): { quotient: Expr; rest: Expr } {
  const { k } = around;
  const [zero, one, minusOne] = [0, 1, -1].map((value) => constant(a.type, value)) as [Expr, Expr, Expr];
  const isZero = k.let(binary("eq", b, zero));
  const isMinusOne = k.let(binary("eq", b, minusOne));
  emitFault(around, isZero, "Integer division by zero");
  const safe = k.let(select(binary("or", isZero, isMinusOne), one, b));
  const divided = select(isMinusOne, binary("sub", zero, a), binary("div", a, safe));
  return {
    quotient: k.let(select(isZero, zero, divided)),
    rest: k.let(binary("rem", a, safe)),
  };
}

/** Whether a rest of truncation has the other sign than its divisor. */
function isBelow(k: KernelBuilder, rest: Expr, divisor: Expr): Expr {
  const zero = constant(rest.type, 0);
  const differs = binary("lt", binary("xor", rest, divisor), zero);
  return k.let(binary("and", binary("ne", rest, zero), differs));
}

function power(around: Surroundings, a: Expr, b: Expr): Expr {
  const { k } = around;
  const [zero, one] = [constant(a.type, 0), constant(a.type, 1)];
  const isNegative = k.let(binary("lt", b, zero));
  emitFault(around, isNegative, "Integers to negative integer powers are not allowed");
  const result = k.variable(select(isNegative, zero, one));
  const [base, exponent] = [k.variable(a), k.variable(b)];
  k.while(binary("gt", exponent, zero), 64, () => {
    const isOdd = binary("ne", binary("and", exponent, one), zero);
    k.set(result, select(isOdd, binary("mul", result, base), result));
    k.set(base, binary("mul", base, base));
    k.set(exponent, binary("shrS", exponent, one));
  });
  return result;
}
