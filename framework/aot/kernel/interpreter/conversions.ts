/** The kernel IR's `convert` and `bits` of one number, for the interpreter. */
import { Exception } from "../../../base/errors.js";
import type { Type } from "../ir.js";
import { elementOf } from "./arithmetic.js";
import { roundToOdd } from "./fusedMultiplyAdd.js";

// biome-ignore lint/suspicious/noExplicitAny: number or bigint by the type, which only the caller's Expr knows
type Conversion = (value: any) => any;

/** Float to integer truncates and saturates, NaN gives 0; all else rounds once, to nearest. */
export function conversion(from: Type, to: Type): Conversion {
  if ((from.length === 4) !== (to.length === 4) || from === to)
    throw new Exception("LogicError", `kernel IR: ${from} does not convert to ${to}.`);
  const [source, target] = [elementOf(from), elementOf(to)];
  if (target === "i64") return source === "i32" ? BigInt : (a) => saturatedI64(a);
  if (target === "i32") return source === "i64" ? (a) => Number(BigInt.asIntN(32, a)) : saturatedI32;
  if (target === "f64") return Number;
  return source === "i64" ? floatOfI64 : Math.fround;
}

function saturatedI32(a: number): number {
  return Number.isNaN(a) ? 0 : Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, a)) | 0;
}

function saturatedI64(a: number): bigint {
  if (Number.isNaN(a)) return 0n;
  if (a >= 2 ** 63) return 2n ** 63n - 1n;
  return a <= -(2 ** 63) ? -(2n ** 63n) : BigInt(Math.trunc(a));
}

/** Through a double that is rounded to odd, so that the second rounding is the only one. */
function floatOfI64(a: bigint): number {
  const near = Number(a);
  return Math.fround(roundToOdd(near, Number(a - BigInt(near))));
}

const scratch = new DataView(new ArrayBuffer(8));

/** Scalars: i32 ↔ f32, i64 ↔ f64. A NaN need not keep its payload. */
export function reinterpretation(from: Type, to: Type): Conversion {
  const known: Record<string, Conversion> = {
    "i32 f32": through("setInt32", "getFloat32"),
    "f32 i32": through("setFloat32", "getInt32"),
    "i64 f64": through("setBigInt64", "getFloat64"),
    "f64 i64": through("setFloat64", "getBigInt64"),
  };
  const found = known[`${from} ${to}`];
  if (!found) throw new Exception("LogicError", `kernel IR: the bits of ${from} are no ${to}.`);
  return found;
}

type Setter = "setInt32" | "setFloat32" | "setBigInt64" | "setFloat64";
type Getter = "getInt32" | "getFloat32" | "getBigInt64" | "getFloat64";

function through(set: Setter, get: Getter): Conversion {
  return (a) => {
    scratch[set](0, a as never);
    return scratch[get](0);
  };
}
