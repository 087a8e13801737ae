/**
 * Puts one expression into another: what a step has written is read through a view; seen through the same view, the
 * operands of that step give the value directly.
 */
import { sameShape } from "../../tensorflow/reference/broadcast.js";
import { rewrite } from "../tensor/element.js";
import type { Element } from "../tensor/ir.js";
import { rowMajor, type View } from "../tensor/View.js";

/**
 * `value` is over an index space of that shape, written densely. Gives it over the index space of `through`, a view of
 * what was written; undefined where strides cannot say it.
 */
export function reindex(value: Element, shape: readonly number[], through: View): Element | undefined {
  const isSame = through.isWhole && sameShape(through.shape, shape);
  if (isSame) return value;
  const map = through.isWhole ? (view: View) => view.reshape(through.shape) : pick(shape, through);
  if (!map) return undefined;
  let isPossible = true;
  const changed = rewrite(value, (part) => {
    if (part.kind === "index") isPossible = false;
    if (part.kind !== "read" && part.kind !== "gather") return part;
    const view = map(part.view);
    if (!view) isPossible = false;
    return view ? { ...part, view } : part;
  });
  return isPossible ? changed : undefined;
}

/** How a view walks the axes of the dense tensor that it is a view of: the same walk over another tensor. */
function pick(shape: readonly number[], through: View): ((view: View) => View) | undefined {
  if (through.terms.length > 0 || through.count === 0) return undefined;
  const dense = rowMajor(shape);
  const begin = dense.map((stride, axis) => {
    const size = shape[axis] as number;
    return size === 1 ? 0 : Math.floor(through.offset / stride) % size;
  });
  const walks: { axis: number; step: number }[] = [];
  for (const [axis, stride] of through.strides.entries()) {
    const size = through.shape[axis] as number;
    if (size === 1 || stride === 0) {
      walks.push({ axis: -1, step: 0 });
      continue;
    }
    const own = dense.findIndex((step, i) => {
      if (shape[i] === 1 || stride % step !== 0) return false;
      const last = (begin[i] as number) + (stride / step) * (size - 1);
      return last >= 0 && last < (shape[i] as number);
    });
    if (own < 0 || walks.some((walk) => walk.axis === own)) return undefined;
    walks.push({ axis: own, step: stride / (dense[own] as number) });
  }
  return (view) => {
    const offset = begin.reduce((sum, at, axis) => sum + at * (view.strides[axis] as number), view.offset);
    const strides = walks.map(({ axis, step }) => (axis < 0 ? 0 : step * (view.strides[axis] as number)));
    return view.strided(through.shape, strides, offset);
  };
}
