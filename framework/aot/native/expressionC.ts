/**
 * Prints expressions of the kernel IR as C, with the operations of preludeC.ts. Integers wrap (-fwrapv), products and
 * sums stay apart (-ffp-contract=off), so that the text means what the IR says.
 */
import { Exception } from "../../base/errors.js";
import { isFloat, isVector } from "../kernel/expr.js";
import {
  acrossIdentity,
  type BinaryOp,
  type Block,
  type Expr,
  type Local,
  type MemoryType,
  type Target,
  type Type,
} from "../kernel/ir.js";

/** What the printer of a kernel knows of its locals and blocks. */
export interface Names {
  readonly target: Target;
  local(local: Local): string;
  /** An index of a loop, which C holds in 64 bits. */
  isWide(local: Local): boolean;
  /** The C pointer to where the block begins. */
  start(block: Block): string;
}

type Kind<K extends Expr["kind"]> = Extract<Expr, { kind: K }>;

const infix: Partial<Record<BinaryOp, string>> = {
  add: "+",
  sub: "-",
  mul: "*",
  and: "&",
  or: "|",
  xor: "^",
};
const comparisons: Partial<Record<BinaryOp, string>> = {
  eq: "==",
  ne: "!=",
  lt: "<",
  le: "<=",
  gt: ">",
  ge: ">=",
};

/** An expression that C may take anywhere; its C type is named as in the IR. */
export function expressionC(expr: Expr, names: Names): string {
  const print = (inner: Expr) => expressionC(inner, names);
  switch (expr.kind) {
    case "local":
      return names.isWide(expr) ? `((i32)${names.local(expr)})` : names.local(expr);
    case "constant":
      return constantC(expr.type, expr.value);
    case "load":
      return loadC(expr, names);
    case "unary":
      if (expr.op === "not") return `(~${print(expr.value)})`;
      if (expr.op === "neg" && expr.type !== "f32v") return `(-${print(expr.value)})`;
      return `${expr.op}_${expr.type}(${print(expr.value)})`;
    case "binary":
      return binaryC(expr, names);
    case "fma": {
      const [a, b, c] = [print(expr.a), print(expr.b), print(expr.c)];
      return names.target.hasFma ? `fma_${expr.type}(${a}, ${b}, ${c})` : `(${a} * ${b} + ${c})`;
    }
    case "select": {
      const [then, otherwise] = [print(expr.then), print(expr.else)];
      if (!isVector(expr.type)) return `(${print(expr.condition)} ? ${then} : ${otherwise})`;
      return `select_${expr.type}(${maskC(expr.condition, names)}, ${then}, ${otherwise})`;
    }
    case "convert": {
      const from = expr.value.type;
      const isCall = isVector(expr.type) || (isFloat(from) && !isFloat(expr.type));
      return isCall
        ? `${expr.type}_of_${from}(${print(expr.value)})`
        : `((${expr.type})${print(expr.value)})`;
    }
    case "bits":
      if (isVector(expr.type)) return `((${expr.type})${print(expr.value)})`;
      return `bits_${expr.type}(${print(expr.value)})`;
    case "splat":
      return `splat_${expr.value.type}(${print(expr.value)})`;
    case "lane":
      return `lane_${expr.value.type}(${print(expr.value)}, ${expr.lane})`;
    case "across":
      return `across_${expr.op}(${acrossC(expr, names)})`;
  }
}

/** The vector whose lanes are joined. */
function acrossC({ op, value, count }: Kind<"across">, names: Names): string {
  const all = expressionC(value, names);
  if (!isPart(count, names)) return all;
  return `first_f32v(${all}, ${count}, ${constantC("f32v", acrossIdentity[op])})`;
}

