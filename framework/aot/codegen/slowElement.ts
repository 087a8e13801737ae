/** Element expressions evaluated as they are defined: the half of slow.ts that knows functions and dtypes. */
import { Exception } from "../../base/errors.js";
import type { Element } from "../tensor/ir.js";
import type { ElementType, LoopIndex, Storage, View } from "../tensor/View.js";

// biome-ignore lint/suspicious/noExplicitAny: number or bigint by the dtype, which only the element knows
export type Value = any;
type Numbers = { [index: number]: number | bigint };
export type Position = readonly number[];

/** Where storages' elements lie, the loops' indices, and who hears of faults. */
export interface Surroundings {
  dataOf(storage: Storage): Numbers;
  iterationOf?(index: LoopIndex): number;
  fault?(message: string): void;
}

/** The view's element at a position of its index space. */
export function readAt(view: View, at: Position, around: Surroundings): Value {
  return around.dataOf(view.storage)[placeOf(view, at, around)];
}

/** In elements from the storage's start. */
export function placeOf(view: View, at: Position, around: Surroundings): number {
  let place = view.offset;
  for (const [axis, stride] of view.strides.entries()) place += stride * (at[axis] as number);
  for (const { index, stride } of view.terms) place += stride * (around.iterationOf?.(index) ?? 0);
  return place;
}

/** To what the dtype can hold: integers wrap, bools are 0 or 1. */
export function rounded(value: Value, dtype: ElementType): Value {
  switch (dtype) {
    case "float32":
      return Math.fround(value);
    case "int64":
      return BigInt.asIntN(64, BigInt(value));
    case "float64":
      return value;
    case "bool":
      return Number(Boolean(value));
    default: {
      const bits = { int32: 32, int16: 16, uint16: 16, int8: 8, uint8: 8 }[dtype];
      const wrapped = dtype.startsWith("u")
        ? BigInt.asUintN(bits, BigInt(value))
        : BigInt.asIntN(bits, BigInt(value));
      return Number(wrapped);
    }
  }
}

/** The element at a position; `accumulator`: what the step has reduced. */
export function evaluate(element: Element, at: Position, around: Surroundings, accumulator?: Value): Value {
  const of = (part: Element) => evaluate(part, at, around, accumulator);
  switch (element.kind) {
    case "read":
      return readAt(element.view, at, around);
    case "constant":
      return rounded(element.value, element.dtype);
    case "index":
      return rounded(at[element.axis], element.dtype);
    case "accumulator":
      return accumulator;
    case "select":
      return of(element.condition) ? of(element.then) : of(element.else);
    case "cast":
      return cast(of(element.value), element.dtype);
    case "call":
      return call(element, element.args.map(of), around);
    case "gather": {
      let place = placeOf(element.view, at, around);
      for (const { value, stride, limit } of element.indices) {
        const index = Number(of(value));
        const isInside = index >= 0 && index < limit;
        if (!isInside) around.fault?.(element.fault);
        place += isInside ? index * stride : 0;
      }
      return around.dataOf(element.view.storage)[place];
    }
  }
}

/** Floats that no int32 (for int64: no int64) can hold become the lowest. */
function cast(value: Value, to: ElementType): Value {
  if (to === "bool") return Number(Boolean(value) || Number.isNaN(value));
  if (typeof value === "bigint" || to.startsWith("float"))
    return rounded(to.startsWith("float") ? Number(value) : value, to);
  const end = to === "int64" ? 2 ** 63 : 2 ** 31;
  const whole = Math.trunc(value);
  return rounded(whole >= -end && whole < end ? whole : -end, to);
}

function call(
  { name, args }: Extract<Element, { kind: "call" }>,
  values: Value[],
  around: Surroundings,
): Value {
  const dtype = (args[0] as Element).dtype;
  const [a, b] = values;
  if (name in predicates) return Number((predicates[name] as Fn)(a, b));
  const isFloat = dtype === "float32" || dtype === "float64";
  const run =
    (isFloat ? floats[name] : undefined) ??
    both[name] ??
    (isFloat ? undefined : integers(dtype, around)[name]);
  if (!run) throw new Exception("LogicError", `slow twin: there is no ${name} of ${dtype}.`);
  return rounded(run(a, b), dtype);
}
type Fn = (a: Value, b: Value) => Value;

