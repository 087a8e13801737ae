/**
 * The variables of a graph as resources, one handle each. TensorFlow 1's reference variables (VariableV2) are not
 * restored by TensorFlow 2's loader, so a SavedModel is written without them: the node of the variable becomes the
 * read of a handle beside it, so that tensors keep their names.
 */
import { Exception } from "../../base/errors.js";
import type { GraphDef, NodeDef } from "../GraphDef.js";
import { parseTensorName } from "../names.js";
import { isVariable, variableName } from "../savedmodel/RestoredVariables.js";
import { isWrite } from "../savedmodel/variableReads.js";

const referenceOps = /^Ref(?=(Identity|Switch|Merge|Enter|Exit|NextIteration)$)/;

/** @throws InvalidMetaGraphDef for nodes that change a variable, and for a variable that a function makes for itself. */
export function withResourceVariables<Graph extends GraphDef>(graph: Graph): Graph {
  checkFunctions(graph);
  const names = new Set(graph.nodes.map(({ name }) => name));
  const handles = new Map<string, string>();
  /** Nodes that are left out because another holds the same variable, and handles of reference variables. */
  const replaced = new Map<string, string>();
  const nodes: NodeDef[] = [];
  for (const node of graph.nodes) {
    if (isWrite(node))
      throw invalid(`node '${node.name}' (${node.op}) changes a variable: this is for training`);
    if (!isVariable(node)) {
      nodes.push(node);
      continue;
    }
    const key = variableName(node);
    const known = handles.get(key);
    const isReference = node.op !== "VarHandleOp";
    const name = known ?? (isReference ? uniqueName(`${node.name}/handle`, names) : node.name);
    handles.set(key, name);
    names.add(name);
    if (known === undefined) nodes.push(handleOf(node, name));
    if (isReference) nodes.push(readOf(node, name));
    else if (known !== undefined) replaced.set(node.name, name);
  }
  const handleOfReference = new Map(
    graph.nodes
      .filter((node) => isVariable(node) && node.op !== "VarHandleOp")
      .map((node) => [node.name, handles.get(variableName(node)) ?? node.name]),
  );
  const rewired = nodes.map((node) => rewire(node, replaced, handleOfReference));
  return { ...graph, nodes: rewired };
}

function rewire(
  node: NodeDef,
  replaced: ReadonlyMap<string, string>,
  references: ReadonlyMap<string, string>,
): NodeDef {
  const inputs = node.inputs.map((input) => {
    const { node: source, isControl } = parseTensorName(input);
    const other = replaced.get(source);
    return other === undefined ? input : `${isControl ? "^" : ""}${other}`;
  });
  if (node.op === "IsVariableInitialized") {
    const [first = "", ...rest] = inputs;
    const handle = references.get(parseTensorName(first).node) ?? first;
    return { ...node, op: "VarIsInitializedOp", inputs: [handle, ...rest], attrs: {} };
  }
  return { ...node, op: node.op.replace(referenceOps, ""), inputs };
}

function handleOf(node: NodeDef, name: string): NodeDef {
  if (node.op === "VarHandleOp") return node;
  const { dtype = {}, shape = { shape: null }, container = { s: "" }, shared_name } = node.attrs;
  const attrs = { dtype, shape, container, shared_name: { s: shared_name?.s || node.name } };
  return { name, op: "VarHandleOp", inputs: [], attrs };
}

function readOf({ name, attrs, inputs }: NodeDef, handle: string): NodeDef {
  return { name, op: "ReadVariableOp", inputs: [handle, ...inputs], attrs: { dtype: attrs.dtype ?? {} } };
}

function checkFunctions({ functions }: GraphDef): void {
  for (const { name, nodes } of functions) {
    const variable = nodes.find(isVariable);
    if (variable)
      throw invalid(
        `function '${name}' makes variable '${variable.name}' for itself: freeze it (exportCompact)`,
      );
    const write = nodes.find(isWrite);
    if (write) throw invalid(`node '${write.name}' (${write.op}) of function '${name}' changes a variable`);
  }
}

/** `wanted`, or the first of wanted_1, wanted_2 … that is not taken. */
export function uniqueName(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted;
  for (let attempt = 1; taken.has(name); attempt++) name = `${wanted}_${attempt}`;
  return name;
}

function invalid(what: string): Exception {
  return new Exception("InvalidMetaGraphDef", `${what}.`);
}
