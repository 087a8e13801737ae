/**
 * The nodes of a graph by name scope, as TensorBoard groups them. Constants are not boxes of their own but belong to
 * the node that reads them; a scope with too many children is cut into parts, so that every level can be laid out.
 */
import type { NodeView } from "../GraphViewData.js";
import { depthsOf } from "./depths.js";

/** A scope, a part of one, or the whole graph. */
export class Group {
  readonly children: Item[] = [];
  parent: Group | undefined;
  /** Number of nodes inside. */
  count = 0;
  flops = 0;
  parameters = 0;
  us = 0;
  /** The loop or the branches that the scope is, by its own node. */
  op: string | undefined;

  constructor(
    /** Its full path, unique. */
    readonly path: string,
    readonly label: string,
  ) {}
}

/** A node is its number. */
export type Item = Group | number;

/** More boxes than these on one level are cut into parts. */
const maxChildren = 100;
const partSize = 50;
/** Only hands on what it reads: drawn as a line, unless all nodes are asked for. */
const wires = new Set([
  "Identity",
  "IdentityN",
  "Snapshot",
  "StopGradient",
  "PartitionedCall",
  "StatefulPartitionedCall",
]);
const handsOn = new Set(["Identity", "Enter", "RefEnter", "ReadVariableOp", "Snapshot", "StopGradient"]);

export interface Hierarchy {
  readonly root: Group;
  /** The group that a node lies in; undefined where it has no box. */
  readonly groupOf: readonly (Group | undefined)[];
  /** Readers of each node. */
  readonly readers: readonly (readonly number[])[];
  readonly isConstant: (node: number) => boolean;
  /** How far from the inputs a node or, on average, the nodes of a group are. */
  readonly depthOf: (item: Item) => number;
  /** What a node is called where it stands for a scope of its own. */
  readonly labels: ReadonlyMap<number, string>;
  /** How many nodes have no box though they are no constants. */
  readonly hidden: number;
}

/** `outputs`: nodes that always have a box. `showsAll`: also what no output needs, and what only hands on. */
export function buildHierarchy(
  nodes: readonly NodeView[],
  outputs: ReadonlySet<number>,
  showsAll: boolean,
): Hierarchy {
  const constant = constantsAmong(nodes);
  const isShown = (node: NodeView, i: number) => {
    if (constant[i] && !outputs.has(i)) return false;
    return showsAll || outputs.has(i) || !(node.isUnused || node.op === "NoOp" || wires.has(node.op));
  };
  const root = new Group("", "graph");
  const groups = new Map([["", root]]);
  const scopes = new Set<string>();
  const shown = [...nodes.keys()].filter((i) => isShown(nodes[i] as NodeView, i));
  for (const i of shown) for (const scope of scopesOf((nodes[i] as NodeView).name)) scopes.add(scope);
  const groupAt = (path: string): Group => {
    const known = groups.get(path);
    if (known) return known;
    const cut = path.lastIndexOf("/");
    const group = new Group(path, path.slice(cut + 1));
    groups.set(path, group);
    const parent = groupAt(cut < 0 ? "" : path.slice(0, cut));
    parent.children.push(group);
    return group;
  };
  for (const i of shown) {
    const { name, op } = nodes[i] as NodeView;
    const isScope = scopes.has(name);
    const group = groupAt(isScope ? name : name.slice(0, Math.max(name.lastIndexOf("/"), 0)));
    group.children.push(i);
    if (isScope && op !== "NoOp") group.op = op;
  }
  const labels = new Map<number, string>();
  const whole = joinChains(root, labels, nodes);
  cutLarge(whole, nodes);
  const groupOf = new Array<Group | undefined>(nodes.length).fill(undefined);
  sum(whole, nodes, groupOf);
  const depths = depthsOf(nodes);
  const hidden = nodes.length - shown.length - constant.filter((is) => is).length;
  return { root: whole, groupOf, labels, hidden, depthOf: meanDepth(depths), ...relations(nodes, constant) };
}

