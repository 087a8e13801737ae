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

/** An edge of the graph between two nodes that have boxes. */
export interface Link {
  readonly source: number;
  readonly target: number;
  /** −1 for an order. */
  readonly output: number;
  /** A switch that the whole graph reads, such as Keras' learning phase, would cover it with lines. */
  readonly isDrawn: boolean;
}

/** A single number that is read so often is not drawn. */
const manyReaders = 12;

export function linksOf(nodes: readonly NodeView[], { groupOf, isConstant }: Hierarchy): readonly Link[] {
  const links: Omit<Link, "isDrawn">[] = [];
  const readers = new Map<number, number>();
  for (const [target, { inputs }] of nodes.entries()) {
    if (!groupOf[target]) continue;
    for (const [reads, output] of inputs) {
      const source = behindWires(nodes, groupOf, reads, output);
      if (!groupOf[source] || isConstant(source)) continue;
      links.push({ source, target, output });
      readers.set(source, (readers.get(source) ?? 0) + 1);
    }
  }
  const isDrawn = (source: number) =>
    (nodes[source]?.elements ?? 1) > 1 || (readers.get(source) ?? 0) < manyReaders;
  return links.map((link) => ({ ...link, isDrawn: isDrawn(link.source) }));
}

/** Edges by the group on whose level they are drawn. */
export function visibleEdges(
  nodes: readonly NodeView[],
  { groupOf }: Hierarchy,
  links: readonly Link[],
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
  for (const { source, target, output, isDrawn } of links) {
    if (!isDrawn) continue;
    const [a, b] = [groupsOf(groupOf[source] as Group), groupsOf(groupOf[target] as Group)];
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
  return new Map([...levels].map(([group, edges]) => [group, [...edges.values()]]));
}

/** The node with a box whose output arrives there, through nodes without one that only hand it on. */
function behindWires(
  nodes: readonly NodeView[],
  groupOf: Hierarchy["groupOf"],
  from: number,
  output: number,
): number {
  let [node, port] = [from, output];
  for (let step = 0; step < nodes.length && !groupOf[node] && port >= 0; step++) {
    const inputs = (nodes[node] as NodeView).inputs;
    const next = inputs[inputs.length > port ? port : 0];
    if (!next || next[1] < 0) break;
    [node, port] = next;
  }
  return node;
}
