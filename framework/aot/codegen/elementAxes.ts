/** What code generators ask about an element expression: which axes it depends on, and whether vectors can compute it. */
import { scalarOnly } from "../kernel/math/scalarFunctions.js";
import { operands } from "../tensor/element.js";
import type { Element } from "../tensor/ir.js";
import type { ElementType } from "../tensor/View.js";

/** Whether the element differs along an axis; an accumulator always does. */
export function dependsOn(element: Element, axis: number): boolean {
  if (element.kind === "accumulator") return true;
  if (element.kind === "index") return element.axis === axis;
  const isOwn =
    (element.kind === "read" || element.kind === "gather") && (element.view.strides[axis] ?? 0) !== 0;
  return isOwn || operands(element).some((operand) => dependsOn(operand, axis));
}

export function hasAccumulator(element: Element): boolean {
  return element.kind === "accumulator" || operands(element).some(hasAccumulator);
}

/** How many operations an element takes, about. */
export function weight(element: Element): number {
  return 1 + operands(element).reduce((sum, part) => sum + weight(part), 0);
}

/** Of integers: no vector instruction of the kernel IR does these. */
const scalarIntegers = new Set([
  "floorDiv",
  "floorMod",
  "truncateDiv",
  "truncateMod",
  "pow",
  "leftShift",
  "rightShift",
]);

function isVectorType(dtype: ElementType): boolean {
  return dtype === "float32" || dtype === "int32" || dtype === "bool";
}

/**
 * Whether neighbours along `axis` can be computed as one vector: float32, int32 and bool all the way, bools not from
 * memory, reads one after another. What is the same all along the axis may be anything.
 */
export function canVectorize(element: Element, axis: number): boolean {
  if (!isVectorType(element.dtype)) return false;
  if (element.kind === "accumulator") return true;
  if (!dependsOn(element, axis)) return true;
  const of = (operand: Element) => canVectorize(operand, axis);
  switch (element.kind) {
    case "read":
      return element.dtype !== "bool" && element.view.strides[axis] === 1;
    case "gather":
      if (element.dtype === "bool" || element.view.strides[axis] !== 1) return false;
      return element.indices.every(({ value }) => !dependsOn(value, axis));
    case "index":
    case "constant":
      return false;
    case "call": {
      const refused = element.args[0]?.dtype === "float32" ? scalarOnly : scalarIntegers;
      return !refused.has(element.name) && element.args.every(of);
    }
    default:
      return operands(element).every(of);
  }
}