function meanDepth(depths: Float64Array): (item: Item) => number {
  const known = new Map<Group, { sum: number; count: number }>();
  const total = (group: Group): { sum: number; count: number } => {
    const before = known.get(group);
    if (before) return before;
    const result = { sum: 0, count: 0 };
    for (const child of group.children) {
      const { sum, count } = child instanceof Group ? total(child) : { sum: depths[child] ?? 0, count: 1 };
      result.sum += sum;
      result.count += count;
    }
    known.set(group, result);
    return result;
  };
  return (item) => {
    if (!(item instanceof Group)) return depths[item] ?? 0;
    const { sum, count } = total(item);
    return sum / Math.max(count, 1);
  };
}

function scopesOf(name: string): string[] {
  const scopes: string[] = [];
  for (let at = name.indexOf("/"); at > 0; at = name.indexOf("/", at + 1)) scopes.push(name.slice(0, at));
  return scopes;
}

/** Const, and what only hands one on. Nodes come in any order, hence the rounds. */
function constantsAmong(nodes: readonly NodeView[]): readonly boolean[] {
  const constant = nodes.map(({ op }) => op === "Const");
  for (let round = 0, changed = true; changed && round < 20; round++) {
    changed = false;
    for (const [i, { op, inputs }] of nodes.entries()) {
      const values = inputs.filter(([, output]) => output >= 0);
      if (constant[i] || !handsOn.has(op) || values.length !== 1 || !constant[values[0]?.[0] ?? -1]) continue;
      constant[i] = true;
      changed = true;
    }
  }
  return constant;
}

/** a → b → c with nothing else inside becomes one group a/b/c, a scope of one node that node. */
function joinChains(group: Group, labels: Map<number, string>, nodes: readonly NodeView[]): Group {
  for (const [at, child] of group.children.entries()) {
    if (!(child instanceof Group)) continue;
    const joined = joinChains(child, labels, nodes);
    const [only] = joined.children;
    const isSingle = joined.children.length === 1 && typeof only === "number";
    group.children[at] = isSingle ? only : joined;
    const start = group.path === "" ? 0 : group.path.length + 1;
    if (isSingle) labels.set(only, (nodes[only] as NodeView).name.slice(start));
  }
  const [only] = group.children;
  if (group.children.length !== 1 || !(only instanceof Group)) return group;
  if (group.path === "") return only;
  const joined = new Group(only.path, `${group.label}/${only.label}`);
  joined.op = only.op;
  joined.children.push(...only.children);
  return joined;
}

/** In the order in which the nodes stand in the graph, which mostly is that of the data. */
function cutLarge(group: Group, nodes: readonly NodeView[]): void {
  for (const child of group.children) if (typeof child !== "number") cutLarge(child, nodes);
  if (group.children.length <= maxChildren) return;
  const children = group.children.splice(0);
  const size = Math.max(partSize, Math.ceil(children.length / maxChildren));
  for (let at = 0; at < children.length; at += size) {
    const part = new Group(
      `${group.path}/#${at}`,
      `part ${at / size + 1} of ${Math.ceil(children.length / size)}`,
    );
    part.children.push(...children.slice(at, at + size));
    group.children.push(part);
  }
}

function sum(group: Group, nodes: readonly NodeView[], groupOf: (Group | undefined)[]): void {
  for (const child of group.children) {
    if (typeof child === "number") {
      const { flops = 0, parameters = 0, us = 0 } = nodes[child] as NodeView;
      groupOf[child] = group;
      group.count++;
      group.flops += flops;
      group.parameters += parameters;
      group.us += us;
      continue;
    }
    child.parent = group;
    sum(child, nodes, groupOf);
    group.count += child.count;
    group.flops += child.flops;
    group.parameters += child.parameters;
    group.us += child.us;
  }
}

function relations(nodes: readonly NodeView[], constant: readonly boolean[]) {
  const readers: number[][] = nodes.map(() => []);
  for (const [i, { inputs }] of nodes.entries()) for (const [source] of inputs) readers[source]?.push(i);
  return { readers, isConstant: (node: number) => constant[node] === true };
}

/** The groups around a node or a group, outermost (the whole graph) first. */
export function groupsAround(item: Group | undefined): Group[] {
  const around: Group[] = [];
  for (let group = item; group; group = group.parent) around.unshift(group);
  return around;
}
