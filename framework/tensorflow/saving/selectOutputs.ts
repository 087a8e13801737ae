/** The part of a function that some of its tensors need. */
import { nearest } from "../../base/didYouMean.js";
import { Exception } from "../../base/errors.js";
import { calledFunctions, type ConcreteFunction, signatureOf } from "../ConcreteFunction.js";
import type { GraphDef, NodeDef, Signature, SignatureTensor } from "../GraphDef.js";
import { parseTensorName } from "../names.js";
import { FunctionInliner } from "../savedmodel/FunctionInliner.js";
import { prune, sourceOf } from "../savedmodel/inlineNodes.js";
import { isInference } from "./droppedNodes.js";

/** As many as a person reads. */
const shownCandidates = 12;

/**
 * The function with other outputs: keys of its signature, nodes, or tensors ("node:1"). Inputs that they do not need are
 * left out, placeholders that they need are inputs.
 * @throws InvalidGraphDef for an output that is not there; the message lists those there are
 */
export function selectOutputs(fn: ConcreteFunction, outputNames: readonly string[]): ConcreteFunction {
  const { graph } = fn;
  const names = new Set(graph.nodes.map(({ name }) => name));
  const entries = outputNames.map((given): [string, SignatureTensor] => {
    const declared = Object.hasOwn(graph.signature.outputs, given) && graph.signature.outputs[given];
    if (declared) return [given, declared];
    const { node, port } = parseTensorName(given);
    if (!names.has(node)) throw noOutput(fn, given);
    return [port === 0 ? node : given, { name: `${node}:${port}`, dtype: undefined, shape: null }];
  });
  if (entries.length === 0) throw noOutput(fn, "");
  const outputs = Object.fromEntries(entries);
  const nodes = prune(
    graph.nodes,
    Object.values(outputs).map(({ name }) => name),
  );
  const needed = { ...graph, nodes };
  const signature = { key: graph.signature.key, inputs: inputsOf(needed, graph.signature), outputs };
  const functions = calledFunctions(nodes, new FunctionInliner({ graph, opOutputs: new Map() }));
  return { ...fn, graph: { ...needed, functions, signature } };
}

/** The nodes that somebody may want: those that nothing reads but what is there for training. */
export function candidateOutputs(graph: GraphDef): string[] {
  const nodes = graph.nodes.filter(isInference);
  const read = new Set(nodes.flatMap(({ inputs }) => inputs.map(sourceOf)));
  const isCandidate = ({ name, op, inputs }: NodeDef) =>
    !read.has(name) && inputs.length > 0 && op !== "NoOp";
  return nodes.filter(isCandidate).map(({ name }) => name);
}

function inputsOf(graph: GraphDef, { inputs }: Signature): Signature["inputs"] {
  const names = new Set(graph.nodes.map(({ name }) => name));
  const declared = Object.entries(inputs).filter(([, { name }]) => names.has(sourceOf(name)));
  const known = new Set(declared.map(([, { name }]) => sourceOf(name)));
  const others = Object.entries(signatureOf(graph, []).inputs).filter(([name]) => !known.has(name));
  return Object.fromEntries([...declared, ...others]);
}

function noOutput({ graph }: ConcreteFunction, given: string): Exception {
  const keys = Object.keys(graph.signature.outputs);
  const candidates = [...new Set([...keys, ...candidateOutputs(graph)])];
  const names = graph.nodes.map(({ name }) => name);
  const shown = candidates.slice(0, shownCandidates).map((name) => `'${name}'`);
  if (candidates.length > shown.length) shown.push(`${candidates.length - shown.length} more`);
  const near = nearest(given, [...keys, ...names]);
  const what = given === "" ? "no output is named" : `there is no output '${given}' in '${graph.origin}'`;
  const hint = near === undefined ? "" : `; did you mean '${near}'?`;
  return new Exception(
    "InvalidGraphDef",
    `${what}; any node may be one, and those that nothing reads are ${shown.join(", ") || "none"}${hint || "."}`,
  );
}
