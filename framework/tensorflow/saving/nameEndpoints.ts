/**
 * The names under which plugins address a frozen graph. A SavedModel of TensorFlow 2 has wrapped its function: the input
 * x is the node serving_default_x there, outputs are those of a call. TensorFlow's freezing gives back the names: x, and
 * Identity, Identity_1 … in the order of the outputs' keys. Here outputs are there under their keys, too.
 */
import type { SignedGraph } from "../ConcreteFunction.js";
import { dtypeNumber } from "../dtypes.js";
import type { NodeDef, SignatureTensor } from "../GraphDef.js";
import { parseTensorName } from "../names.js";
import { isControl, sourceOf } from "../savedmodel/inlineNodes.js";

/** What TensorFlow allows as a node's name. */
const allowedName = /^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$/;
const wrappedCall = /^(Stateful)?PartitionedCall(_\d+)?(:\d+)?$/;

/**
 * @param isNamed the outputs were asked for by name: they get no other
 */
export function nameEndpoints(graph: SignedGraph, isNamed: boolean): SignedGraph {
  return nameOutputs(nameInputs(graph), isNamed);
}

/** Graphs of TensorFlow 1 have the names that people gave: they keep them. */
function nameInputs(graph: SignedGraph): SignedGraph {
  const { key, inputs, outputs } = graph.signature;
  const taken = new Set(graph.nodes.map(({ name }) => name));
  const renamed = new Map<string, string>();
  for (const [input, { name }] of Object.entries(inputs)) {
    const node = sourceOf(name);
    if (node !== `${key}_${input}` || taken.has(input) || !allowedName.test(input)) continue;
    renamed.set(node, input);
    taken.add(input);
  }
  if (renamed.size === 0) return graph;
  const rename = (input: string) => {
    const name = renamed.get(sourceOf(input));
    if (name === undefined) return input;
    return isControl(input) ? `^${name}` : name + input.slice(sourceOf(input).length);
  };
  const nodes = graph.nodes.map((node) => ({
    ...node,
    name: rename(node.name),
    inputs: node.inputs.some((input) => renamed.has(sourceOf(input))) ? node.inputs.map(rename) : node.inputs,
  }));
  const changed = (tensors: typeof inputs) =>
    Object.fromEntries(
      Object.entries(tensors).map(([at, tensor]) => [at, { ...tensor, name: rename(tensor.name) }]),
    );
  const signature = { key, inputs: changed(inputs), outputs: changed(outputs) };
  return { ...graph, nodes, signature };
}

function nameOutputs(graph: SignedGraph, isNamed: boolean): SignedGraph {
  const nodes = [...graph.nodes];
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const add = (name: string, input: string, T: number) => {
    const node: NodeDef = { name, op: "Identity", inputs: [input], attrs: { T: { type: T } } };
    nodes.push(node);
    byName.set(name, node);
    return `${name}:0`;
  };
  let identities = 0;
  const named = (key: string, tensor: SignatureTensor): SignatureTensor => {
    const type = typeOf(tensor, byName);
    if (type === 0 || !(isNamed || wrappedCall.test(tensor.name))) return tensor;
    let { name } = tensor;
    if (!byName.has(key) && allowedName.test(key)) name = add(key, name, type);
    if (isNamed || !wrappedCall.test(tensor.name)) return { ...tensor, name };
    while (byName.has(identityName(identities))) identities++;
    return { ...tensor, name: add(identityName(identities), name, type) };
  };
  const outputs = Object.fromEntries(
    Object.entries(graph.signature.outputs).map(([key, tensor]) => [key, named(key, tensor)]),
  );
  return { ...graph, nodes, signature: { ...graph.signature, outputs } };
}

function identityName(index: number): string {
  return index === 0 ? "Identity" : `Identity_${index}`;
}

/** A DataType number; 0 when nothing says it. */
function typeOf({ name, dtype }: SignatureTensor, nodes: ReadonlyMap<string, NodeDef>): number {
  if (dtype !== undefined) return dtypeNumber(dtype);
  const { node, port } = parseTensorName(name);
  const attr = nodes.get(node)?.attrs.T;
  return attr?.type ?? attr?.list?.type[port] ?? 0;
}
