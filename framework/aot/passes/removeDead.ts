/** Drops steps that write what nobody reads, and loops and branches that have become empty. */
import type { Step } from "../tensor/ir.js";
import type { Storage } from "../tensor/View.js";
import { isCompute, mapBodies, readsOf, visit } from "./access.js";

/** `kept`: storages that are read after the run. */
export function removeDead(steps: readonly Step[], kept: ReadonlySet<Storage>): readonly Step[] {
  for (let current = steps; ; ) {
    const read = new Set(kept);
    visit(current, (step) => {
      for (const { storage } of readsOf(step))
        if (!isCompute(step) || step.out.storage !== storage) read.add(storage);
    });
    let removed = 0;
    const sweep = (list: readonly Step[]): readonly Step[] =>
      list
        .map((step) => mapBodies(step, sweep))
        .filter((step) => {
          const isNeeded = isCompute(step) ? read.has(step.out.storage) : !isEmpty(step);
          if (!isNeeded) removed++;
          return isNeeded;
        });
    current = sweep(current);
    if (removed === 0) return current;
  }
}

function isEmpty(step: Step): boolean {
  if (step.kind === "loop") return step.body.length === 0;
  return step.kind === "if" && step.then.length === 0 && step.else.length === 0;
}
