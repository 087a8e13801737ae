/** Several graphs as one: their names get a prefix each, so that one run of the C compiler does for all of them. */
import type { AttrValue, FunctionDef, GraphDef, NodeDef } from "../../../../framework/tensorflow/GraphDef.js";

/** The name of a tensor or node of graph number `at` within the merged graph. */
export function mergedName(at: number, name: string): string {
  return `g${at}_${name}`;
}

export function mergeGraphs(graphs: readonly GraphDef[]): GraphDef {
  const [first] = graphs as readonly [GraphDef];
  return {
    ...first,
    origin: "merged graph",
    nodes: graphs.flatMap(({ nodes }, at) => nodes.map((node) => renamedNode(node, at))),
    functions: graphs.flatMap(({ functions }, at) => functions.map((called) => renamedFunction(called, at))),
  };
}

function renamedNode(node: NodeDef, at: number): NodeDef {
  return {
    name: mergedName(at, node.name),
    op: node.op,
    inputs: node.inputs.map((input) => renamedInput(input, at)),
    attrs: renamedAttrs(node.attrs, at),
  };
}

function renamedInput(input: string, at: number): string {
  return input.startsWith("^") ? `^${mergedName(at, input.slice(1))}` : mergedName(at, input);
}

/** Functions and the frames of loops have names of their own. */
function renamedAttrs(attrs: NodeDef["attrs"], at: number): NodeDef["attrs"] {
  const renamed = Object.entries(attrs).map(([key, value]): [string, AttrValue] => {
    if (key === "frame_name" && value.s !== undefined) return [key, { s: mergedName(at, value.s) }];
    if (value.func) return [key, { func: { ...value.func, name: mergedName(at, value.func.name) } }];
    if (!value.list) return [key, value];
    const func = value.list.func.map((each) => ({ ...each, name: mergedName(at, each.name) }));
    return [key, { list: { ...value.list, func } }];
  });
  return Object.fromEntries(renamed);
}

/** The nodes of a body are named within it. */
function renamedFunction(called: FunctionDef, at: number): FunctionDef {
  const nodes = called.nodes.map((node) => ({ ...node, attrs: renamedAttrs(node.attrs, at) }));
  return { ...called, name: mergedName(at, called.name), nodes };
}
