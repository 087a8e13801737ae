/** How far each node is from the inputs: what a layout with cycles begins with. */
import type { NodeView } from "../GraphViewData.js";

/** Longest ways from what reads nothing; what closes a loop counts for none. */
export function depthsOf(nodes: readonly NodeView[]): Float64Array {
  const depths = new Float64Array(nodes.length).fill(-1);
  for (const start of nodes.keys()) {
    // By hand and not by calls: a chain may be longer than the stack.
    const open = [start];
    while (open.length > 0) {
      const at = open[open.length - 1] as number;
      const { inputs, op } = nodes[at] as NodeView;
      const sources = /NextIteration$/.test(op) ? [] : inputs.map(([source]) => source);
      const next = depths[at] === -1 ? sources.filter((source) => depths[source] === -1) : [];
      if (depths[at] === -1 && next.length > 0) {
        depths[at] = -2;
        open.push(...next);
        continue;
      }
      open.pop();
      if ((depths[at] ?? 0) >= 0) continue;
      depths[at] = 1 + Math.max(-1, ...sources.map((source) => depths[source] ?? -1));
    }
  }
  return depths;
}
