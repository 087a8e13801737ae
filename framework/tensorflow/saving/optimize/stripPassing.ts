/** Leaves out nodes that hand on what they are given: Identity, and what only training or debugging needs. */
import type { GraphDef, NodeDef } from "../../GraphDef.js";
import { isControl, sourceOf } from "../../savedmodel/inlineNodes.js";

const passing = new Set([
  "Identity",
  "Snapshot",
  "CheckNumerics",
  "CheckNumericsV2",
  "StopGradient",
  "PreventGradient",
]);

/**
 * A node that waits for another, or that another waits for, stays: an order may be what a branch hangs on.
 * @param kept nodes that somebody asks for by name
 */
export function stripPassing({ nodes }: GraphDef, kept: ReadonlySet<string>): readonly NodeDef[] {
  const awaited = new Set(nodes.flatMap(({ inputs }) => inputs.filter(isControl).map(sourceOf)));
  const source = new Map<string, string>();
  for (const { name, op, inputs } of nodes) {
    const [first = ""] = inputs;
    if (passing.has(op) && inputs.length === 1 && !isControl(first) && !kept.has(name) && !awaited.has(name))
      source.set(name, first);
  }
  const behind = (input: string) => {
    let tensor = input;
    // A graph has no cycle of these.
    for (let next = source.get(sourceOf(tensor)); next !== undefined; next = source.get(sourceOf(next)))
      tensor = next;
    return tensor;
  };
  return nodes.flatMap((node) =>
    source.has(node.name)
      ? []
      : [{ ...node, inputs: node.inputs.map((input) => (isControl(input) ? input : behind(input))) }],
  );
}
