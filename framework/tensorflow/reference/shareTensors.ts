/** Moves the constants of a model into one SharedArrayBuffer, so that posting it to a thread copies no weights. */
import { bytesPerElement, type TensorData, viewData } from "../dtypes.js";
import type { AttrValue, GraphDef, NodeDef } from "../GraphDef.js";
import type { TensorLike } from "../Tensor.js";

/** Start of each tensor: a cache line. */
const alignmentBytes = 64;

/** A graph and its folded constants as plain data; the elements of all tensors lie in one shared buffer. */
export interface SharedModel {
  readonly graph: GraphDef;
  readonly constants: readonly (readonly [name: string, tensor: TensorLike])[];
  readonly weights: SharedArrayBuffer;
}

/** Tensors that are the same memory (a weight and the Identity that reads it) stay so. Strings are not shared. */
export function shareModel(graph: GraphDef, constants: ReadonlyMap<string, TensorLike>): SharedModel {
  const tensors = [...constants.values(), ...graph.nodes.flatMap((node) => tensorsOf(node))];
  const places = new Map<TensorData, { tensor: TensorLike; byteOffset: number }>();
  let sizeBytes = 0;
  for (const tensor of tensors) {
    if (tensor.dtype === "string" || places.has(tensor.data)) continue;
    places.set(tensor.data, { tensor, byteOffset: sizeBytes });
    const bytes = tensor.data.length * bytesPerElement(tensor.dtype);
    sizeBytes += Math.ceil(bytes / alignmentBytes) * alignmentBytes;
  }
  const weights = new SharedArrayBuffer(sizeBytes);
  const views = new Map<TensorData, TensorData>();
  for (const [data, { tensor, byteOffset }] of places) {
    if (tensor.dtype === "string") continue;
    const view = viewData(tensor.dtype, weights, byteOffset, data.length);
    (view as Float32Array).set(data as Float32Array);
    views.set(data, view);
  }
  const share = ({ dtype, shape, data }: TensorLike): TensorLike => ({
    dtype,
    shape,
    data: views.get(data) ?? data,
  });
  return {
    graph: { ...graph, nodes: graph.nodes.map((node) => withTensors(node, share)) },
    constants: [...constants].map(([name, tensor]) => [name, share(tensor)]),
    weights,
  };
}

function tensorsOf(node: NodeDef): TensorLike[] {
  return Object.values(node.attrs).flatMap((attr) => attr.tensor ?? []);
}

function withTensors(node: NodeDef, share: (tensor: TensorLike) => TensorLike): NodeDef {
  if (tensorsOf(node).length === 0) return node;
  const shared = Object.entries(node.attrs).map(([name, attr]): [string, AttrValue] => [
    name,
    attr.tensor ? { tensor: share(attr.tensor) } : attr,
  ]);
  return { ...node, attrs: Object.fromEntries(shared) };
}
