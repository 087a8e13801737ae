/**
 * Puts the bodies of called functions (PartitionedCall, StatefulPartitionedCall) in place of the calls, so that what
 * a TensorFlow 2 model computes lies open in one graph. The functions of loops and branches stay functions.
 */
import { Exception } from "../../base/errors.js";
import type { FunctionDef, GraphDef, NodeDef } from "../GraphDef.js";
import { dataInputs, isControl, prune, sourceOf, withLivingControls } from "./inlineNodes.js";
import { type OpOutputs, outputPort } from "../opOutputs.js";

const callOps = new Set(["PartitionedCall", "StatefulPartitionedCall"]);

/** A graph that grows beyond this is a mistake: functions that call functions twice grow without bound. */
const maxNodes = 1_000_000;

/** Where a body is put: a graph names tensors "node:port", a function's body "node:argument:index". */
export type Host = "graph" | "function";

interface Inlined {
  readonly nodes: NodeDef[];
  /** The tensor that an output of a call has become. */
  readonly resolve: (tensor: string) => string;
}

export class FunctionInliner {
  readonly #functions: ReadonlyMap<string, FunctionDef>;
  readonly #opOutputs: OpOutputs;
  readonly #expanded = new Map<string, FunctionDef | "open">();

  constructor({ graph, opOutputs }: { readonly graph: GraphDef; readonly opOutputs: OpOutputs }) {
    this.#functions = new Map(graph.functions.map((definition) => [definition.name, definition]));
    this.#opOutputs = opOutputs;
  }

  /**
   * What `roots` need of a graph, without calls. A node of the call's name still gives the call's outputs.
   * @throws InvalidMetaGraphDef for a function that is not there, calls itself or is called with other arguments.
   */
  inlineGraph(nodes: readonly NodeDef[], roots: readonly string[]): NodeDef[] {
    return prune(this.#inline(prune(nodes, roots), "graph").nodes, roots);
  }

  /** A function without calls, reduced to what it returns. @throws InvalidMetaGraphDef as inlineGraph */
  expanded(name: string): FunctionDef {
    const known = this.#expanded.get(name);
    if (known === "open") throw invalid(`function '${name}' calls itself`);
    if (known) return known;
    const definition = this.#functions.get(name);
    if (!definition) throw invalid(`function '${name}' is called, but it is not in the library`);
    this.#expanded.set(name, "open");
    const { nodes, resolve } = this.#inline(
      prune(definition.nodes, Object.values(definition.ret)),
      "function",
    );
    const ret = Object.fromEntries(
      Object.entries(definition.ret).map(([output, tensor]) => [output, resolve(tensor)]),
    );
    const result = withLivingControls({ ...definition, nodes: prune(nodes, Object.values(ret)), ret });
    this.#expanded.set(name, result);
    return result;
  }

  #inline(nodes: readonly NodeDef[], host: Host): Inlined {
    const taken = new Set(nodes.map(({ name }) => name));
    const outputsOf = new Map<string, readonly string[]>();
    const result: NodeDef[] = [];
    for (const node of nodes) {
      const name = this.#called(node);
      if (name === undefined) {
        result.push(node);
        continue;
      }
      const body = this.#instantiate(node, this.expanded(name), taken, host);
      result.push(...body.nodes, standIn(node, body.outputs));
      if (result.length > maxNodes) throw invalid(`its functions write out to more than ${maxNodes} nodes`);
      for (const inner of body.nodes) taken.add(inner.name);
      outputsOf.set(node.name, body.outputs);
    }
    const rewire = new Rewiring(outputsOf);
    return {
      nodes: result.map((node) => ({ ...node, inputs: node.inputs.flatMap((input) => rewire.input(input)) })),
      resolve: (tensor) => rewire.tensor(tensor),
    };
  }

  /** The function that a node calls; old graphs have the function's name as op. */
  #called({ op, attrs }: NodeDef): string | undefined {
    if (callOps.has(op)) return attrs.f?.func?.name ?? "";
    return this.#functions.has(op) ? op : undefined;
  }

  #instantiate(call: NodeDef, body: FunctionDef, taken: ReadonlySet<string>, host: Host) {
    const passed = dataInputs(call);
    if (passed.length !== body.inputs.length) {
      throw invalid(
        `node '${call.name}' gives function '${body.name}' ${passed.length} arguments of ${body.inputs.length}`,
      );
    }
    const args = new Map(body.inputs.map(({ name }, i) => [name, passed[i] as string]));
    const bodyNodes = new Map(body.nodes.map((node) => [node.name, node]));
    const prefix = freePrefix(call.name, body.nodes, taken);
    const translate = (input: string): string => {
      const source = sourceOf(input);
      const arg = args.get(source);
      if (arg !== undefined) return isControl(input) ? `^${sourceOf(arg)}` : arg;
      if (isControl(input)) return `^${prefix}${source}`;
      return host === "function"
        ? prefix + input
        : `${prefix}${source}:${this.#port(bodyNodes.get(source), input)}`;
    };
    const orders = call.inputs.filter(isControl);
    const given = { ...call.attrs, ...call.attrs.f?.func?.attrs };
    const nodes = body.nodes.map((node) => ({
      ...node,
      name: prefix + node.name,
      attrs: withoutPlaceholders(node.attrs, given),
      // What needs nothing must still wait, or be skipped, with the call.
      inputs: node.inputs.length === 0 ? orders : node.inputs.map(translate),
    }));
    const outputs = body.outputs.map(({ name }) => translate(body.ret[name] ?? missingOutput(body, name)));
    return { nodes, outputs };
  }

  #port(node: NodeDef | undefined, tensor: string): number {
    const [, argument = "", index = "0"] = tensor.split(":");
    return node ? outputPort(node, argument, Number(index), this.#opOutputs) : Number(index);
  }
}

