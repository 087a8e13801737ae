/** What the reductions do with two values, in kernel IR: scalars and vectors alike, lane by lane. */
import {
  across,
  add,
  binary,
  constant,
  f32,
  fma,
  i32,
  isFloat,
  isVector,
  lane,
  select,
} from "../kernel/expr.js";
import type { AcrossOp, Expr, Local, Type } from "../kernel/ir.js";
import type { KernelBuilder } from "../kernel/KernelBuilder.js";
import type { ReduceOp } from "../tensor/ir.js";
import type { ElementType } from "../tensor/View.js";

const ranges: Partial<Record<ElementType, readonly [number | bigint, number | bigint]>> = {
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  uint16: [0, 2 ** 16 - 1],
  int8: [-128, 127],
  uint8: [0, 255],
};

const lowestFloat = -(2 - 2 ** -23) * 2 ** 127;

/** What an empty reduction gives; of argMax and argMin the value that all others beat. */
export function identity(op: ReduceOp, dtype: ElementType): number | bigint {
  const [lowest, highest] = ranges[dtype] ?? [-Infinity, Infinity];
  const [zero, one] = dtype === "int64" ? [0n, 1n] : [0, 1];
  const known = { sum: zero, prod: one, all: 1, any: 0 };
  if (op === "maxNumber" && !(dtype in ranges)) return dtype === "float64" ? -Number.MAX_VALUE : lowestFloat;
  if (op === "max" || op === "maxNumber" || op === "argMax") return lowest;
  if (op === "min" || op === "argMin") return highest;
  return known[op];
}

/** The identity as a constant of a type; of masks all bits or none. */
function identityOf(op: ReduceOp, dtype: ElementType, type: Type): Expr {
  const value = identity(op, dtype);
  return constant(type, dtype === "bool" && isVector(type) ? -value : value);
}

/**
 * What has been reduced so far: a value and, of argMax and argMin, where it was; of the largest and least of floats,
 * whether no NaN has come by (which the value alone would forget).
 */
export interface PartialResult<E extends Expr = Expr> {
  readonly value: E;
  readonly further: E | undefined;
}

export function isArg(op: ReduceOp): boolean {
  return op === "argMax" || op === "argMin";
}

/** Of nothing, in constants; `type`: that of its value. */
export function startOf(op: ReduceOp, dtype: ElementType, type: Type): PartialResult {
  const value = identityOf(op, dtype, type);
  const integers = isVector(type) ? "i32v" : "i32";
  if (isArg(op)) return { value, further: constant(integers, 0) };
  return {
    value,
    further: isGuarded(op, type) ? constant(integers, integers === "i32" ? 1 : -1) : undefined,
  };
}

function isGuarded(op: ReduceOp, type: Type): boolean {
  return (op === "max" || op === "min") && isFloat(type);
}

/** With one more value, a local or constant; `here`: where argMax and argMin found it. */
export function take(
  k: KernelBuilder,
  op: ReduceOp,
  partial: PartialResult,
  value: Expr,
  here?: Expr,
): PartialResult {
  const best = k.let(combined(op, partial.value, value));
  if (!partial.further) return { value: best, further: undefined };
  if (!isArg(op))
    return { value: best, further: k.let(binary("and", partial.further, binary("eq", value, value))) };
  const isBetter = binary(op === "argMax" ? "gt" : "lt", value, partial.value);
  return { value: best, further: k.let(select(isBetter, here as Expr, partial.further)) };
}

/** The partial result of a single value, not for argMax and argMin. */
export function only(k: KernelBuilder, op: ReduceOp, value: Expr): PartialResult {
  return { value, further: isGuarded(op, value.type) ? k.let(binary("eq", value, value)) : undefined };
}

/** Of two, whose elements may lie in any order: of equal extremes the one further ahead counts. */
export function merge(
  k: KernelBuilder,
  op: ReduceOp,
  left: PartialResult,
  right: PartialResult,
): PartialResult {
  const value = k.let(combined(op, left.value, right.value));
  if (!left.further || !right.further) return { value, further: undefined };
  if (!isArg(op)) return { value, further: k.let(binary("and", left.further, right.further)) };
  const isBetter = binary(op === "argMax" ? "gt" : "lt", right.value, left.value);
  const isEarlier = binary("lt", right.further, left.further);
  const isAhead = binary("and", binary("eq", right.value, left.value), isEarlier);
  return { value, further: k.let(select(binary("or", isBetter, isAhead), right.further, left.further)) };
}

/** The result, or where it was. */
export function finish(k: KernelBuilder, op: ReduceOp, { value, further }: PartialResult): Expr {
  if (isArg(op)) return further as Expr;
  return further ? k.let(select(further, value, constant(value.type, Number.NaN))) : value;
}

/** A NaN in `value` is passed over. */
function combined(op: ReduceOp, accumulator: Expr, value: Expr): Expr {
  switch (op) {
    case "sum":
      return binary("add", accumulator, value);
    case "prod":
      return binary("mul", accumulator, value);
    case "all":
      return binary("and", accumulator, value);
    case "any":
      return binary("or", accumulator, value);
    case "max":
    case "maxNumber":
    case "argMax":
      return binary("max", accumulator, value);
    default:
      return binary("min", accumulator, value);
  }
}

/** Locals that start with a partial result. */
export function variablesOf(k: KernelBuilder, { value, further }: PartialResult): PartialResult<Local> {
  return { value: k.variable(value, "sum"), further: further && k.variable(further, "further") };
}

export function assign(
  k: KernelBuilder,
  locals: PartialResult<Local>,
  { value, further }: PartialResult,
): void {
  k.set(locals.value, value);
  if (locals.further && further) k.set(locals.further, further);
}

/** accumulator + a · b, in one operation where the target has it. */
export function foldProduct(accumulator: Expr, a: Expr, b: Expr): Expr {
  return isFloat(a.type) ? fma(a, b, accumulator) : binary("add", accumulator, binary("mul", a, b));
}

/** How the lanes of f32v are joined without taking each out. */
const joinedBy: Partial<Record<ReduceOp, AcrossOp>> = {
  sum: "add",
  max: "max",
  maxNumber: "max",
  min: "min",
};

/** All lanes in one scalar, pair by pair; argMax and argMin knew the vector's place, and learn the lane's. */
export function mergeLanes(
  k: KernelBuilder,
  op: ReduceOp,
  vector: PartialResult,
  lanes: number,
): PartialResult {
  const { value, further } = vector;
  const join = joinedBy[op];
  if (join && value.type === "f32v") {
    const sawNoNaN = (mask: Expr) => {
      const zeros = select(mask, constant("f32v", 0), constant("f32v", Number.NaN));
      return k.let(binary("eq", k.let(across("add", zeros)), f32(0)));
    };
    return { value: k.let(across(join, value)), further: further && sawNoNaN(further) };
  }
  const all = Array.from({ length: lanes }, (_, index) => ({
    value: k.let(lane(value, index)),
    further: further && k.let(isArg(op) ? add(lane(further, index), i32(index)) : lane(further, index)),
  }));
  return mergeAll(k, op, all);
}

/** Pair by pair. */
export function mergeAll(k: KernelBuilder, op: ReduceOp, partials: readonly PartialResult[]): PartialResult {
  let left = [...partials];
  while (left.length > 1) {
    const half = left.length / 2;
    left = left
      .slice(0, half)
      .map((partial, index) => merge(k, op, partial, left[index + half] as PartialResult));
  }
  return left[0] as PartialResult;
}
