/**
 * Nodes may ask to run beside another ("_class": "loc:@other"). TensorFlow refuses a graph in which the other is not there,
 * as it is where a function was written out under new names or a variable's handle is gone.
 */
import type { GraphDef, NodeDef } from "../GraphDef.js";

const attribute = "_class";
const prefix = "loc:@";

export function dropLostColocations<G extends GraphDef>(graph: G): G {
  const functions = graph.functions.map((definition) => ({
    ...definition,
    nodes: dropLost(definition.nodes),
  }));
  return { ...graph, nodes: dropLost(graph.nodes), functions };
}

function dropLost(nodes: readonly NodeDef[]): NodeDef[] {
  const names = new Set(nodes.map(({ name }) => name));
  const isLost = (text: string) => text.startsWith(prefix) && !names.has(text.slice(prefix.length));
  return nodes.map((node) => {
    const list = node.attrs[attribute]?.list;
    if (!list?.s.some(isLost)) return node;
    const { [attribute]: _, ...attrs } = node.attrs;
    const s = list.s.filter((text) => !isLost(text));
    return { ...node, attrs: s.length > 0 ? { ...attrs, [attribute]: { list: { ...list, s } } } : attrs };
  });
}