/** Leads the readers of a call to the tensors that its function returned. */
class Rewiring {
  readonly #outputsOf: ReadonlyMap<string, readonly string[]>;

  constructor(outputsOf: ReadonlyMap<string, readonly string[]>) {
    this.#outputsOf = outputsOf;
  }

  /** A function may hand on its argument, which is another call's output: followed to its end. */
  tensor(input: string): string {
    let tensor = input;
    for (let steps = 0; ; steps++) {
      const outputs = this.#outputsOf.get(sourceOf(tensor));
      if (!outputs) return tensor;
      const next = outputs[Number(/:(\d+)$/.exec(tensor)?.[1] ?? 0)];
      if (next === undefined)
        throw invalid(`'${tensor}' is read, but the function returns ${outputs.length} tensors`);
      if (steps > this.#outputsOf.size)
        throw invalid(`'${input}' is the result of calls that wait for each other`);
      tensor = next;
    }
  }

  input(input: string): string[] {
    if (!isControl(input)) return [this.tensor(input)];
    const outputs = this.#outputsOf.get(sourceOf(input));
    return outputs ? outputs.map((output) => `^${sourceOf(this.tensor(output))}`) : [input];
  }
}

/** Gives the outputs of a call under its name, for those who ask for tensors by name. */
function standIn({ name, attrs, inputs }: NodeDef, outputs: readonly string[]): NodeDef {
  if (outputs.length === 0) return { name, op: "NoOp", inputs: inputs.filter(isControl), attrs: {} };
  const types = attrs.Tout?.list?.type ?? [];
  if (outputs.length === 1)
    return { name, op: "Identity", inputs: outputs, attrs: { T: { type: types[0] ?? 0 } } };
  return { name, op: "IdentityN", inputs: outputs, attrs: attrs.Tout ? { T: attrs.Tout } : {} };
}

function freePrefix(name: string, nodes: readonly NodeDef[], taken: ReadonlySet<string>): string {
  for (let attempt = 0; ; attempt++) {
    const prefix = attempt === 0 ? `${name}/` : `${name}_${attempt}/`;
    if (!nodes.some((node) => taken.has(prefix + node.name))) return prefix;
  }
}

/** A function may leave attributes to its call: these are the call's then. */
function withoutPlaceholders(attrs: NodeDef["attrs"], given: NodeDef["attrs"]): NodeDef["attrs"] {
  const entries = Object.entries(attrs);
  if (!entries.some(([, { placeholder }]) => placeholder !== undefined)) return attrs;
  return Object.fromEntries(
    entries.map(([name, value]) => [name, (value.placeholder && given[value.placeholder]) || value]),
  );
}

function missingOutput(body: FunctionDef, name: string): never {
  throw invalid(`function '${body.name}' does not say what its output '${name}' is`);
}

function invalid(what: string): Exception {
  return new Exception("InvalidMetaGraphDef", what);
}
