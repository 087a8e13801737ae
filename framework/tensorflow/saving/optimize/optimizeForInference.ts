/** TensorFlow's optimize_for_inference: the passes over a frozen graph, in their order. */
import { rootsOf, type SignedGraph } from "../../ConcreteFunction.js";
import type { NodeDef } from "../../GraphDef.js";
import { prune, simplifyControls, sourceOf } from "../../savedmodel/inlineNodes.js";
import { foldBatchNorms } from "./foldBatchNorms.js";
import { foldConstantNodes } from "./foldConstantNodes.js";
import { stripPassing } from "./stripPassing.js";
import { takeBranches } from "./takeBranches.js";

/** Passes that change no rounding. Inputs, outputs and nodes of the outputs' keys keep their names. */
export function optimizeForInference(graph: SignedGraph): SignedGraph {
  const kept = keptNodes(graph);
  let result = withNodes(graph, foldConstantNodes(graph, kept));
  result = withNodes(result, takeBranches(result, kept));
  result = withNodes(result, foldConstantNodes(result, kept));
  result = withNodes(result, stripPassing(result, kept));
  return withCalledFunctions(result);
}

/** Rounds otherwise: see whether the outputs stay. The same graph where there is none to fold. */
export function withFoldedBatchNorms(graph: SignedGraph): SignedGraph {
  const nodes = foldBatchNorms(graph, keptNodes(graph));
  return nodes === graph.nodes ? graph : withNodes(graph, nodes);
}

/** Nodes that somebody may ask for by name, and their outputs ("node:1") other than the first. */
function keptNodes({ nodes, signature }: SignedGraph): Set<string> {
  const names = new Set(nodes.map(({ name }) => name));
  const keys = Object.keys(signature.outputs).filter((key) => names.has(key));
  const tensors = rootsOf(signature);
  return new Set([...tensors.map(sourceOf), ...tensors.filter((name) => !name.endsWith(":0")), ...keys]);
}

function withNodes(graph: SignedGraph, nodes: readonly NodeDef[]): SignedGraph {
  const roots = keptNodes(graph);
  return { ...graph, nodes: prune(simplifyControls(prune(nodes, roots)), roots) };
}

function withCalledFunctions(graph: SignedGraph): SignedGraph {
  const byName = new Map(graph.functions.map((definition) => [definition.name, definition]));
  const called = new Set<string>();
  const open = [...graph.nodes];
  for (let node = open.pop(); node; node = open.pop()) {
    for (const { func, list } of Object.values(node.attrs)) {
      for (const { name } of [...(func ? [func] : []), ...(list?.func ?? [])]) {
        if (called.has(name)) continue;
        called.add(name);
        open.push(...(byName.get(name)?.nodes ?? []));
      }
    }
  }
  return { ...graph, functions: graph.functions.filter(({ name }) => called.has(name)) };
}
