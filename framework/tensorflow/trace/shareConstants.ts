/** One node for small constants that are the same: shapes, axes and scalars, which a recording makes anew each time. */
import type { NodeDef } from "../GraphDef.js";
import { parseTensorName } from "../names.js";

/** Larger ones are captured tensors, which come once. */
const maxElements = 256;

export function shareConstants(nodes: readonly NodeDef[]): NodeDef[] {
  const firstOf = new Map<string, string>();
  const replacement = new Map<string, string>();
  const kept = nodes.filter((node) => {
    const key = keyOf(node);
    if (key === undefined) return true;
    const first = firstOf.get(key);
    if (first === undefined) firstOf.set(key, node.name);
    else replacement.set(node.name, first);
    return first === undefined;
  });
  return kept.map((node) => ({
    ...node,
    inputs: node.inputs.map((input) => replacement.get(parseTensorName(input).node) ?? input),
  }));
}

function keyOf({ op, inputs, attrs }: NodeDef): string | undefined {
  const tensor = op === "Const" && inputs.length === 0 ? attrs.value?.tensor : undefined;
  if (!tensor || Array.isArray(tensor.data) || tensor.data.length > maxElements) return undefined;
  const { dtype, shape, data } = tensor;
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("latin1");
  return `${dtype} ${shape} ${bytes}`;
}
