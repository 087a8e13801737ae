/** The element types of outputs that were named without one, from TensorFlow's definitions of the ops that compute them. */
import type { SignedGraph } from "../ConcreteFunction.js";
import { type DType, dtypeFromNumber } from "../dtypes.js";
import type { NodeDef, SignatureTensor } from "../GraphDef.js";
import { parseTensorName } from "../names.js";
import { opDef } from "../proto/opDefs.js";

/** The graph with the types of its outputs, where they can be told. */
export function completeSignature(graph: SignedGraph): SignedGraph {
  const { signature } = graph;
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  const complete = (tensor: SignatureTensor): SignatureTensor => {
    const { node, port } = parseTensorName(tensor.name);
    return { ...tensor, dtype: tensor.dtype ?? typeOf(nodes.get(node), port) };
  };
  const outputs = Object.entries(signature.outputs).map(([key, tensor]) => [key, complete(tensor)]);
  return { ...graph, signature: { ...signature, outputs: Object.fromEntries(outputs) } };
}

function typeOf(node: NodeDef | undefined, port: number): DType | undefined {
  if (!node) return undefined;
  const types = (opDef(node.op)?.output_arg ?? []).flatMap(
    ({ type, type_attr, number_attr, type_list_attr }) => {
      if (type_list_attr !== "") return node.attrs[type_list_attr]?.list?.type ?? [];
      const one = type_attr === "" ? type : (node.attrs[type_attr]?.type ?? 0);
      return new Array<number>(number_attr === "" ? 1 : (node.attrs[number_attr]?.i ?? 0)).fill(one);
    },
  );
  return dtypeFromNumber(types[port] ?? 0);
}
