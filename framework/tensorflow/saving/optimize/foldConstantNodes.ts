/** Puts constants in place of nodes that compute the same in every call. */
import type { GraphDef, NodeDef } from "../../GraphDef.js";
import { GraphIndex } from "../../GraphIndex.js";
import { foldConstants } from "../../reference/foldConstants.js";
import { constant } from "../../savedmodel/variableReads.js";
import { Tensor } from "../../Tensor.js";
import { isControl, sourceOf } from "../../savedmodel/inlineNodes.js";

/** What makes much of little stays an operation beyond this many elements: the file must not grow by it. */
const maxGrown = 2 ** 12;

/** `kept`: tensors that somebody asks for by name. */
export function foldConstantNodes(graph: GraphDef, kept: ReadonlySet<string>): readonly NodeDef[] {
  const constants = foldConstants(new GraphIndex(graph));
  const inLoop = loopNodes(graph.nodes);
  const ports = portsRead([...graph.nodes.flatMap(({ inputs }) => inputs), ...kept]);
  const sizes = new Map([...constants].map(([name, { data }]) => [sourceOf(name), data.length]));
  return graph.nodes.map((node) => {
    const value = constants.get(`${node.name}:0`);
    if (!value || node.op === "Const" || inLoop.has(node.name) || (ports.get(node.name) ?? 0) > 0)
      return node;
    const given = node.inputs.reduce((sum, input) => sum + (sizes.get(sourceOf(input)) ?? 0), 0);
    if (value.data.length > Math.max(given, maxGrown)) return node;
    return constant(node.name, new Tensor(value.dtype, [...value.shape], value.data), node.inputs);
  });
}

/** In a loop a constant would have to enter it first. */
function loopNodes(nodes: readonly NodeDef[]): Set<string> {
  const readers = new Map<string, NodeDef[]>();
  for (const node of nodes) for (const input of node.inputs) push(readers, sourceOf(input), node);
  const found = new Set<string>();
  const open = nodes.filter(({ op }) => op === "Enter" || op === "RefEnter");
  for (let node = open.pop(); node; node = open.pop()) {
    if (found.has(node.name)) continue;
    found.add(node.name);
    if (node.op !== "Exit" && node.op !== "RefExit") open.push(...(readers.get(node.name) ?? []));
  }
  return found;
}

/** The highest output of each node that is read. */
function portsRead(tensors: readonly string[]): Map<string, number> {
  const ports = new Map<string, number>();
  for (const input of tensors) {
    if (isControl(input)) continue;
    const port = Number(/:(\d+)$/.exec(input)?.[1] ?? 0);
    ports.set(sourceOf(input), Math.max(port, ports.get(sourceOf(input)) ?? 0));
  }
  return ports;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}
