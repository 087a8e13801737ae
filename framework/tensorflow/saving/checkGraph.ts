/** What a graph must be before it is written: complete, without cycles, of ops that TensorFlow has, fed by placeholders. */
import { nearest } from "../../base/didYouMean.js";
import { Exception } from "../../base/errors.js";
import type { FunctionDef, GraphDef, NodeDef } from "../GraphDef.js";
import { GraphIndex } from "../GraphIndex.js";
import { orderByDependency } from "../order.js";
import { isOp, opNames } from "../proto/opDefs.js";
import { sourceOf } from "../savedmodel/inlineNodes.js";
import { kindOf } from "./droppedNodes.js";

/** @throws InvalidGraphDef naming the graph and the node */
export function checkGraph(graph: GraphDef): void {
  const functions = new Set(graph.functions.map(({ name }) => name));
  // The last is the one that the outputs read.
  const feeder = graph.nodes.findLast((node) => kindOf(node) === "queue");
  if (feeder) throw isFed(graph, feeder);
  for (const node of graph.nodes) checkNode(graph, node, functions);
  for (const called of graph.functions) checkFunction(graph, called, functions);
  const index = indexed(graph);
  reworded(graph, () => index.order(index.nodeNames));
}

/** The graph with its names resolved. @throws InvalidGraphDef for a name that is there twice, or not at all */
export function indexed(graph: GraphDef): GraphIndex {
  return reworded(graph, () => new GraphIndex(graph));
}

function reworded<T>(graph: GraphDef, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof Exception)) throw error;
    const what = error.message.replace(/^error while attaching graphDef to session: /, "");
    throw invalid(graph, what.replace(/\.$/, ""), error);
  }
}

function isFed(graph: GraphDef, { name, op }: NodeDef): Exception {
  return invalid(
    graph,
    `the outputs are computed from '${name}' (${op}), which feeds a training; save the graph that is built for ` +
      "inference, with placeholders in its place, or name outputs that do not need it",
  );
}

function checkNode(graph: GraphDef, { name, op }: NodeDef, functions: ReadonlySet<string>): void {
  if (isOp(op) || functions.has(op)) return;
  const near = nearest(op, opNames());
  const hint = near === undefined ? "which TensorFlow does not have" : `did you mean '${near}'?`;
  throw invalid(graph, `node '${name}' has the unknown op '${op}'; ${hint}`);
}

function checkFunction(graph: GraphDef, called: FunctionDef, functions: ReadonlySet<string>): void {
  const args = new Set(called.inputs.map(({ name }) => name));
  const nodes = new Map(called.nodes.map((node) => [node.name, node]));
  const where = (what: string) => invalid(graph, `function '${called.name}': ${what}`);
  for (const node of called.nodes) checkNode(graph, node, functions);
  const needs = (node: NodeDef) =>
    node.inputs.flatMap((input) => {
      const source = sourceOf(input);
      const found = nodes.get(source);
      if (found || args.has(source)) return found ?? [];
      throw where(`node '${node.name}' (${node.op}) reads '${source}', which is none of its nodes`);
    });
  orderByDependency(called.nodes, needs, (members) =>
    where(`its nodes '${members.map(({ name }) => name).join("', '")}' wait for each other`),
  );
}

function invalid(graph: GraphDef, what: string, cause?: unknown): Exception {
  return new Exception(
    "InvalidGraphDef",
    `the graph of '${graph.origin}' cannot be saved: ${what.replace(/[^?]$/, "$&.")}`,
    {
      cause,
    },
  );
}
