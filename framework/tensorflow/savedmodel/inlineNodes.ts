/** What inlining and freezing do to lists of nodes, of a graph or of a function's body: both name a node first. */
import type { FunctionDef, NodeDef } from "../GraphDef.js";

/** The node (or argument) that an input is of: "a" of "a", "a:1", "a:output:0" and "^a". */
export function sourceOf(input: string): string {
  const start = input.startsWith("^") ? 1 : 0;
  const end = input.indexOf(":");
  return end < 0 ? input.slice(start) : input.slice(start, end);
}

export function isControl(input: string): boolean {
  return input.startsWith("^");
}

export function dataInputs({ inputs }: NodeDef): string[] {
  return inputs.filter((input) => !isControl(input));
}

/** The nodes that `roots` (inputs as nodes have them) need, in their order. */
export function prune(nodes: readonly NodeDef[], roots: Iterable<string>): NodeDef[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const needed = new Set<string>();
  const open = [...roots].map(sourceOf);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (needed.has(name)) continue;
    needed.add(name);
    for (const input of byName.get(name)?.inputs ?? []) open.push(sourceOf(input));
  }
  return nodes.filter(({ name }) => needed.has(name));
}

/**
 * Leaves out orders that say nothing: after a constant without orders of its own, which is there from the start.
 * A NoOp stands for the orders it has. What is left are those that a branch or a check hangs on.
 */
export function simplifyControls(nodes: readonly NodeDef[]): NodeDef[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const known = new Map<string, readonly string[]>();
  const meant = (name: string): readonly string[] => {
    const before = known.get(name);
    if (before) return before;
    known.set(name, []);
    const node = byName.get(name);
    const isTransparent = node?.op === "NoOp" || node?.op === "Const";
    const orders = isTransparent ? ordersOf(node) : [`^${name}`];
    const result = node?.op === "Const" && orders.length > 0 ? [`^${name}`] : orders;
    known.set(name, result);
    return result;
  };
  const ordersOf = (node: NodeDef) => [
    ...new Set(node.inputs.filter(isControl).flatMap((input) => meant(sourceOf(input)))),
  ];
  return nodes.map((node) => {
    if (!node.inputs.some(isControl)) return node;
    return { ...node, inputs: [...dataInputs(node), ...ordersOf(node)] };
  });
}

/** Control outputs of nodes that are gone promise nothing. */
export function withLivingControls({ controlRet, ...definition }: FunctionDef): FunctionDef {
  if (!controlRet) return definition;
  const names = new Set(definition.nodes.map(({ name }) => name));
  const kept = Object.entries(controlRet).filter(([, node]) => names.has(node));
  return kept.length > 0 ? { ...definition, controlRet: Object.fromEntries(kept) } : definition;
}
