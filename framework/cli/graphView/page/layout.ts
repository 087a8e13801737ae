/** Places of boxes and edges: each open group is laid out by itself, by layers from top to bottom, inner ones first. */
import { Graph, layout } from "@dagrejs/dagre";
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

/** Room for a group's title, and around its boxes. */
const titleHeight = 34;
const margin = 18;

export function place(
  group: Group,
  open: ReadonlySet<Group>,
  edges: ReadonlyMap<Group, readonly Edge[]>,
  sizeOf: (item: Item) => Size,
): Placed {
  const inner = new Map<Item, Placed>();
  for (const child of group.children)
    if (child instanceof Group && open.has(child)) inner.set(child, place(child, open, edges, sizeOf));
  const own = edges.get(group) ?? [];
  const graph = new Graph({ multigraph: false });
  graph.setGraph({ rankdir: "TB", nodesep: 22, ranksep: 34, edgesep: 12, acyclicer: "greedy" });
  graph.setDefaultEdgeLabel(() => ({}));
  const keys = keysOf(group, own);
  for (const child of group.children) {
    const { width, height } = inner.get(child) ?? sizeOf(child);
    graph.setNode(keys(child), { width, height });
  }
  for (const end of ["in", "out"] as const)
    if (own.some(({ from, to }) => from === end || to === end))
      graph.setNode(keys(end), { width: 2, height: 2 });
  // An edge back is laid out forwards, so that its loop stays together.
  for (const { from, to, isBack } of own)
    if (from !== to)
      isBack ? graph.setEdge(keys(to), keys(from), {}) : graph.setEdge(keys(from), keys(to), {});
  pinEnds(graph, keys);
  layout(graph);
  return collect(group, own, inner, graph, keys);
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

function collect(
  group: Group,
  edges: readonly Edge[],
  inner: ReadonlyMap<Item, Placed>,
  graph: Graph,
  keys: (end: End) => string,
): Placed {
  const isRoot = group.parent === undefined;
  const top = isRoot ? 0 : titleHeight;
  const side = isRoot ? 0 : margin;
  const laid = (end: End) => graph.node(keys(end)) as Laid | undefined;
  const boxes = group.children.map((item): Box => {
    const { x, y, width, height } = laid(item) as Laid;
    return { item, x: side + x - width / 2, y: top + y - height / 2, width, height, inside: inner.get(item) };
  });
  const label = graph.graph() as Size;
  const width = Math.max((label.width || 0) + 2 * side, 120);
  const height = (label.height || 0) + top + (isRoot ? 0 : margin);
  const boxOf = new Map(boxes.map((box) => [box.item as End, box]));
  const placed = edges
    .filter(({ from, to }) => from !== to)
    .map((edge) => {
      const [a, b] = edge.isBack ? [edge.to, edge.from] : [edge.from, edge.to];
      const points = (graph.edge(keys(a), keys(b)) as { points?: Point[] })?.points ?? [];
      const moved = points.map(({ x, y }) => ({ x: x + side, y: y + top }));
      if (edge.isBack) moved.reverse();
      return { edge, points: atPorts(edge, moved, boxOf, top, height) };
    });
  const xOf = (end: "in" | "out") => (laid(end)?.x ?? label.width / 2) + side;
  return { group, width, height, boxes, edges: placed, inX: xOf("in"), outX: xOf("out") };
}

/** Ends of an edge at an open group meet that group's own edges; those at the ports reach the border. */
function atPorts(
  { from, to, isBack }: Edge,
  points: readonly Point[],
  boxOf: ReadonlyMap<End, Box>,
  top: number,
  height: number,
): readonly Point[] {
  const moved = [...points];
  const [source, target] = [boxOf.get(from), boxOf.get(to)];
  if (source?.inside && !isBack) moved[0] = { x: source.x + source.inside.outX, y: source.y + source.height };
  if (target?.inside && !isBack) moved[moved.length - 1] = { x: target.x + target.inside.inX, y: target.y };
  if (from === "in" && moved[0]) moved[0] = { x: moved[0].x, y: Math.min(top - 6, moved[0].y) };
  const last = moved[moved.length - 1];
  if (to === "out" && last) moved[moved.length - 1] = { x: last.x, y: height };
  return moved;
}
