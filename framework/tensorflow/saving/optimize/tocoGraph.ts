/** What TOCO, the first converter of TensorFlow Lite, takes: no branches and loops, no orders, no notes for TensorFlow. */
import { Exception } from "../../../base/errors.js";
import { rootsOf, type SignedGraph } from "../../ConcreteFunction.js";
import { isControl, prune } from "../../savedmodel/inlineNodes.js";

const refused =
  /^(Ref)?(Switch|Merge|Enter|Exit|NextIteration|LoopCond)$|^(Stateless)?(While|If|Case)$|PartitionedCall$|^(Lookup|Hash)Table|^(VarHandleOp|VariableV2|ReadVariableOp)$/;

/**
 * Without orders (and so without assertions), placements and attributes that begin with "_".
 * @throws InvalidExport naming a node that decides, loops, calls or has state: TOCO has none of them
 */
export function tocoGraph(graph: SignedGraph, what: string): SignedGraph {
  const roots = rootsOf(graph.signature);
  const stripped = graph.nodes.map(({ name, op, inputs, attrs }) => ({
    name,
    op,
    inputs: inputs.filter((input) => !isControl(input)),
    attrs: Object.fromEntries(Object.entries(attrs).filter(([attr]) => !attr.startsWith("_"))),
  }));
  const nodes = prune(stripped, roots);
  const found = nodes.find(({ op }) => refused.test(op));
  if (found) {
    const why = `TOCO does not take node '${found.name}' (${found.op})`;
    throw new Exception("InvalidExport", `${what} is refused: ${why}; export it without tocoCompatible.`);
  }
  return { ...graph, nodes, functions: [] };
}
