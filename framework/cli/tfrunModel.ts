/** What a model takes and gives: by its signature where it has one, else its placeholders and the nodes nobody reads. */
import type { DType } from "../tensorflow/dtypes.js";
import type { GraphDef, PartialShape } from "../tensorflow/GraphDef.js";
import { GraphIndex } from "../tensorflow/GraphIndex.js";
import { showShape, Tensor } from "../tensorflow/Tensor.js";
import { wrongArguments } from "./toolArguments.js";

export interface Port {
  readonly name: string;
  readonly dtype: DType | undefined;
  readonly shape: PartialShape;
  /** The tensor or the op behind the name; "" where the name says it. */
  readonly detail: string;
  readonly hasDefault?: boolean;
}

export interface Ports {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** Nodes that end a graph without being a result of it. */
const noResults = new Set([
  "NoOp",
  "Assert",
  "Const",
  "Placeholder",
  "PlaceholderV2",
  "PlaceholderWithDefault",
]);

export function portsOf(graph: GraphDef): Ports {
  const { signature } = graph;
  if (signature)
    return { inputs: signaturePorts(signature.inputs), outputs: signaturePorts(signature.outputs) };
  const index = new GraphIndex(graph);
  const inputs = index.placeholders.map(({ name, dtype, shape }) => {
    const isOptional = index.node(name)?.op === "PlaceholderWithDefault";
    return { name, dtype, shape, detail: isOptional ? "has a default" : "", hasDefault: isOptional };
  });
  const outputs = index.terminals().flatMap((name): Port[] => {
    const node = index.node(name);
    if (!node || noResults.has(node.op)) return [];
    return [{ name, dtype: undefined, shape: null, detail: node.op }];
  });
  return { inputs, outputs };
}

/**
 * One row of zeros a needed input, for tool `name`. What has a default stays unfed; a bool of unknown shape is Keras'
 * learning phase, a scalar. @throws CommandLineProcessing for an input whose shape is not known
 */
export function rowOfZeros(name: string, ports: readonly Port[]): [string, Tensor][] {
  const needed = ports.filter(({ hasDefault }) => !hasDefault);
  return needed.map(({ name: key, dtype, shape }) => {
    if (dtype === "bool" && shape === null) return [key, new Tensor(dtype, [])];
    if (dtype === undefined || shape === null || shape.slice(1).some((size) => size < 0))
      throw wrongArguments(name, `the shape of input '${key}' is not known; give --inputs.`);
    return [key, new Tensor(dtype, shape.map(Math.abs))];
  });
}

/** For people. */
export function showPorts(path: string, graph: GraphDef, { inputs, outputs }: Ports): string {
  const { nodes, functions, signature } = graph;
  const what = signature ? `SavedModel, signature '${signature.key}'` : "frozen graph";
  const functionCount = functions.length === 0 ? "" : `, ${functions.length} functions`;
  const width = Math.max(...[...inputs, ...outputs].map(({ name }) => name.length), 0);
  const lines = (ports: readonly Port[]) =>
    ports.map(({ name, dtype, shape, detail }) => {
      const type =
        dtype === undefined ? "" : shape === null ? `${dtype} of any shape` : `${dtype} ${showShape(shape)}`;
      return `  ${name.padEnd(width)}  ${type.padEnd(18)}  ${detail}`.trimEnd();
    });
  return [
    `${path}: ${what}, ${nodes.length} nodes${functionCount}`,
    "inputs:",
    ...lines(inputs),
    "outputs:",
    ...lines(outputs),
    "",
  ].join("\n");
}

function signaturePorts(tensors: NonNullable<GraphDef["signature"]>["inputs"]): Port[] {
  return Object.entries(tensors).map(([key, { name, dtype, shape }]) => {
    return { name: key, dtype, shape, detail: name === "" ? "sparse or composite: not supported" : name };
  });
}
