/**
 * Kernel IR expressions as closures, one for each node: how interpret.ts computes. Scalars are numbers (i64: bigints);
 * vectors are buffers that belong to their node and hold good until it is computed again.
 */
import { Exception } from "../../../base/errors.js";
import { isVector } from "../expr.js";
import { acrossIdentity, type Expr, type Local, type Target, type Type } from "../ir.js";
import { binaryOperation, unaryOperation } from "./arithmetic.js";
import { conversion, reinterpretation } from "./conversions.js";
import { fmaF32, fmaF64 } from "./fusedMultiplyAdd.js";

/** One buffer, seen as floats and as integers. */
export class Vector {
  readonly i32: Int32Array;
  readonly f32: Float32Array;

  constructor(lanes: number) {
    this.i32 = new Int32Array(lanes);
    this.f32 = new Float32Array(this.i32.buffer);
  }

  elements(type: Type): Int32Array | Float32Array {
    return type === "f32v" ? this.f32 : this.i32;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: number, bigint or Vector by the type, which only the Expr knows
export type Value = any;
type Load = Extract<Expr, { kind: "load" }>;

/** What expressions of one kernel are computed with. */
export interface Surroundings {
  readonly target: Target;
  readonly locals: Map<Local, { value: Value }>;
  load(expr: Load): () => Value;
  /** Called for each operation that is computed. */
  readonly count: () => void;
}

/** @throws LogicError for an expression that no printer could print; its closure, for a local that is not set yet */
export function evaluator(expr: Expr, around: Surroundings): () => Value {
  const { lanes, hasFma } = around.target;
  const of = (operand: Expr) => evaluator(operand, around);
  const { count } = around;
  const counted = (run: () => Value) => () => {
    count();
    return run();
  };
  const apply = (operation: (...values: Value[]) => Value, operands: readonly Expr[]) =>
    counted(
      isVector(operands[0]!.type)
        ? lanewise(operation, expr, operands.map(of), operands, lanes)
        : scalar(operation, operands.map(of)),
    );

  switch (expr.kind) {
    case "local":
      return localReader(expr, around);
    case "constant":
      return constantOf(expr.type, expr.value, lanes);
    case "load":
      return around.load(expr);
    case "unary":
      return apply(unaryOperation(expr.op, expr.type), [expr.value]);
    case "binary":
      if (isVector(expr.left.type) && !isVector(expr.right.type))
        return apply(binaryOperation(expr.op, expr.left.type), [
          expr.left,
          { kind: "splat", type: "i32v", value: expr.right },
        ]);
      return apply(binaryOperation(expr.op, expr.left.type), [expr.left, expr.right]);
    case "fma":
      return apply(fusedOrNot(expr.type, hasFma), [expr.a, expr.b, expr.c]);
    case "select":
      return counted(selection(of(expr.condition), of(expr.then), of(expr.else), expr.type, lanes));
    case "convert":
      return apply(conversion(expr.value.type, expr.type), [expr.value]);
    case "bits":
      if (isVector(expr.type)) return of(expr.value);
      return apply(reinterpretation(expr.value.type, expr.type), [expr.value]);
    case "splat": {
      const [value, out] = [of(expr.value), new Vector(lanes)];
      const elements = out.elements(expr.type);
      return counted(() => {
        elements.fill(value());
        return out;
      });
    }
    case "lane": {
      if (expr.lane >= lanes) throw new Exception("LogicError", `kernel IR: lane ${expr.lane} of ${lanes}.`);
      const value = of(expr.value);
      return () => value().elements(expr.value.type)[expr.lane];
    }
    case "across":
      return counted(joining(expr, of(expr.value), lanes));
  }
}

function joining(
  { op, value, count: given }: Extract<Expr, { kind: "across" }>,
  of: () => Vector,
  lanes: number,
): () => number {
  const count = given ?? lanes;
  if (value.type !== "f32v" || !(count > 0 && count <= lanes))
    throw new Exception("LogicError", `kernel IR: ${op} across ${count} lanes of ${value.type}.`);
  const join = binaryOperation(op, "f32");
  return () => {
    const left = [...of().f32].fill(acrossIdentity[op], count);
    for (let half = lanes / 2; half >= 1; half /= 2)
      for (let lane = 0; lane < half; lane++) left[lane] = join(left[lane], left[lane + half]);
    return left[0] as number;
  };
}

function localReader(local: Local, around: Surroundings): () => Value {
  const cell = around.locals.get(local);
  if (!cell) throw new Exception("LogicError", `kernel IR: local ${local.name} is never set in this kernel.`);
  return () => {
    if (cell.value === undefined)
      throw new Exception("LogicError", `kernel IR: local ${local.name} is read before it is set.`);
    return cell.value;
  };
}

function constantOf(type: Type, value: number | bigint, lanes: number): () => Value {
  if (!isVector(type)) return () => value;
  const vector = new Vector(lanes);
  vector.elements(type).fill(Number(value));
  return () => vector;
}

function fusedOrNot(type: Type, hasFma: boolean): (a: number, b: number, c: number) => number {
  if (hasFma) return type === "f64" ? fmaF64 : fmaF32;
  if (type === "f64") return (a, b, c) => a * b + c;
  return (a, b, c) => Math.fround(Math.fround(a * b) + c);
}

function scalar(operation: (...values: Value[]) => Value, operands: (() => Value)[]): () => Value {
  const [a, b, c] = operands as [() => Value, () => Value, () => Value];
  if (operands.length === 1) return () => operation(a());
  if (operands.length === 2) return () => operation(a(), b());
  return () => operation(a(), b(), c());
}

function lanewise(
  operation: (...values: Value[]) => Value,
  expr: Expr,
  operands: (() => Vector)[],
  { 0: first, 1: second, 2: third }: readonly Expr[],
  lanes: number,
): () => Vector {
  const out = new Vector(lanes);
  const results = out.elements(expr.type);
  const [a, b, c] = operands;
  return () => {
    const x = a!().elements(first!.type);
    const y = b?.().elements(second!.type);
    const z = c?.().elements(third!.type);
    for (let lane = 0; lane < lanes; lane++) results[lane] = operation(x[lane], y?.[lane], z?.[lane]);
    return out;
  };
}

/** Both sides are computed, as vectors must and scalars may. */
function selection(
  condition: () => Value,
  then: () => Value,
  otherwise: () => Value,
  type: Type,
  lanes: number,
): () => Value {
  if (!isVector(type)) {
    return () => {
      const [chosen, a, b] = [condition(), then(), otherwise()];
      return chosen !== 0 ? a : b;
    };
  }
  const out = new Vector(lanes);
  return () => {
    const [mask, a, b] = [condition().i32, then().i32, otherwise().i32];
    for (let lane = 0; lane < lanes; lane++) {
      if (mask[lane] !== 0 && mask[lane] !== -1)
        throw new Exception("LogicError", `kernel IR: ${mask[lane]} is no mask: each lane is 0 or −1.`);
      out.i32[lane] = mask[lane] ? a[lane] : b[lane];
    }
    return out;
  };
}
