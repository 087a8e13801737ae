/**
 * The loops of a step: as few axes as all its views allow, so that most maps become one long loop, and the code that
 * walks them. The order of the elements stays, which sums depend on; axes are only joined, dropped when of size 1 and,
 * by the caller's choice, exchanged.
 */
import type { Expr, Local } from "../kernel/ir.js";
import { KernelBuilder } from "../kernel/KernelBuilder.js";
import { constantElement, operands, rewrite, viewsOf } from "../tensor/element.js";
import type { Element } from "../tensor/ir.js";
import { type LoopIndex, sizeOf, View } from "../tensor/View.js";
import type { CodegenContext } from "./context.js";
import { ElementEmitter } from "./emitElement.js";
import { Position } from "./Position.js";

/** Neighbouring axes of an index space that one loop walks. */
export interface Group {
  readonly size: number;
  /** Outermost first. */
  readonly axes: readonly number[];
}

/** The axes [from, to) of `shape` joined where all views allow it; those that `elements` ask an index of stay alone. */
export function groupAxes(
  shape: readonly number[],
  from: number,
  to: number,
  views: readonly View[],
  elements: readonly Element[],
): Group[] {
  const groups: Group[] = [];
  const isAlone = (axis: number) => elements.some((element) => asksIndex(element, axis));
  for (let axis = from; axis < to; axis++) {
    const size = shape[axis] as number;
    if (size === 1) continue;
    const last = groups.at(-1);
    const previous = last?.axes.at(-1);
    const isJoined =
      previous !== undefined &&
      !isAlone(axis) &&
      !isAlone(previous) &&
      views.every(({ strides }) => (strides[previous] ?? 0) === (strides[axis] ?? 0) * size);
    if (last && isJoined) groups[groups.length - 1] = { size: last.size * size, axes: [...last.axes, axis] };
    else groups.push({ size, axes: [axis] });
  }
  return groups;
}

function asksIndex(element: Element, axis: number): boolean {
  if (element.kind === "index") return element.axis === axis;
  return operands(element).some((operand) => asksIndex(operand, axis));
}

/** The view with one axis for each group, in their order. */
export function regroupView(view: View, groups: readonly Group[]): View {
  const strides = groups.map(({ axes }) => view.strides[axes.at(-1) as number] ?? 0);
  const shape = groups.map(({ size }) => size);
  return new View(view.storage, shape, strides, view.offset, view.terms);
}

/** The element over the groups' index space. */
export function regroupElement(element: Element, groups: readonly Group[]): Element {
  return rewrite(element, (part) => {
    if (part.kind === "read" || part.kind === "gather")
      return { ...part, view: regroupView(part.view, groups) };
    if (part.kind !== "index") return part;
    const axis = groups.findIndex(({ axes }) => axes.at(-1) === part.axis);
    return axis >= 0 ? { ...part, axis } : constantElement(part.dtype, part.dtype === "int64" ? 0n : 0);
  });
}

/** Where code is written: a builder, and how far into the index space it has got. */
export interface Scope {
  readonly k: KernelBuilder;
  readonly context: CodegenContext;
  readonly position: Position;
  readonly emitter: ElementEmitter;
  /** Computed as far out as they can be. */
  readonly hoisted: readonly Element[];
  readonly vectorAxis: number | undefined;
}

/** An empty kernel for a step over `rank` axes, outside of all of them. */
export function startKernel(
  name: string,
  context: CodegenContext,
  rank: number,
  out: View,
  elements: readonly Element[],
  vectorAxis?: number,
): Scope {
  const k = new KernelBuilder(name);
  const loops = new Map<LoopIndex, Local>(context.loops.map((index) => [index, k.param(index.name)]));
  const position = Position.start(k, loops, rank, [out, ...elements.flatMap(viewsOf)]);
  const emitter = new ElementEmitter(k, context, position, { vectorAxis });
  const scope = { k, context, position, emitter, hoisted: elements, vectorAxis };
  hoist(scope);
  return scope;
}

/** At coordinate `index` of an axis; what then no longer changes is computed unless the axis is the innermost one. */
export function enter(scope: Scope, axis: number, index: Expr, isInnermost = false): Scope {
  return enterAll([scope], axis, index, isInnermost)[0] as Scope;
}

/** Several places at once, which share what code they can. */
export function enterAll(scopes: readonly Scope[], axis: number, index: Expr, isInnermost = false): Scope[] {
  const positions = Position.enterAll(
    scopes.map(({ position }) => position),
    axis,
    index,
  );
  return scopes.map((scope, at) => {
    const position = positions[at] as Position;
    const entered = { ...scope, position, emitter: scope.emitter.at(position) };
    if (!isInnermost) hoist(entered);
    return entered;
  });
}

/** `count` further along an axis that is entered. */
export function shift(scope: Scope, axis: number, count: number): Scope {
  if (count === 0) return scope;
  const position = scope.position.shift(axis, count);
  return { ...scope, position, emitter: scope.emitter.at(position) };
}

function hoist({ emitter, hoisted, vectorAxis }: Scope): void {
  for (const element of hoisted) emitter.hoist(element, vectorAxis !== undefined);
}

/** Loops over several axes, outermost first; the body once for each of their positions. */
export function walk(
  scope: Scope,
  axes: readonly { readonly axis: number; readonly size: number }[],
  body: (scope: Scope) => void,
): void {
  const [first, ...rest] = axes;
  if (!first) body(scope);
  else scope.k.for(0, first.size, 1, (index) => walk(enter(scope, first.axis, index), rest, body));
}

/**
 * A loop over [0, size) of an axis in tiles of `tile` positions, then one shorter tile: the body gets a scope at the
 * tile's first position and how many there are.
 */
export function walkTiles(
  scope: Scope,
  axis: number,
  size: number,
  tile: number,
  body: (scope: Scope, count: number) => void,
  isInnermost = false,
): void {
  const whole = size - (size % tile);
  scope.k.for(0, whole, tile, (index) => body(enter(scope, axis, index, isInnermost), tile));
  if (whole < size)
    scope.k.for(whole, size, size - whole, (index) =>
      body(enter(scope, axis, index, isInnermost), size - whole),
    );
}

/** All positions of an index space, the last axis fastest. */
export function positions(shape: readonly number[]): (readonly number[])[] {
  return Array.from({ length: sizeOf(shape) }, (_, index) => {
    let rest = index;
    return shape
      .toReversed()
      .map((size) => {
        const at = rest % size;
        rest = (rest - at) / size;
        return at;
      })
      .toReversed();
  });
}
