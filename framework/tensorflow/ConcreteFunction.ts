/**
 * A graph with one signature and the values of its variables: what everything that can be saved, exported or predicted
 * with becomes first (a frozen graph, a SavedModel's signature, a checkpoint, a Layers model, a traced function).
 */
import { Exception } from "../base/errors.js";
import type { FunctionDef, GraphDef, NodeDef, Signature } from "./GraphDef.js";
import { FunctionInliner } from "./savedmodel/FunctionInliner.js";
import { isVariable, variableName } from "./savedmodel/RestoredVariables.js";
import { VariableFreezer } from "./savedmodel/VariableFreezer.js";
import { GraphIndex } from "./GraphIndex.js";
import { parseTensorName } from "./names.js";
import type { Tensor } from "./Tensor.js";

/** A graph that says what it takes and gives. */
export type SignedGraph = GraphDef & { readonly signature: Signature };

/** TensorFlow's ConcreteFunction, as plain data. Function calls are written out; loops and branches may call functions. */
export interface ConcreteFunction {
  /** Its variables are still variables: VarHandleOp with ReadVariableOp, or VariableV2. */
  readonly graph: SignedGraph;
  /** By variableName(). One that is not there has no value yet: smartInit gives it one. */
  readonly variables: ReadonlyMap<string, Tensor>;
  /** Left out where there is nothing of the kind. */
  readonly initialization?: Initialization;
}

/** What runs before a model's first call, to fill its tables, and the files that belong to the model. */
export interface Initialization {
  /** The node that runs it, with all that it needs; "" for none. Nodes that the graph has too are the same ones. */
  readonly op: string;
  readonly nodes: readonly NodeDef[];
  /** Tensors that are the paths of files. */
  readonly assets: readonly { readonly tensor: string; readonly path: string }[];
  /** A directory of files that are kept beside the model (assets.extra). */
  readonly extra: string | undefined;
}

/** A graph that needs no values: its placeholders are the inputs, what no node reads the outputs, if it has no signature. */
export function fromGraphDef(graph: GraphDef): ConcreteFunction {
  return { graph: { ...graph, signature: graph.signature ?? signatureOf(graph) }, variables: new Map() };
}

/** Inputs and outputs under the names of their nodes, the outputs being `outputNames` or what no node reads. */
export function signatureOf(graph: GraphDef, outputNames?: readonly string[]): Signature {
  const index = new GraphIndex(graph);
  const inputs = index.placeholders.map(({ name, dtype, shape }) => [
    name,
    { name: `${name}:0`, dtype, shape },
  ]);
  const outputs = (outputNames ?? index.terminals()).map((name) => {
    const { node, port } = parseTensorName(name);
    return [name, { name: `${node}:${port}`, dtype: undefined, shape: null }];
  });
  return { key: "serving_default", inputs: Object.fromEntries(inputs), outputs: Object.fromEntries(outputs) };
}

/** The variables that a graph and its functions have, a node each. */
export function variablesOf({ nodes, functions }: GraphDef): NodeDef[] {
  const all = [...nodes, ...functions.flatMap((definition) => definition.nodes)].filter(isVariable);
  return [...new Map(all.map((node) => [variableName(node), node])).values()];
}

/**
 * The graph with constants in place of variables, reduced to what the outputs and inputs need.
 * @throws InvalidSession naming a variable without a value; InvalidMetaGraphDef for nodes that change a variable.
 */
export function freeze({ graph, variables }: ConcreteFunction): SignedGraph {
  const inliner = new FunctionInliner({ graph, opOutputs: new Map() });
  const freezer = new VariableFreezer(inliner, {
    value(node) {
      const value = variables.get(variableName(node));
      if (value) return value;
      throw new Exception(
        "InvalidSession",
        `variable '${variableName(node)}' of '${graph.origin}' has no value; give it one from a checkpoint with smartInit.`,
      );
    },
  });
  const roots = rootsOf(graph.signature);
  const nodes = freezer.freezeGraph(inliner.inlineGraph(graph.nodes, roots), roots);
  const { gradients, ...rest } = graph;
  return { ...rest, nodes, functions: freezer.functions };
}

/** The tensors of a signature that are plain tensors: outputs first. */
export function rootsOf({ inputs, outputs }: Signature): string[] {
  return [...Object.values(outputs), ...Object.values(inputs)].flatMap(({ name }) =>
    name === "" ? [] : [name],
  );
}

/** The functions that nodes call, directly or through others, each without calls of its own. */
export function calledFunctions(nodes: readonly NodeDef[], inliner: FunctionInliner): FunctionDef[] {
  const found = new Map<string, FunctionDef>();
  const open = [...nodes];
  for (let node = open.pop(); node; node = open.pop()) {
    const names = Object.values(node.attrs).flatMap(({ func, list }) =>
      [...(func ? [func] : []), ...(list?.func ?? [])].map(({ name }) => name),
    );
    for (const name of names) {
      if (found.has(name)) continue;
      const definition = inliner.expanded(name);
      found.set(name, definition);
      open.push(...definition.nodes);
    }
  }
  return [...found.values()];
}
