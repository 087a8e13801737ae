/** A long row of a softmax: its maximum, then the sum of the exponentials, then the quotients, each in one go. */
import { binary, constant, div } from "../kernel/expr.js";
import type { Expr, Local } from "../kernel/ir.js";
import { expOfNegative } from "../kernel/math/exp.js";
import { log } from "../kernel/math/log.js";
import { read } from "../tensor/element.js";
import { type Scope, shift, walkTiles } from "./loopNest.js";
import { type SoftmaxRow, tree } from "./softmaxRow.js";

/** Partial sums side by side, however long the row is. */
const accumulatorCount = 4;

/** Writes one row; `scope` has entered all axes but the row's. */
export function longSoftmaxRow(scope: Scope, row: SoftmaxRow): void {
  const { form, out, isLog } = row;
  const { k } = scope;
  const isStored = row.value.kind !== "read";
  const highest = form.splat(
    scope,
    overRow(scope, row, "max", (at, count) => {
      const value = form.emit(at, row.value, count);
      if (isStored) form.store(at, out, value, count);
      return value;
    }),
  );
  const source = isStored ? read(out) : row.value;
  const shifted = (at: Scope, count: number) => binary("sub", form.emit(at, source, count), highest);
  const sum = overRow(scope, row, "add", (at, count) => {
    const power = k.let(expOfNegative(k, k.let(shifted(at, count))));
    if (!isLog) form.store(at, out, power, count);
    return power;
  });
  const one = constant(sum.type, 1);
  const factor = form.splat(scope, k.let(isLog ? log(k, sum) : div(one, sum)));
  eachVector(scope, row, 4, (at, count) => {
    const value = isLog
      ? binary("sub", k.let(shifted(at, count)), factor)
      : binary("mul", form.emit(at, read(out), count), factor);
    form.store(at, out, value, count);
  });
}

/** What all elements of the row combine to; `emit` gives those of one vector. */
function overRow(
  scope: Scope,
  row: SoftmaxRow,
  op: "max" | "add",
  emit: (at: Scope, count: number) => Expr,
): Expr {
  const { k } = scope;
  const { form } = row;
  const start = op === "max" ? -Infinity : 0;
  const type = row.out.dtype === "float64" ? "f64" : "f32";
  const vectors = Array.from({ length: accumulatorCount }, () =>
    k.variable(constant(form.isVector ? "f32v" : type, start), op),
  );
  const tails: Expr[] = [];
  eachVector(scope, row, accumulatorCount, (at, count, index) => {
    const value = emit(at, count);
    const into = vectors[index] as Local;
    if (count === form.lanes) k.set(into, binary(op, value, into));
    else tails.push(form.across(scope, op, value, count));
  });
  return tree(scope, op, [form.across(scope, op, tree(scope, op, vectors)), ...tails]);
}

/** The row's vectors, `tile` a round; `index`: which of the round's. */
function eachVector(
  scope: Scope,
  { form, axis, length }: SoftmaxRow,
  tile: number,
  body: (at: Scope, count: number, index: number) => void,
): void {
  const { lanes } = form;
  const whole = length - (length % lanes);
  const round = (at: Scope, count: number) => {
    for (let index = 0; index * lanes < count; index++) body(shift(at, axis, index * lanes), lanes, index);
  };
  walkTiles(scope, axis, whole, tile * lanes, round, true);
  const rest = length - whole;
  if (rest > 0) walkTiles(scope, axis, 1, 1, (at) => body(shift(at, axis, whole), rest, 0), true);
}
