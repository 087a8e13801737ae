/**
 * Writes function calls out into the graph, as TensorFlow does before it runs one: calls become the function's nodes,
 * If and Case become Switch and Merge, While becomes a loop of Enter, Merge, Switch, NextIteration and Exit.
 */
import type { AttrValue, FunctionDef, GraphDef, NodeDef } from "../../GraphDef.js";
import { type Body, instantiate, invalid } from "./functionBody.js";

/** Functions may call functions this deep; a function that calls itself never ends. */
const maxDepth = 50;
/** A graph that grows beyond this is a mistake. */
const maxNodes = 1_000_000;

/** A graph without function calls is returned as it is. @throws InvalidSession naming the node */
export function lowerFunctions(graph: GraphDef): GraphDef {
  const lowering = new Lowering(graph.functions);
  if (!graph.nodes.some((node) => lowering.isCall(node))) return graph;
  for (const node of graph.nodes) lowering.add(node, 0);
  return { ...graph, nodes: lowering.nodes, functions: [] };
}

class Lowering {
  readonly nodes: NodeDef[] = [];
  readonly #functions: ReadonlyMap<string, FunctionDef>;

  constructor(functions: readonly FunctionDef[]) {
    this.#functions = new Map(functions.map((called) => [called.name, called]));
  }

  isCall({ op }: NodeDef): boolean {
    return op in this.#lowerings || this.#functions.has(op);
  }

  add(node: NodeDef, depth: number): void {
    const lower = this.#lowerings[node.op] ?? (this.#functions.has(node.op) ? this.#call : undefined);
    if (!lower) {
      this.nodes.push(node);
      if (this.nodes.length > maxNodes)
        throw invalid(`its functions write out to more than ${maxNodes} nodes`);
      return;
    }
    if (depth > maxDepth)
      throw invalid(`functions call each other more than ${maxDepth} deep at '${node.name}'`);
    const isControl = (input: string) => input.startsWith("^");
    const call = {
      node,
      depth,
      data: node.inputs.filter((input) => !isControl(input)),
      controls: node.inputs.filter(isControl),
    };
    this.#finish(call, lower.call(this, call));
  }

  readonly #lowerings: Readonly<Record<string, (call: Call) => readonly string[]>> = {
    PartitionedCall: this.#call,
    StatefulPartitionedCall: this.#call,
    If: this.#if,
    StatelessIf: this.#if,
    Case: this.#case,
    StatelessCase: this.#case,
    While: this.#while,
    StatelessWhile: this.#while,
  };

  /** The calling node stays under its name, so that its outputs can be read and fetched as before. */
  #finish({ node, controls }: Call, outputs: readonly string[]): void {
    const op = outputs.length > 0 ? "IdentityN" : "NoOp";
    this.nodes.push({ name: node.name, op, inputs: [...outputs, ...controls], attrs: {} });
  }

  #push(name: string, op: string, inputs: readonly string[], attrs: NodeDef["attrs"] = {}): string {
    this.nodes.push({ name, op, inputs, attrs });
    return name;
  }

  /** Adds a function's nodes; those with effects of their own run only if `pivot` does. */
  #body(call: Call, name: string, prefix: string, args: readonly string[], pivot?: string): Body {
    const called = this.#functions.get(name);
    const { node: caller } = call;
    if (!called)
      throw invalid(`node '${caller.name}' (${caller.op}) calls '${name}', which the graph does not have`);
    const body = instantiate(called, prefix, args);
    for (const node of body.nodes) {
      const isGuarded = pivot !== undefined && (node.op === "Assert" || this.isCall(node));
      this.add(isGuarded ? { ...node, inputs: [...node.inputs, `^${pivot}`] } : node, call.depth + 1);
    }
    return body;
  }

  #call(call: Call): readonly string[] {
    const { node, data } = call;
    const name = this.#functions.has(node.op) ? node.op : functionName(node, "f");
    return this.#body(call, name, `${node.name}/body`, data).outputs;
  }

  #if(call: Call): readonly string[] {
    const { node, data, controls } = call;
    const truth = this.#push(`${node.name}/cond`, "ToBool", [data[0] ?? "", ...controls]);
    const branches = [functionName(node, "else_branch"), functionName(node, "then_branch")];
    return this.#branches(call, "Switch", truth, data.slice(1), branches);
  }

  #case(call: Call): readonly string[] {
    const { node, data, controls } = call;
    const branches = (node.attrs.branches?.list?.func ?? []).map(({ name }) => name);
    const index = this.#push(`${node.name}/index`, "Identity", [data[0] ?? "", ...controls]);
    return this.#branches(call, "_SwitchN", index, data.slice(1), branches);
  }

  #branches(
    call: Call,
    op: string,
    choice: string,
    args: readonly string[],
    names: readonly string[],
  ): string[] {
    const { name } = call.node;
    const attrs = { num_outs: { i: names.length } };
    const pivot = this.#push(`${name}/pivot`, op, [choice, choice], attrs);
    const switches = args.map((arg, i) => this.#push(`${name}/switch_${i}`, op, [arg, choice], attrs));
    const results = names.map((called, b) => {
      const own = this.#push(`${name}/pivot_${b}`, "Identity", [`${pivot}:${b}`]);
      const taken = switches.map((chosen) => `${chosen}:${b}`);
      const { outputs } = this.#body(call, called, `${name}/branch_${b}`, taken, own);
      // A branch may return what does not depend on its inputs: the pivot says whether it counts.
      return outputs.map((output, i) =>
        this.#push(`${name}/result_${b}_${i}`, "Identity", [output, `^${own}`]),
      );
    });
    return (results[0] ?? []).map((_, i) => {
      const options = results.map((outputs) => outputs[i] ?? "");
      return this.#push(`${name}/merge_${i}`, "Merge", options);
    });
  }

  #while(call: Call): readonly string[] {
    const { node, data, controls } = call;
    const { name } = node;
    const frame = { frame_name: { s: name } };
    const heads = data.map((input, i) => {
      const enter = this.#push(`${name}/enter_${i}`, "Enter", [input, ...controls], frame);
      return this.#push(`${name}/merge_${i}`, "Merge", [enter, `${name}/next_${i}`]);
    });
    const condition = this.#body(call, functionName(node, "cond"), `${name}/cond`, heads).outputs[0] ?? "";
    const truth = this.#push(`${name}/truth`, "ToBool", [condition]);
    const goesOn = this.#push(`${name}/goes_on`, "LoopCond", [truth]);
    const switches = heads.map((head, i) => this.#push(`${name}/switch_${i}`, "Switch", [head, goesOn]));
    const pivot = this.#push(`${name}/pivot`, "Identity", [`${switches[0] ?? ""}:1`]);
    const args = switches.map((chosen) => `${chosen}:1`);
    const { outputs } = this.#body(call, functionName(node, "body"), `${name}/body`, args, pivot);
    for (const [i, output] of outputs.entries()) {
      this.#push(`${name}/next_${i}`, "NextIteration", [output, `^${pivot}`]);
    }
    return switches.map((chosen, i) => this.#push(`${name}/exit_${i}`, "Exit", [`${chosen}:0`]));
  }
}

interface Call {
  readonly node: NodeDef;
  readonly depth: number;
  readonly data: readonly string[];
  readonly controls: readonly string[];
}

function functionName(node: NodeDef, attribute: string): string {
  const func: AttrValue["func"] = node.attrs[attribute]?.func;
  if (func) return func.name;
  throw invalid(`node '${node.name}' (${node.op}) has no function '${attribute}'`);
}