function binaryC(expr: Kind<"binary">, names: Names): string {
  const [left, right] = [expressionC(expr.left, names), expressionC(expr.right, names)];
  const type = expr.left.type;
  const compared = comparisons[expr.op];
  if (compared)
    return isVector(type) ? `((i32v)(${left} ${compared} ${right}))` : `(${left} ${compared} ${right})`;
  if ((expr.op === "rem" && isFloat(type)) || (type === "i32v" && (expr.op === "div" || expr.op === "rem")))
    throw new Exception("LogicError", `kernel IR: there is no ${expr.op} of ${type}.`);
  const sign = expr.op === "div" && isFloat(type) ? "/" : infix[expr.op];
  return sign ? `(${left} ${sign} ${right})` : `${expr.op}_${type}(${left}, ${right})`;
}

/** A mask where it selects: comparisons go straight to AVX-512's mask registers, and are joined there. */
function maskC(expr: Expr, names: Names): string {
  if (expr.kind === "unary" && expr.op === "not" && isComparison(expr.value))
    return `((mask)~${maskC(expr.value, names)})`;
  if (expr.kind !== "binary" || !isComparison(expr)) return `mask_of(${expressionC(expr, names)})`;
  if (!(expr.op in comparisons))
    return `((mask)(${maskC(expr.left, names)} ${infix[expr.op]} ${maskC(expr.right, names)}))`;
  const [left, right] = [expressionC(expr.left, names), expressionC(expr.right, names)];
  return `m_${expr.op}_${expr.left.type}(${left}, ${right})`;
}

function isComparison(expr: Expr): boolean {
  if (expr.kind === "unary") return expr.op === "not" && isComparison(expr.value);
  if (expr.kind !== "binary") return false;
  if (expr.op in comparisons) return true;
  return ["and", "or", "xor"].includes(expr.op) && isComparison(expr.left) && isComparison(expr.right);
}

function loadC(expr: Kind<"load">, names: Names): string {
  const address = addressC(expr.block, expr.index, expr.offset, names);
  if (isPart(expr.count, names)) return `part_${expr.type}(${address}, ${expr.count})`;
  const value = `*(const m_${expr.memory} *)(${address})`;
  return expr.memory === expr.type ? `(${value})` : `((i32)${value})`;
}

/** Whether a load or store is of fewer than all lanes. */
export function isPart(count: number | undefined, names: Names): boolean {
  return count !== undefined && count < names.target.lanes;
}

/** The type that memory of a kind is accessed as. */
export function memoryC(memory: MemoryType): string {
  return `m_${memory}`;
}

/** Where a load or store goes: its sums and products in 64 bits, as addresses are, which spares widening each. */
export function addressC(block: Block, index: Expr, offset: number, names: Names): string {
  return `${names.start(block)} + ${wideC(index, names)} + ${offset}`;
}

function wideC(expr: Expr, names: Names): string {
  if (expr.kind === "constant") return String(Number(expr.value) | 0);
  if (expr.kind === "local" && names.isWide(expr)) return names.local(expr);
  if (expr.kind === "binary" && ["add", "sub", "mul"].includes(expr.op))
    return `(${wideC(expr.left, names)} ${infix[expr.op]} ${wideC(expr.right, names)})`;
  return `(i64)${expressionC(expr, names)}`;
}

function constantC(type: Type, value: number | bigint): string {
  if (isVector(type)) {
    const scalar = type === "f32v" ? "f32" : "i32";
    return `splat_${scalar}(${constantC(scalar, value)})`;
  }
  if (type === "i32") return `((i32)${Number(BigInt.asUintN(32, BigInt(value)))}u)`;
  if (type === "i64") return `((i64)${BigInt.asUintN(64, BigInt(value))}u)`;
  return floatC(type as "f32" | "f64", Number(value));
}

/** The shortest decimal that JavaScript prints reads back as the same number; f32 values are floats already. */
function floatC(type: "f32" | "f64", value: number): string {
  const suffix = type === "f32" ? "f" : "";
  if (Number.isNaN(value)) return `__builtin_nan${suffix}("")`;
  if (!Number.isFinite(value)) return `(${value < 0 ? "-" : ""}__builtin_inf${suffix}())`;
  const text = Object.is(value, -0) ? "-0" : String(value);
  return `(${/[.e]/.test(text) ? text : `${text}.0`}${suffix})`;
}
