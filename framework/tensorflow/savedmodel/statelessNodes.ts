/** The nodes of a graph that compute, without those that initialise, save and restore variables or change them. */
import type { NodeDef } from "../GraphDef.js";
import { dataInputs, prune, sourceOf } from "./inlineNodes.js";
import { isVariableRead, isWrite } from "./variableReads.js";

/** Without what writes, saves or restores, what hangs on it, and what is there for nothing else. */
export function statelessNodes(nodes: readonly NodeDef[]): NodeDef[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const readers = new Map<string, NodeDef[]>();
  for (const node of nodes) {
    for (const source of new Set(node.inputs.map(sourceOf)))
      readers.set(source, [...(readers.get(source) ?? []), node]);
  }
  const dropped = new Set(nodes.filter(isState));
  const open = [...dropped];
  for (let node = open.pop(); node; node = open.pop()) {
    const sources = node.inputs.flatMap((input) => byName.get(sourceOf(input)) ?? []);
    const unread = sources.filter((source) =>
      (readers.get(source.name) ?? []).every((reader) => dropped.has(reader)),
    );
    for (const next of [...(readers.get(node.name) ?? []), ...unread]) {
      if (!dropped.has(next)) open.push(next);
      dropped.add(next);
    }
  }
  return nodes.filter((node) => !dropped.has(node));
}

function isState(node: NodeDef): boolean {
  const stateful = /^(Save|Restore|ShardedFilename|MergeV2Checkpoints|StatefulPartitionedCall)/;
  return isWrite(node) || stateful.test(node.op);
}

/** What no node reads, but for reads of variables and what takes nothing. */
export function terminalsOf(nodes: readonly NodeDef[]): string[] {
  const read = new Set(nodes.flatMap((node) => node.inputs.map(sourceOf)));
  const isOutput = (node: NodeDef) =>
    !read.has(node.name) && !isVariableRead(node) && dataInputs(node).length > 0;
  return prune(
    nodes,
    nodes.filter(isOutput).map(({ name }) => name),
  ).map(({ name }) => name);
}
