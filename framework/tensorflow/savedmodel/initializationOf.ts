/** What a SavedModel does when it is loaded, to fill the tables of a graph, with the files that it reads. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Initialization } from "../ConcreteFunction.js";
import { dtypeNumber } from "../dtypes.js";
import type { GraphDef, NodeDef } from "../GraphDef.js";
import type { FunctionInliner } from "./FunctionInliner.js";
import { dataInputs, isControl, prune, sourceOf } from "./inlineNodes.js";
import type { MetaGraphDef } from "./metaGraph.js";
import { isVariable } from "./RestoredVariables.js";
import { isWrite } from "./variableReads.js";

/** Undefined where the model is only a graph and variables. `used`: the part of it that is called. */
export function initializationOf(
  { graph, initNode, assets }: MetaGraphDef,
  exportDir: string,
  inliner: FunctionInliner,
  used: GraphDef,
): Initialization | undefined {
  const extraFiles = join(exportDir, "assets.extra");
  const extra = existsSync(extraFiles) ? extraFiles : undefined;
  const none = { op: "", nodes: [], assets: [], extra };
  const isThere = initNode !== "" && graph.nodes.some(({ name }) => name === initNode);
  const nodes = isThere ? withoutVariables(inliner.inlineGraph(graph.nodes, [initNode]), initNode) : [];
  const names = new Set(used.nodes.filter(({ op }) => op !== "Const").map(({ name }) => name));
  // What fills no table of this graph is left out.
  if (!nodes.some(({ name }) => names.has(name))) return extra === undefined ? undefined : none;
  const needed = new Set(nodes.map(({ name }) => name));
  const read = assets.filter(({ tensor }) => needed.has(sourceOf(tensor)));
  const files = read.map(({ tensor, fileName }) => ({ tensor, path: join(exportDir, "assets", fileName) }));
  return { op: initNode, nodes, assets: files, extra };
}

/** TensorFlow 2 keeps the paths of files in variables that it sets here: what reads one reads what it is set to. */
function withoutVariables(nodes: readonly NodeDef[], root: string): NodeDef[] {
  const handles = new Set(nodes.filter(isVariable).map(({ name }) => name));
  const writes = nodes.filter((node) => isWrite(node) && handles.has(sourceOf(node.inputs[0] ?? "")));
  const set = new Map(writes.map(({ inputs }) => [sourceOf(inputs[0] ?? ""), inputs[1] ?? ""]));
  const dropped = new Set(writes.map(({ name }) => name));
  const rewired = nodes.flatMap((node): NodeDef[] => {
    if (dropped.has(node.name)) return [];
    const kept = node.inputs.filter((input) => !isControl(input) || !dropped.has(sourceOf(input)));
    const value = node.op === "ReadVariableOp" ? set.get(sourceOf(dataInputs(node)[0] ?? "")) : undefined;
    if (value === undefined) return [{ ...node, inputs: kept }];
    const T = { type: node.attrs.dtype?.type ?? dtypeNumber("string") };
    return [{ name: node.name, op: "Identity", inputs: [value, ...kept.filter(isControl)], attrs: { T } }];
  });
  return prune(rewired, [root]);
}
