/**
 * Reductions along contiguous memory: lanes hold partial results, which are combined in a fixed order at the end. How
 * many there are depends on the row's length only.
 */
import type { Expr, Kernel, Local } from "../kernel/ir.js";
import { binary, i32, lane } from "../kernel/expr.js";
import type { ReduceOp, ReduceStep } from "../tensor/ir.js";
import type { CodegenContext } from "./context.js";
import { enterAll, type Scope, shift, startKernel, walk, walkTiles } from "./loopNest.js";
import { storeOutput, takeIn, valueType } from "./reduceOutput.js";
import {
  assign,
  finish,
  merge,
  mergeAll,
  mergeLanes,
  type PartialResult,
  startOf,
  take,
  variablesOf,
} from "./reduceOps.js";

/** The partial results of one row. */
interface Row {
  readonly scope: Scope;
  readonly vectors: readonly PartialResult<Local>[];
  /** Of the elements after the last whole vector. */
  readonly tail: PartialResult<Local> | undefined;
}

/** @param step over joined axes, whose last inner one canVectorize allows */
export function generateLanes(step: ReduceStep, context: CodegenContext): Kernel {
  const { out, inner, value, epilogue, origin } = step;
  const rank = out.rank + inner.length;
  const scope = startKernel(origin, context, rank, out, [value, epilogue], rank - 1);
  const outer = out.shape.map((size, axis) => ({ axis, size }));
  const last = outer.pop();
  if (!last) reduceRows(step, [scope]);
  else {
    const registers = step.op === "sum" || step.op === "prod" ? 8 : 4;
    const atOnce = registers / accumulatorCount(inner.at(-1) as number, context.target.lanes);
    walk(scope, outer, (around) =>
      walkTiles(around, last.axis, last.size, atOnce, (at, count) =>
        reduceRows(
          step,
          Array.from({ length: count }, (_, index) => shift(at, last.axis, index)),
        ),
      ),
    );
  }
  return scope.k.build();
}

/** Vectors that sum side by side: enough to hide an addition's latency. */
function accumulatorCount(length: number, lanes: number): number {
  const vectors = Math.floor(length / lanes);
  return vectors >= 8 ? 4 : vectors >= 2 ? 2 : 1;
}

function reduceRows(step: ReduceStep, scopes: readonly Scope[]): void {
  const [first] = scopes as [Scope];
  const { k, context } = first;
  const { op } = step;
  const length = step.inner.at(-1) as number;
  const { lanes } = context.target;
  const { dtype } = step.value;
  const start = (count: number | undefined) => variablesOf(k, startOf(op, dtype, valueType(step, count)));
  const rows = scopes.map((scope): Row => {
    const vectors = Array.from({ length: accumulatorCount(length, lanes) }, () => start(lanes));
    return { scope, vectors, tail: length % lanes === 0 ? undefined : start(undefined) };
  });
  const around = step.inner.slice(0, -1).map((size, index) => ({ axis: step.out.rank + index, size }));
  // The rows share their loops: each enters the inner axes from its own place.
  const walkInner = (places: readonly Scope[], axes: typeof around): void => {
    const [axis, ...rest] = axes;
    if (!axis) takeRow(step, rows, places);
    else k.for(0, axis.size, 1, (index) => walkInner(enterAll(places, axis.axis, index), rest));
  };
  walkInner(scopes, around);
  for (const row of rows) storeOutput(step, row.scope, total(row, op, dtype === "bool"));
}

/** One run along the contiguous axis. */
function takeRow(step: ReduceStep, rows: readonly Row[], places: readonly Scope[]): void {
  const { op } = step;
  const [{ k, context }] = places as [Scope];
  const { lanes } = context.target;
  const axis = step.out.rank + step.inner.length - 1;
  const length = step.inner.at(-1) as number;
  const accumulators = (rows[0] as Row).vectors.length;
  const whole = length - (length % lanes);
  const stride = accumulators * lanes;
  const rounds = whole - (whole % stride);
  const takeAt = (index: Expr, from: number, count: number) => {
    const starts = enterAll(places, axis, index, true);
    for (const [at, { vectors }] of rows.entries()) {
      const start = starts[at] as Scope;
      for (let lane0 = 0; lane0 < count; lane0 += lanes) {
        const sum = vectors[((from + lane0) / lanes) % accumulators] as PartialResult<Local>;
        assign(k, sum, takeIn(step, shift(start, axis, lane0), sum, lanes));
      }
    }
  };
  k.for(0, rounds, stride, (index) => takeAt(index, 0, stride));
  if (rounds < whole) takeAt(i32(rounds), 0, whole - rounds);
  if (whole === length) return;
  const ends = enterAll(places, axis, i32(whole), true);
  for (const [at, { tail }] of rows.entries()) {
    const end = ends[at] as Scope;
    const values = k.let(end.emitter.emitVector(step.value, length - whole));
    const sum = tail as PartialResult<Local>;
    for (let index = 0; index < length - whole; index++)
      assign(k, sum, take(k, op, sum, k.let(lane(values, index)), i32(whole + index)));
  }
}

function total({ scope, vectors, tail }: Row, op: ReduceOp, isBool: boolean): Expr {
  const { k, context } = scope;
  const all = mergeLanes(k, op, mergeAll(k, op, vectors), context.target.lanes);
  const result = finish(k, op, tail ? merge(k, op, all, tail) : all);
  return isBool ? k.let(binary("and", result, i32(1))) : result;
}
