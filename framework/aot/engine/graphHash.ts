/** What tells one graph from another: a digest of its nodes and constants. */
import { createHash } from "node:crypto";
import type { GraphDef } from "../../tensorflow/GraphDef.js";
import type { TensorLike } from "../../tensorflow/Tensor.js";

export function graphHash(graph: GraphDef): string {
  const hash = createHash("sha256");
  const tensors: TensorLike[] = [];
  const plain = (_key: string, value: unknown) => {
    if (value === null || typeof value !== "object" || !("data" in value) || !("dtype" in value))
      return value;
    tensors.push(value as TensorLike);
    return { dtype: value.dtype, shape: (value as TensorLike).shape };
  };
  hash.update(JSON.stringify([graph.nodes, graph.functions, graph.producer], plain));
  for (const { data } of tensors) {
    if (Array.isArray(data)) for (const text of data) hash.update(`${text.length}:`).update(text);
    else hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}
