/** Which edges are seen when some groups are open: each is drawn on the level of the innermost group around both ends. */
import type { NodeView } from "../GraphViewData.js";
import { type Group, groupsAround, type Hierarchy, type Item } from "./hierarchy.js";

/** Where the edges of an open group come in and go out. */
export type End = Item | "in" | "out";

export interface Edge {
  readonly from: End;
  readonly to: End;
  /** Of the largest tensor that goes along it. */
  elements: number;
  /** How many edges of the graph it stands for. */
  count: number;
  isControl: boolean;
  /** Closes a loop. */
  isBack: boolean;
  /** Its ends in the graph, for what is chosen. */
  readonly ends: Set<number>;
}

const maxEnds = 200;

/** Edges by the group on whose level they are drawn. */
export function visibleEdges(
  nodes: readonly NodeView[],
  { groupOf, isConstant }: Hierarchy,
  open: ReadonlySet<Group>,
): ReadonlyMap<Group, readonly Edge[]> {
  const levels = new Map<Group, Map<string, Edge>>();
  const ids = new Map<End, number>();
  const idOf = (end: End) => {
    const id = ids.get(end) ?? ids.size;
    ids.set(end, id);
    return id;
  };
  const around = new Map<Group, Group[]>();
  const groupsOf = (group: Group) => {
    const known = around.get(group) ?? groupsAround(group);
    around.set(group, known);
    return known;
  };
  const add = (level: Group, from: End, to: End, source: number, target: number, output: number) => {
    const edges = levels.get(level) ?? new Map<string, Edge>();
    levels.set(level, edges);
    const key = `${idOf(from)} ${idOf(to)}`;
    const isBack = nodes[source]?.op === "NextIteration" || nodes[source]?.op === "RefNextIteration";
    const edge: Edge = edges.get(key) ?? {
      from,
      to,
      elements: 0,
      count: 0,
      isControl: true,
      isBack,
      ends: new Set(),
    };
    edges.set(key, edge);
    edge.count++;
    if (output >= 0) edge.isControl = false;
    edge.elements = Math.max(edge.elements, nodes[source]?.elements ?? 0);
    if (edge.ends.size < maxEnds) edge.ends.add(source).add(target);
  };
  for (const [target, { inputs }] of nodes.entries()) {
    const targetGroup = groupOf[target];
    if (!targetGroup) continue;
    for (const [source, output] of inputs) {
      const sourceGroup = groupOf[source];
      if (!sourceGroup || isConstant(source)) continue;
      const [a, b] = [groupsOf(sourceGroup), groupsOf(targetGroup)];
      let common = 0;
      while (common + 1 < a.length && a[common + 1] === b[common + 1]) common++;
      // Nothing is seen inside of what is closed.
      if (a.slice(0, common + 1).some((group) => !open.has(group))) continue;
      const from: Item = a[common + 1] ?? source;
      const to: Item = b[common + 1] ?? target;
      add(a[common] as Group, from, to, source, target, output);
      for (let at = common + 1; at < a.length && open.has(a[at] as Group); at++)
        add(a[at] as Group, a[at + 1] ?? source, "out", source, target, output);
      for (let at = common + 1; at < b.length && open.has(b[at] as Group); at++)
        add(b[at] as Group, "in", b[at + 1] ?? target, source, target, output);
    }
  }
  return new Map([...levels].map(([group, edges]) => [group, [...edges.values()]]));
}
