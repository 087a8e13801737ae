/**
 * A function of the kernel IR as a JavaScript function of scalars, for sweeps that would take the interpreter too long.
 * It uses the interpreter's arithmetic, so that both give the same bits.
 */
import type { Expr, Statement, Type } from "../../../../framework/aot/kernel/ir.js";
import { KernelBuilder } from "../../../../framework/aot/kernel/KernelBuilder.js";
import { binaryOperation, unaryOperation } from "../../../../framework/aot/kernel/interpreter/arithmetic.js";
import { conversion, reinterpretation } from "../../../../framework/aot/kernel/interpreter/conversions.js";
import { fmaF32, fmaF64 } from "../../../../framework/aot/kernel/interpreter/fusedMultiplyAdd.js";
import { scalarFunctions } from "../../../../framework/aot/kernel/math/scalarFunctions.js";

// biome-ignore lint/suspicious/noExplicitAny: number or bigint by the type
type Value = any;
export type Expansion = (...args: Value[]) => Value;

/** One of scalarFunctions for arguments of a scalar type. */
export function expansion(name: string, type: Type, arity = 1, hasFma = false): Expansion {
  const k = new KernelBuilder(name);
  const args = Array.from({ length: arity }, (_, index) => k.local(type, `x${index}`));
  const result = scalarFunctions[name]!(k, ...args);
  const operations: Value[] = [];
  const use = (operation: Value, ...operands: string[]) => {
    operations.push(operation);
    return `o${operations.length - 1}(${operands})`;
  };
  const write = (expr: Expr): string => {
    switch (expr.kind) {
      case "local":
        return expr.name;
      case "constant":
        return expr.type === "i64" ? `${expr.value}n` : Object.is(expr.value, -0) ? "-0" : `(${expr.value})`;
      case "unary":
        return use(unaryOperation(expr.op, expr.type), write(expr.value));
      case "binary":
        return use(binaryOperation(expr.op, expr.left.type), write(expr.left), write(expr.right));
      case "fma":
        return use(fused(expr.type, hasFma), write(expr.a), write(expr.b), write(expr.c));
      case "select":
        return `(${write(expr.condition)} !== 0 ? ${write(expr.then)} : ${write(expr.else)})`;
      case "convert":
        return use(conversion(expr.value.type, expr.type), write(expr.value));
      case "bits":
        return use(reinterpretation(expr.value.type, expr.type), write(expr.value));
      default:
        throw new Error(`no ${expr.kind} in a scalar function`);
    }
  };
  const locals = new Set<string>();
  const body = (statements: readonly Statement[]): string => statements.map(statement).join("\n");
  const statement = (one: Statement): string => {
    if (one.kind === "set") {
      locals.add(one.local.name);
      return `${one.local.name} = ${write(one.value)};`;
    }
    if (one.kind === "if")
      return `if (${write(one.condition)}) { ${body(one.then)} } else { ${body(one.else)} }`;
    if (one.kind === "while")
      return `for (let round = 0; round < ${one.limit} && ${write(one.condition)}; round++) { ${body(one.body)} }`;
    throw new Error(`no ${one.kind} in a scalar function`);
  };
  const code = body(k.build().body);
  const value = write(result);
  const names = args.map(({ name }) => name);
  const source = `return (${names}) => { let ${[...locals, "_"]}; ${code} return ${value}; };`;
  return new Function(...operations.map((_, index) => `o${index}`), source)(...operations);
}

function fused(type: Type, hasFma: boolean): (a: number, b: number, c: number) => number {
  if (hasFma) return type === "f64" ? fmaF64 : fmaF32;
  const multiply = binaryOperation("mul", type);
  const add = binaryOperation("add", type);
  return (a, b, c) => add(multiply(a, b), c);
}

/** How many nodes an expansion has: operations with constants and locals left out. */
export function operationCount(name: string, type: Type, arity = 1): number {
  const k = new KernelBuilder(name);
  const args = Array.from({ length: arity }, () => k.local(type));
  const result = scalarFunctions[name]!(k, ...args);
  const inExpr = (expr: Expr): number => {
    const operands = Object.values(expr).filter(
      (part): part is Expr => typeof part === "object" && "kind" in part,
    );
    const own = ["local", "constant", "bits"].includes(expr.kind) ? 0 : 1;
    return operands.reduce((sum, operand) => sum + inExpr(operand), own);
  };
  const inBody = (body: readonly Statement[]): number =>
    body.reduce((sum, one) => {
      if (one.kind === "set") return sum + inExpr(one.value);
      if (one.kind === "if") return sum + inExpr(one.condition) + inBody(one.then) + inBody(one.else);
      return one.kind === "while" ? sum + inExpr(one.condition) + inBody(one.body) : sum;
    }, 0);
  return inBody(k.build().body) + inExpr(result);
}
