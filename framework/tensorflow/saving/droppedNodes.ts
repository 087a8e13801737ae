/** What a training graph has beyond its inference part, by what it is there for: told to whoever freezes it. */
import type { GraphDef, NodeDef } from "../GraphDef.js";
import { sourceOf } from "../savedmodel/inlineNodes.js";

/** A queue or data set that feeds, a summary, an optimizer, a saver; "other" is none of them. */
export type DroppedKind = "queue" | "summary" | "optimizer" | "saver" | "initializer" | "other";

const kinds: readonly (readonly [DroppedKind, RegExp])[] = [
  ["queue", /Queue|^Stage$|^Unstage$|Dataset|Iterator|Reader(V2)?$|^(Reader|Barrier)/],
  ["summary", /Summary/],
  ["saver", /^(Save|Restore)(V2|Slices?)?$|^ShardedFilename$|^ShardedFilespec$|^MergeV2Checkpoints$/],
  ["optimizer", /^(Resource)?(Sparse)?Apply[A-Z]|Grad(V\d)?$|Backprop|^BroadcastGradientArgs$/],
  ["initializer", /^Assign(VariableOp)?$|^(VarIsInitializedOp|IsVariableInitialized)$/],
];

/** What a node is there for, where its op says it. */
export function kindOf({ op }: NodeDef): DroppedKind | undefined {
  return kinds.find(([, ops]) => ops.test(op))?.[0];
}

/** Whether an inference graph may end in it: a transposed convolution is an op of gradients, too. */
export function isInference(node: NodeDef): boolean {
  const kind = kindOf(node);
  return kind === undefined || /Conv\w*BackpropInput/.test(node.op);
}

/**
 * How many nodes of a graph are not `kept`, by kind: a node whose op does not say it is there for what reads it, a call for
 * what its function does.
 */
export function countDropped(
  { nodes, functions }: Pick<GraphDef, "nodes" | "functions">,
  kept: ReadonlySet<string>,
): Readonly<Partial<Record<DroppedKind, number>>> {
  const dropped = nodes.filter(({ name }) => !kept.has(name));
  const called = new Map(functions.map((definition) => [definition.name, definition.nodes]));
  const kindOfCall = ({ op, attrs }: NodeDef) => {
    const nodes = called.get(attrs.f?.func?.name ?? op);
    // A meta graph comes without the functions that save it.
    if (!nodes) return attrs.f?.func ? "saver" : undefined;
    return nodes.map(kindOf).find((kind) => kind !== undefined);
  };
  const found = new Map(dropped.map((node) => [node.name, kindOf(node) ?? kindOfCall(node)]));
  spread(dropped, found, (node, source) => [source, node.name]);
  spread(dropped, found, (node, source) => [node.name, source]);
  const counts: Partial<Record<DroppedKind, number>> = {};
  for (const kind of found.values()) counts[kind ?? "other"] = (counts[kind ?? "other"] ?? 0) + 1;
  return counts;
}

/** Gives nodes without a kind that of a neighbour, and so on: `edge` says from an input which node takes it from which. */
function spread(
  nodes: readonly NodeDef[],
  found: Map<string, DroppedKind | undefined>,
  edge: (node: NodeDef, source: string) => readonly [taker: string, giver: string],
): void {
  const takers = new Map<string, string[]>();
  for (const node of nodes) {
    for (const input of node.inputs) {
      const [taker, giver] = edge(node, sourceOf(input));
      takers.set(giver, [...(takers.get(giver) ?? []), taker]);
    }
  }
  const open = [...found.keys()].filter((name) => found.get(name) !== undefined);
  for (let i = 0; i < open.length; i++) {
    const giver = open[i] as string;
    for (const taker of takers.get(giver) ?? []) {
      if (!found.has(taker) || found.get(taker) !== undefined) continue;
      found.set(taker, found.get(giver));
      open.push(taker);
    }
  }
}
