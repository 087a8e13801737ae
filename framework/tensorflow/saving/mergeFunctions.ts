/**
 * Several ConcreteFunctions in one graph, a signature each: what they have in common (nodes, functions, variables) is
 * there once. A function whose names mean something else than those before it gets a scope of its own.
 */
import { isDeepStrictEqual } from "node:util";
import { Exception } from "../../base/errors.js";
import type { ConcreteFunction, Initialization, SignedGraph } from "../ConcreteFunction.js";
import type { AttrValue, FunctionDef, GraphDef, NameAttrList, NodeDef, Signature } from "../GraphDef.js";
import { GraphIndex } from "../GraphIndex.js";
import { isVariable, variableName } from "../savedmodel/RestoredVariables.js";
import type { Tensor } from "../Tensor.js";

export interface MergedFunctions {
  readonly graph: GraphDef;
  readonly signatures: readonly Signature[];
  readonly variables: ReadonlyMap<string, Tensor>;
  readonly initialization: Initialization | undefined;
}

/** Signature key → function. Node names stay as they are unless they collide. */
export function mergeFunctions(functions: Readonly<Record<string, ConcreteFunction>>): MergedFunctions {
  const nodes = new Map<string, NodeDef>();
  const library = new Map<string, FunctionDef>();
  const variables = new Map<string, Tensor>();
  const signatures: Signature[] = [];
  const producer = Math.max(...Object.values(functions).map(({ graph }) => graph.producer));
  let origin = "";
  for (const [key, given] of Object.entries(functions)) {
    const fn = { ...given, graph: ofProducer(given.graph, producer) };
    const fits =
      agree(nodes, fn.graph.nodes, nameOf) &&
      agree(library, fn.graph.functions, nameOf) &&
      agreeOnVariables(variables, fn);
    if (!fits && fn.initialization?.op) throw differentTables();
    const own = fits ? fn : scoped(fn, `${key}/`, variables);
    for (const node of own.graph.nodes) nodes.set(node.name, node);
    for (const definition of own.graph.functions) library.set(definition.name, definition);
    for (const [name, value] of own.variables) variables.set(name, value);
    signatures.push({ ...own.graph.signature, key });
    origin ||= own.graph.origin;
  }
  // The order in which functions were found differs from reading to reading.
  const sorted = [...library.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const graph = { origin, nodes: [...nodes.values()], functions: sorted, producer };
  return { graph, signatures, variables, initialization: mergeInitializations(Object.values(functions)) };
}

/** In graphs of before version 24 a placeholder's shape [] is an unknown one: said so where the graph becomes a newer one. */
function ofProducer(graph: SignedGraph, producer: number): SignedGraph {
  if (graph.producer === producer) return graph;
  const declared = new Map(new GraphIndex(graph).placeholders.map(({ name, shape }) => [name, shape]));
  const nodes = graph.nodes.map((node) => {
    const shape = declared.get(node.name);
    return shape === undefined ? node : { ...node, attrs: { ...node.attrs, shape: { shape } } };
  });
  return { ...graph, nodes };
}

/** @throws UnimplementedFeature for tables that are filled in different ways */
function mergeInitializations(functions: readonly ConcreteFunction[]): Initialization | undefined {
  const [first, ...others] = functions.flatMap(({ initialization }) => initialization ?? []);
  for (const other of others) {
    if (!isDeepStrictEqual(first, other)) throw differentTables();
  }
  return first;
}

function differentTables(): Exception {
  const what = "functions whose tables are filled in different ways cannot share a SavedModel";
  return new Exception("UnimplementedFeature", `${what}; export each to a directory of its own.`);
}

const nameOf = ({ name }: { readonly name: string }) => name;

function agree<T>(known: ReadonlyMap<string, T>, added: readonly T[], key: (one: T) => string): boolean {
  return added.every((one) => {
    const before = known.get(key(one));
    return before === undefined || isDeepStrictEqual(before, one);
  });
}

function agreeOnVariables(known: ReadonlyMap<string, Tensor>, { variables }: ConcreteFunction): boolean {
  return [...variables].every(([name, value]) => isShared(known, name, value));
}

function isShared(known: ReadonlyMap<string, Tensor>, name: string, value: Tensor): boolean {
  const before = known.get(name);
  return before === undefined || before === value || isDeepStrictEqual({ ...before }, { ...value });
}

/** The function with a prefix before all its names but those of the variables that it shares. */
function scoped(fn: ConcreteFunction, prefix: string, known: ReadonlyMap<string, Tensor>): ConcreteFunction {
  const { graph, variables } = fn;
  const isOwn = (name: string) => {
    const value = variables.get(name);
    return value === undefined || !isShared(known, name, value);
  };
  const functionName = (name: string) =>
    graph.functions.some((one) => one.name === name) ? prefix.replaceAll("/", "_") + name : name;
  const attrsOf = (node: NodeDef) => {
    const attrs = withFunctionNames(node.attrs, functionName);
    if (!isVariable(node)) return attrs;
    const name = attrs.shared_name?.s || node.name;
    return { ...attrs, shared_name: { s: isOwn(variableName(node)) ? prefix + name : name } };
  };
  const nodes = graph.nodes.map((node) => ({
    ...node,
    name: prefix + node.name,
    inputs: node.inputs.map((input) =>
      input.startsWith("^") ? `^${prefix}${input.slice(1)}` : prefix + input,
    ),
    attrs: attrsOf(node),
  }));
  const functions = graph.functions.map((definition) => ({
    ...definition,
    name: functionName(definition.name),
    nodes: definition.nodes.map((node) => ({ ...node, attrs: withFunctionNames(node.attrs, functionName) })),
  }));
  const tensors = (side: Signature["inputs"]) =>
    Object.fromEntries(
      Object.entries(side).map(([key, tensor]) => [
        key,
        { ...tensor, name: tensor.name && prefix + tensor.name },
      ]),
    );
  const signature = {
    ...graph.signature,
    inputs: tensors(graph.signature.inputs),
    outputs: tensors(graph.signature.outputs),
  };
  const renamed = graph.nodes.filter(isVariable).flatMap((node): [string, Tensor][] => {
    const value = variables.get(variableName(node));
    return value ? [[variableName({ ...node, name: prefix + node.name, attrs: attrsOf(node) }), value]] : [];
  });
  return { graph: { ...graph, nodes, functions, signature }, variables: new Map(renamed) };
}

function withFunctionNames(
  attrs: Readonly<Record<string, AttrValue>>,
  rename: (name: string) => string,
): Record<string, AttrValue> {
  const renamed = (func: NameAttrList) => ({ ...func, name: rename(func.name) });
  return Object.fromEntries(
    Object.entries(attrs).map(([name, value]): [string, AttrValue] => {
      if (value.func) return [name, { func: renamed(value.func) }];
      if (value.list?.func.length)
        return [name, { list: { ...value.list, func: value.list.func.map(renamed) } }];
      return [name, value];
    }),
  );
}
