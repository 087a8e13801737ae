/** A softmax row of a few vectors, all in registers: no loop, the exponentials of up to a vector at once. */
import { binary, constant, div } from "../kernel/expr.js";
import type { Expr } from "../kernel/ir.js";
import { expOfNegative } from "../kernel/math/exp.js";
import { log } from "../kernel/math/log.js";
import { enter, type Scope, shift } from "./loopNest.js";
import { type SoftmaxRow, tree } from "./softmaxRow.js";
import type { VectorForm } from "./VectorForm.js";

/** Writes some rows side by side, so that none waits for its own; they have entered all axes but the row's. */
export function shortSoftmaxRows(
  rows: readonly Scope[],
  { form, out, value, isLog, axis, length }: SoftmaxRow,
): void {
  const parts = rows.map((row) => {
    const start = enter(row, axis, constant("i32", 0), true);
    return Array.from({ length: Math.ceil(length / form.lanes) }, (_, index) => {
      const from = index * form.lanes;
      return { at: shift(start, axis, from), count: Math.min(form.lanes, length - from) };
    });
  });
  const [{ k }] = rows as [Scope];
  const counts = (parts[0] ?? []).map(({ count }) => count);
  const joined = (op: "max" | "add", values: readonly (readonly Expr[])[]) =>
    rows.map((row, index) => combine(row, form, op, values[index] as readonly Expr[], counts));
  const spread = (scalars: readonly Expr[]) => scalars.map((x) => form.splat(rows[0] as Scope, x));
  const values = parts.map((ofRow) => ofRow.map(({ at, count }) => form.emit(at, value, count)));
  const highest = spread(joined("max", values));
  const shifted = values.map((ofRow, row) => ofRow.map((x) => k.let(binary("sub", x, highest[row] as Expr))));
  const powers = shifted.map((ofRow) => ofRow.map((x) => k.let(expOfNegative(k, x))));
  const factors = spread(
    joined("add", powers).map((sum) => k.let(isLog ? log(k, sum) : div(constant(sum.type, 1), sum))),
  );
  for (const [row, ofRow] of parts.entries())
    for (const [index, { at, count }] of ofRow.entries()) {
      const x = (isLog ? shifted : powers)[row]?.[index] as Expr;
      form.store(at, out, binary(isLog ? "sub" : "mul", x, factors[row] as Expr), count);
    }
}

/** All elements of a row: whole vectors, then those of a shorter last one. */
function combine(
  row: Scope,
  form: VectorForm,
  op: "max" | "add",
  values: readonly Expr[],
  counts: readonly number[],
): Expr {
  const whole = values.filter((_value, index) => counts[index] === form.lanes);
  const parts = whole.length > 0 ? [form.across(row, op, tree(row, op, whole))] : [];
  const rest = values[whole.length];
  if (rest) parts.push(form.across(row, op, rest, counts.at(-1)));
  return tree(row, op, parts);
}
