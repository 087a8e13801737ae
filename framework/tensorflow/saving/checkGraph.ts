/** What a graph must be before it is written: complete, without cycles, of ops that TensorFlow has, fed by placeholders. */
import { suggestion } from "../../base/didYouMean.js";
import { Exception } from "../../base/errors.js";
import { rootsOf, type SignedGraph } from "../ConcreteFunction.js";
import type { FunctionDef, GraphDef, NodeDef } from "../GraphDef.js";
import { GraphIndex } from "../GraphIndex.js";
import { orderByDependency } from "../order.js";
import { isOp, opNames } from "../proto/opDefs.js";
import { sourceOf } from "../savedmodel/inlineNodes.js";
import { kindOf } from "./droppedNodes.js";

/** @throws InvalidGraphDef naming the graph and the node */
export function checkGraph(graph: SignedGraph): void {
  const functions = new Set(graph.functions.map(({ name }) => name));
  for (const node of graph.nodes) checkNode(graph, node, functions);
  for (const called of graph.functions) checkFunction(graph, called, functions);
  try {
    const index = new GraphIndex(graph);
    index.order(rootsOf(graph.signature).map(sourceOf));
  } catch (error) {
    if (!(error instanceof Exception)) throw error;
    const what = error.message.replace(/^error while attaching graphDef to session: /, "");
    throw invalid(graph, what.replace(/\.$/, ""), error);
  }
}

function checkNode(graph: GraphDef, node: NodeDef, functions: ReadonlySet<string>): void {
  const { name, op } = node;
  if (kindOf(node) === "queue") {
    throw invalid(
      graph,
      `the outputs are computed from '${name}' (${op}), which feeds a training; save the graph that is built for ` +
        "inference, with placeholders in its place, or name outputs that do not need it",
    );
  }
  if (!isOp(op) && !functions.has(op))
    throw invalid(graph, `node '${name}' has the unknown op '${op}'${suggestion(op, opNames())}`);
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
  return new Exception("InvalidGraphDef", `the graph of '${graph.origin}' cannot be saved: ${what}.`, {
    cause,
  });
}
