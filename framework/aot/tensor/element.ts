/** Makes and walks element expressions of the tensor IR. */
import { Exception } from "../../base/errors.js";
import type { Element } from "./ir.js";
import type { ElementType, View } from "./View.js";

/** The view's element at each position of an index space of that shape. */
export function read(view: View, shape: readonly number[] = view.shape): Element {
  return { kind: "read", dtype: view.dtype, view: view.broadcast(shape) };
}

export function constantElement(dtype: ElementType, value: number | bigint): Element {
  return { kind: "constant", dtype, value };
}

const predicates = new Set([
  "equal",
  "notEqual",
  "less",
  "lessEqual",
  "greater",
  "greaterEqual",
  "isNan",
  "isInf",
  "isFinite",
]);

/** @throws LogicError when the arguments' dtypes differ */
export function call(name: string, ...args: readonly Element[]): Element {
  const [first] = args;
  if (!first || args.some(({ dtype }) => dtype !== first.dtype))
    throw new Exception("LogicError", `tensor IR: ${name} of ${args.map(({ dtype }) => dtype).join(", ")}.`);
  return { kind: "call", dtype: predicates.has(name) ? "bool" : first.dtype, name, args };
}

export function selectElement(condition: Element, then: Element, otherwise: Element): Element {
  return { kind: "select", dtype: then.dtype, condition, then, else: otherwise };
}

export function cast(value: Element, dtype: ElementType): Element {
  return value.dtype === dtype ? value : { kind: "cast", dtype, value };
}

export function accumulator(dtype: ElementType): Element {
  return { kind: "accumulator", dtype };
}

/** The operands of an expression. */
export function operands(element: Element): readonly Element[] {
  switch (element.kind) {
    case "call":
      return element.args;
    case "select":
      return [element.condition, element.then, element.else];
    case "cast":
      return [element.value];
    case "gather":
      return element.indices.map(({ value }) => value);
    default:
      return [];
  }
}

/** The expression with `change` applied to each part, from the operands up. A part used twice stays one part. */
export function rewrite(
  element: Element,
  change: (part: Element) => Element,
  done = new Map<Element, Element>(),
): Element {
  const known = done.get(element);
  if (known) return known;
  const changed = change(withOperands(element, (part) => rewrite(part, change, done)));
  done.set(element, changed);
  return changed;
}

function withOperands(element: Element, change: (part: Element) => Element): Element {
  switch (element.kind) {
    case "call":
      return { ...element, args: element.args.map(change) };
    case "select":
      return {
        ...element,
        condition: change(element.condition),
        then: change(element.then),
        else: change(element.else),
      };
    case "cast":
      return { ...element, value: change(element.value) };
    case "gather":
      return {
        ...element,
        indices: element.indices.map((index) => ({ ...index, value: change(index.value) })),
      };
    default:
      return element;
  }
}

/** All views that an expression reads. */
export function viewsOf(element: Element): View[] {
  const own = element.kind === "read" || element.kind === "gather" ? [element.view] : [];
  return [...own, ...operands(element).flatMap(viewsOf)];
}
