/** What inlining leaves behind: wishes to be placed beside nodes that are not there, for which TensorFlow refuses a graph. */
import type { AttrValue, GraphDef, NodeDef } from "../GraphDef.js";

const prefix = "loc:@";

/** The graph whose nodes (attribute _class) are to be placed only beside nodes that it has. */
export function withKnownColocations<Graph extends GraphDef>(graph: Graph): Graph {
  const names = new Set(graph.nodes.map(({ name }) => name));
  return { ...graph, nodes: graph.nodes.map((node) => restrict(node, names)) };
}

function restrict(node: NodeDef, names: ReadonlySet<string>): NodeDef {
  const { _class: wishes, ...attrs } = node.attrs;
  if (!wishes?.list) return node;
  const known = wishes.list.s.filter(
    (wish) => !wish.startsWith(prefix) || names.has(wish.slice(prefix.length)),
  );
  if (known.length === wishes.list.s.length) return node;
  const kept: Record<string, AttrValue> =
    known.length > 0 ? { ...attrs, _class: { list: { ...wishes.list, s: known } } } : attrs;
  return { ...node, attrs: kept };
}