const predicates: Record<string, Fn> = {
  equal: (a, b) => a === b,
  notEqual: (a, b) => a !== b,
  less: (a, b) => a < b,
  lessEqual: (a, b) => a <= b,
  greater: (a, b) => a > b,
  greaterEqual: (a, b) => a >= b,
  isNan: (a) => Number.isNaN(a),
  isInf: (a) => Math.abs(Number(a)) === Infinity,
  isFinite: (a) => Number.isFinite(Number(a)),
};

const both: Record<string, Fn> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => product(a, b),
  neg: (a) => -a,
  abs: (a) => (a < 0 || Object.is(a, -0) ? -a : a),
  sign: (a) => (a > 0 ? 1 : a < 0 ? -1 : typeof a === "bigint" ? 0 : a),
  square: (a) => product(a, a),
  minimum: (a, b) => (b < a || Number.isNaN(b) ? b : a),
  maximum: (a, b) => (a < b || Number.isNaN(b) ? b : a),
};

/** Of two int32, exact, though a double might round it: only the low bits are kept then. */
function product(a: Value, b: Value): Value {
  const isLarge = Number.isInteger(a) && Number.isInteger(b) && Math.abs(a * b) > Number.MAX_SAFE_INTEGER;
  return isLarge && Math.abs(a) <= 2 ** 31 && Math.abs(b) <= 2 ** 31 ? BigInt(a) * BigInt(b) : a * b;
}

const floats: Record<string, Fn> = {
  canonicalNan: (a) => a,
  div: (a, b) => a / b,
  sqrt: Math.sqrt,
  rsqrt: (a) => 1 / Math.sqrt(a),
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  sigmoid: (a) => 1 / (1 + Math.exp(-a)),
  relu: (a) => Math.max(a, 0),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** In bigints of any size, which `rounded` cuts. */
function integers(dtype: ElementType, around: Surroundings): Record<string, Fn> {
  const exact =
    (run: (a: bigint, b: bigint) => bigint): Fn =>
    (a, b) => {
      const result = run(BigInt(a), BigInt(b ?? 0));
      return dtype === "int64"
        ? BigInt.asIntN(64, result)
        : rounded(Number(BigInt.asIntN(32, result)), dtype);
    };
  const divided = (run: (a: bigint, b: bigint) => bigint) =>
    exact((a, b) => {
      if (b !== 0n) return run(a, b);
      around.fault?.("Integer division by zero");
      return 0n;
    });
  const floorMod = (a: bigint, b: bigint) => ((a % b) + b) % b;
  const last = { int64: 63, int32: 31, int16: 15, uint16: 15, int8: 7, uint8: 7 }[dtype as "int32"] ?? 0;
  const count = (b: bigint) => (b < 0n ? 0n : b > last ? BigInt(last) : b);
  return {
    squaredDifference: (a, b) => product(rounded(a - b, dtype), rounded(a - b, dtype)),
    floorMod: divided(floorMod),
    floorDiv: divided((a, b) => (a - floorMod(a, b)) / b),
    truncateDiv: divided((a, b) => a / b),
    truncateMod: divided((a, b) => a % b),
    and: exact((a, b) => a & b),
    or: exact((a, b) => a | b),
    xor: exact((a, b) => a ^ b),
    not: dtype === "bool" ? (a) => 1 - a : exact((a) => ~a),
    leftShift: exact((a, b) => a << count(b)),
    rightShift: exact((a, b) => a >> count(b)),
    pow: exact((a, b) => {
      if (b >= 0n) return a ** b;
      around.fault?.("Integers to negative integer powers are not allowed");
      return 0n;
    }),
  };
}
