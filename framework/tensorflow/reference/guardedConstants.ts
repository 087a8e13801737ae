/**
 * Constants in branches. A Const inside a branch or a loop has a control input that says so, but whether it counts as
 * computed rarely matters: what reads it reads something else of that branch too. It matters where a Merge or a
 * NextIteration would take it, or what is made of constants alone, for a value; there the control input is kept.
 */
import type { NodeDef } from "../GraphDef.js";
import type { GraphIndex } from "../GraphIndex.js";
import { findOp } from "./ops.js";

/** Ops that ask whether their input has been computed, or that do something. */
const observers = new Set([
  "Merge",
  "RefMerge",
  "NextIteration",
  "RefNextIteration",
  "Exit",
  "RefExit",
  "Assert",
]);

/**
 * The nodes of `order` (a graph's, in an order that can run) that may be dead, and of these the Consts whose control
 * inputs may be left out.
 */
export function findConditional(
  index: GraphIndex,
  order: readonly NodeDef[],
): { readonly mayDie: ReadonlySet<string>; readonly free: ReadonlySet<string> } {
  const mayDie = new Set<string>();
  const byControlAlone = new Set<string>();
  for (const node of order) {
    const inputs = index.inputs(node);
    const dying = inputs.filter((input) => mayDie.has(input.node));
    if (dying.length > 0 || findOp(node).isSwitch) mayDie.add(node.name);
    const isPlain = !findOp(node).isSwitch && !observers.has(node.op);
    const isConstant = node.op === "Const" && dying.length > 0;
    const isOfThem =
      dying.length > 0 && dying.every((input) => !input.isControl && byControlAlone.has(input.node));
    if (isPlain && (isConstant || isOfThem)) byControlAlone.add(node.name);
  }
  const observed = new Set<string>();
  for (const node of [...order].reverse()) {
    const isObserver = observers.has(node.op) || observed.has(node.name);
    for (const input of index.inputs(node)) {
      if ((isObserver || input.isControl) && byControlAlone.has(input.node)) observed.add(input.node);
    }
  }
  const free = [...byControlAlone].filter((name) => !observed.has(name) && index.node(name)?.op === "Const");
  return { mayDie, free: new Set(free) };
}
