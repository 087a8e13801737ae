/** Places of boxes and edges: each open group is laid out by itself, by layers from top to bottom, inner ones first. */
import { Graph, graphlib, layout } from "@dagrejs/dagre";
import { Group, type Item } from "./hierarchy.js";
import type { Edge, End } from "./visible.js";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box extends Point {
  readonly item: Item;
  readonly width: number;
  readonly height: number;
  /** Of an open group. */
  readonly inside: Placed | undefined;
}

export interface Placed {
  readonly group: Group;
  readonly width: number;
  readonly height: number;
  /** x, y: upper left corner, from that of the group. */
  readonly boxes: readonly Box[];
  readonly edges: readonly { readonly edge: Edge; readonly points: readonly Point[] }[];
  /** Where edges enter and leave, from the group's left side. */
  readonly inX: number;
  readonly outX: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What a layout has to know of its boxes. */
export interface Measure {
  sizeOf(item: Item): Size;
  /** The least width of an open group. */
  titleWidth(group: Group): number;
  depthOf(item: Item): number;
}

/** Room for a group's title, and around its boxes. */
const titleHeight = 34;
const margin = 18;
/** Room below the title for the edges that come in. */
const entry = 22;

export function place(
  group: Group,
  open: ReadonlySet<Group>,
  edges: ReadonlyMap<Group, readonly Edge[]>,
  measure: Measure,
): Placed {
  const inner = new Map<Item, Placed>();
  for (const child of group.children)
    if (child instanceof Group && open.has(child)) inner.set(child, place(child, open, edges, measure));
  const own = edges.get(group) ?? [];
  const graph = new Graph({ multigraph: false });
  graph.setGraph({ rankdir: "TB", nodesep: 22, ranksep: 34, edgesep: 12, acyclicer: "greedy" });
  graph.setDefaultEdgeLabel(() => ({}));
  const keys = keysOf(group, own);
  for (const child of group.children) {
    const { width, height } = inner.get(child) ?? measure.sizeOf(child);
    graph.setNode(keys(child), { width, height });
  }
  for (const end of ["in", "out"] as const)
    if (own.some(({ from, to }) => from === end || to === end))
      graph.setNode(keys(end), { width: 2, height: 2 });
  // An edge back is laid out forwards, so that its loop stays together.
  const upward = upwardEdges(own, keys, measure.depthOf);
  for (const edge of own) {
    const { from, to } = edge;
    // Laid out forwards all the same, so that what belongs together stays together.
    if (from !== to)
      upward.has(edge) ? graph.setEdge(keys(to), keys(from), {}) : graph.setEdge(keys(from), keys(to), {});
  }
  pinEnds(graph, keys);
  layout(graph);
  const leastWidth = group.parent ? measure.titleWidth(group) : 0;
  return collect({ group, edges: own, inner, upward, leastWidth }, graph, keys);
}

/** Edges that close a cycle: those of loops, and of scopes that read each other from the deeper one back. */
function upwardEdges(
  edges: readonly Edge[],
  keys: (end: End) => string,
  depthOf: (item: Item) => number,
): ReadonlySet<Edge> {
  const upward = new Set(edges.filter(({ isBack }) => isBack));
  const graph = new Graph();
  for (const edge of edges)
    if (edge.from !== edge.to && !upward.has(edge)) graph.setEdge(keys(edge.from), keys(edge.to));
  const cycle = new Map<string, number>();
  for (const [i, members] of graphlib.alg.tarjan(graph).entries())
    for (const key of members) cycle.set(key, i);
  for (const edge of edges) {
    const { from, to } = edge;
    if (typeof from === "string" || typeof to === "string" || from === to) continue;
    const isInCycle = cycle.get(keys(from)) === cycle.get(keys(to)) && cycle.has(keys(from));
    if (isInCycle && depthOf(from) > depthOf(to)) upward.add(edge);
  }
  return upward;
}

function keysOf(group: Group, edges: readonly Edge[]) {
  const numbers = new Map<End, string>(group.children.map((child, i) => [child, String(i)]));
  for (const { from, to } of edges)
    for (const end of [from, to]) if (typeof end === "string") numbers.set(end, end);
  return (end: End): string => numbers.get(end) ?? String(end);
}

/** What comes in stands above everything, what goes out below: edges without weight say so. */
function pinEnds(graph: Graph, keys: (end: End) => string): void {
  const all = graph.nodes().filter((key) => key !== "in" && key !== "out");
  const pin = (from: string, to: string) => {
    if (!graph.hasEdge(from, to)) graph.setEdge(from, to, { weight: 0, isPin: true });
  };
  if (graph.hasNode(keys("in")))
    for (const key of all) if ((graph.predecessors(key) ?? []).length === 0) pin("in", key);
  if (graph.hasNode(keys("out")))
    for (const key of all) if ((graph.successors(key) ?? []).length === 0) pin(key, "out");
}

interface Laid extends Size, Point {}

interface Level {
  readonly group: Group;
  readonly edges: readonly Edge[];
  readonly inner: ReadonlyMap<Item, Placed>;
  readonly upward: ReadonlySet<Edge>;
  readonly leastWidth: number;
}

/** From dagre's middles to our corners; the room that it left above and below for the ends of edges is taken away. */
function collect(
  { group, edges, inner, upward, leastWidth }: Level,
  graph: Graph,
  keys: (end: End) => string,
): Placed {
  const laid = (end: End) => graph.node(keys(end)) as Laid | undefined;
  const isRoot = group.parent === undefined;
  const [side, title] = isRoot ? [0, 0] : [margin, titleHeight];
  const all = group.children.map((item) => ({ item, ...(laid(item) as Laid) }));
  const highest = Math.min(...all.map(({ y, height }) => y - height / 2));
  const hasIn = edges.some(({ from }) => from === "in");
  const down = title + (hasIn ? entry : 0) - highest;
  const inside = (graph.graph() as Size).width || 0;
  const width = Math.max(inside + 2 * side, leastWidth);
  const right = (width - inside) / 2;
  const boxes = all.map(({ item, x, y, width: wide, height: tall }): Box => {
    return {
      item,
      x: right + x - wide / 2,
      y: down + y - tall / 2,
      width: wide,
      height: tall,
      inside: inner.get(item),
    };
  });
  const height = Math.max(...boxes.map((box) => box.y + box.height)) + (isRoot ? 0 : margin);
  const boxOf = new Map(boxes.map((box) => [box.item as End, box]));
  const placed = edges
    .filter(({ from, to }) => from !== to)
    .map((edge) => {
      const [a, b] = upward.has(edge) ? [edge.to, edge.from] : [edge.from, edge.to];
      const points = (graph.edge(keys(a), keys(b)) as { points?: Point[] })?.points ?? [];
      const moved = points.map(({ x, y }) => ({ x: x + right, y: y + down }));
      if (upward.has(edge)) moved.reverse();
      return { edge, points: upward.has(edge) ? moved : atPorts(edge, moved, boxOf, title, height) };
    });
  const xOf = (end: "in" | "out") => (laid(end)?.x ?? inside / 2) + right;
  return { group, width, height, boxes, edges: placed, inX: xOf("in"), outX: xOf("out") };
}

/** Ends of an edge at an open group meet that group's own edges; those at the ports reach the border. */
function atPorts(
  { from, to }: Edge,
  points: readonly Point[],
  boxOf: ReadonlyMap<End, Box>,
  title: number,
  height: number,
): readonly Point[] {
  const moved = [...points];
  const [source, target] = [boxOf.get(from), boxOf.get(to)];
  if (source?.inside) moved[0] = { x: source.x + source.inside.outX, y: source.y + source.height };
  if (target?.inside) moved[moved.length - 1] = { x: target.x + target.inside.inX, y: target.y };
  if (from === "in" && moved[0]) moved[0] = { x: moved[0].x, y: title - 4 };
  const last = moved[moved.length - 1];
  if (to === "out" && last) moved[moved.length - 1] = { x: last.x, y: height };
  // Not above where it begins, nor below where it ends.
  const [top, bottom] = [moved[0]?.y ?? 0, moved[moved.length - 1]?.y ?? 0];
  return moved.map(({ x, y }) => ({ x, y: Math.min(Math.max(y, top), bottom) }));
}
