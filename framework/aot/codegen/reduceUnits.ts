/** The inner loops of a tile of outputs: small windows written out, others looped over; then the outputs' epilogues. */
import { add, i32, isFloat } from "../kernel/expr.js";
import type { Expr } from "../kernel/ir.js";
import type { ReduceStep } from "../tensor/ir.js";
import { sizeOf } from "../tensor/View.js";
import { enter, enterAll, positions, type Scope, shift } from "./loopNest.js";
import { assign, finish, merge, type PartialResult, startOf, variablesOf } from "./reduceOps.js";
import { storeOutput, takeIn, valueType } from "./reduceOutput.js";

/** One accumulator's outputs: a scalar, or `count` lanes. */
export interface Unit {
  readonly scope: Scope;
  readonly count: number | undefined;
}

/** Windows of up to so many elements are written out. */
const largestWindow = 32;

export function isWindow({ inner }: ReduceStep): boolean {
  return sizeOf(inner) <= largestWindow;
}

/** Reduces and stores the outputs of all units, which share what they load. */
export function reduceUnits(step: ReduceStep, units: readonly Unit[]): void {
  const partials = isWindow(step) ? overWindow(step, units) : overLoops(step, units);
  for (const [index, { scope, count }] of units.entries())
    storeOutput(step, scope, finish(scope.k, step.op, partials[index] as PartialResult), count);
}

function innerAxes({ out, inner }: ReduceStep): { axis: number; size: number }[] {
  return inner.map((size, index) => ({ axis: out.rank + index, size }));
}

function overWindow(step: ReduceStep, units: readonly Unit[]): PartialResult[] {
  const loads = new Map<string, Expr>();
  const partials: (PartialResult | undefined)[] = units.map(() => undefined);
  const starts = units.map(({ scope }) => {
    const emitter = scope.emitter.at(scope.position, undefined, loads);
    return innerAxes(step).reduce((at, { axis }) => enter(at, axis, i32(0), true), { ...scope, emitter });
  });
  for (const position of positions(step.inner))
    for (const [index, { count }] of units.entries()) {
      const first = starts[index] as Scope;
      const at = position.reduce((place, by, axis) => shift(place, step.out.rank + axis, by), first);
      partials[index] = takeIn(step, at, partials[index], count);
    }
  return partials as PartialResult[];
}

/** Float sums over more elements go by parts: else the error of each addition is that of the whole sum so far. */
const longestSum = 512;
const partLength = 256;

function overLoops(step: ReduceStep, units: readonly Unit[]): PartialResult[] {
  const { op, value } = step;
  const [{ scope }] = units as [Unit];
  const { k } = scope;
  const nothing = units.map(({ count }) => startOf(op, value.dtype, valueType(step, count)));
  const sums = nothing.map((start) => variablesOf(k, start));
  const takeAll = (places: readonly Scope[]) => {
    const loads = new Map<string, Expr>();
    for (const [index, sum] of sums.entries()) {
      const at = places[index] as Scope;
      const emitter = at.emitter.at(at.position, undefined, loads);
      assign(k, sum, takeIn(step, { ...at, emitter }, sum, (units[index] as Unit).count));
    }
  };
  const places = units.map((unit) => unit.scope);
  if (!goesByParts(step)) {
    loopOver(k, innerAxes(step), places, takeAll);
    return sums;
  }
  const totals = nothing.map((start) => variablesOf(k, start));
  inParts(k, innerAxes(step), places, (axes, from) => {
    for (const [index, sum] of sums.entries()) assign(k, sum, nothing[index] as PartialResult);
    loopOver(k, axes, from, takeAll);
    for (const [index, total] of totals.entries())
      assign(k, total, merge(k, op, total, sums[index] as PartialResult));
  });
  return totals;
}

function goesByParts(step: ReduceStep): boolean {
  const { op, inner } = step;
  return op === "sum" && isFloat(valueType(step, undefined)) && sizeOf(inner) > longestSum;
}

/** An inner axis, or a part of it. */
interface Axis {
  readonly axis: number;
  readonly size: number;
  /** Where it begins; at 0 where not given. */
  readonly from?: Expr;
}

/** The body for parts of the axes, in order; only the extents decide which. */
function inParts(
  k: Scope["k"],
  axes: readonly Axis[],
  places: readonly Scope[],
  body: (axes: readonly Axis[], places: readonly Scope[]) => void,
): void {
  const [first, ...rest] = axes as [Axis, ...Axis[]];
  const each = sizeOf(rest.map(({ size }) => size));
  if (each >= partLength) {
    k.for(0, first.size, 1, (index) => inParts(k, rest, enterAll(places, first.axis, index), body));
    return;
  }
  const length = Math.floor(partLength / each);
  const whole = first.size - (first.size % length);
  k.for(0, whole, length, (from) => body([{ ...first, size: length, from }, ...rest], places));
  if (whole < first.size) body([{ ...first, size: first.size - whole, from: i32(whole) }, ...rest], places);
}

/** Loops that all units share, each from its own place; the innermost a few elements a round. */
function loopOver(
  k: Scope["k"],
  axes: readonly Axis[],
  places: readonly Scope[],
  body: (places: readonly Scope[]) => void,
): void {
  const [first, ...rest] = axes;
  if (!first) {
    body(places);
    return;
  }
  const { axis, size, from } = first;
  const tile = rest.length > 0 ? 1 : places.length >= 4 ? 2 : 4;
  const whole = size - (size % tile);
  const round = (index: Expr, count: number) => {
    const entered = enterAll(places, axis, from ? k.let(add(from, index)) : index, rest.length === 0);
    for (let at = 0; at < count; at++)
      loopOver(
        k,
        rest,
        entered.map((place) => shift(place, axis, at)),
        body,
      );
  };
  k.for(0, whole, tile, (index) => round(index, tile));
  if (whole < size) round(i32(whole), size - whole);
}
