/** A softmax row of a few vectors, all in registers: no loop, the exponentials of up to a vector at once. */
import { binary, constant } from "../kernel/expr.js";
import type { Expr } from "../kernel/ir.js";
import { expOfNegative } from "../kernel/math/exp.js";
import { log } from "../kernel/math/log.js";
import { enter, type Scope, shift } from "./loopNest.js";
import { type SoftmaxRow, tree } from "./softmaxRow.js";
import type { VectorForm } from "./VectorForm.js";

/** Writes one row; `row` has entered all axes but the row's. */
export function shortSoftmaxRow(row: Scope, { form, out, value, isLog, axis, length }: SoftmaxRow): void {
  const { k } = row;
  const start = enter(row, axis, constant("i32", 0), true);
  const parts = Array.from({ length: Math.ceil(length / form.lanes) }, (_, index) => {
    const from = index * form.lanes;
    return { at: shift(start, axis, from), count: Math.min(form.lanes, length - from) };
  });
  const values = parts.map(({ at, count }) => form.emit(at, value, count));
  const counts = parts.map(({ count }) => count);
  const highest = form.splat(row, combine(row, form, "max", values, counts));
  const shifted = values.map((x) => k.let(binary("sub", x, highest)));
  const powers = shifted.map((x) => k.let(expOfNegative(k, x)));
  const sum = combine(row, form, "add", powers, counts);
  const divisor = form.splat(row, isLog ? k.let(log(k, sum)) : sum);
  for (const [index, { at, count }] of parts.entries()) {
    const x = (isLog ? shifted : powers)[index] as Expr;
    form.store(at, out, binary(isLog ? "sub" : "div", x, divisor), count);
  }
}

/** All elements of a row: whole vectors, then their lanes, then those of a shorter last vector. */
function combine(
  row: Scope,
  form: VectorForm,
  op: "max" | "add",
  values: readonly Expr[],
  counts: readonly number[],
): Expr {
  const isWhole = (index: number) => counts[index] === form.lanes;
  const whole = values.filter((_value, index) => isWhole(index));
  const rest = values.filter((_value, index) => !isWhole(index));
  const lanes = whole.length > 0 ? form.lanesOf(row, tree(row, op, whole)) : [];
  const tail = rest.flatMap((value) => form.lanesOf(row, value, counts.at(-1)));
  if (lanes.length === 0) return tree(row, op, tail);
  return tree(row, op, [tree(row, op, lanes), ...(tail.length > 0 ? [tree(row, op, tail)] : [])]);
}
