/**
 * Puts constants in place of variables. A handle that only passes through (Identity, Switch, Enter, a loop's or a
 * branch's arguments) becomes the value that passes through, so that every node still has its place and its type.
 */
import { Exception } from "../../base/errors.js";
import { dtypeNumber } from "../dtypes.js";
import type { AttrValue, FunctionDef, NameAttrList, NodeDef } from "../GraphDef.js";
import type { Tensor } from "../Tensor.js";
import type { FunctionInliner, Host } from "./FunctionInliner.js";
import {
  dataInputs,
  isControl,
  prune,
  simplifyControls,
  sourceOf,
  withLivingControls,
} from "./inlineNodes.js";
import { constant, frozenRead, isVariableRead, isWrite } from "./variableReads.js";
import { isVariable } from "./RestoredVariables.js";
import { loops, Origins, passing } from "./Origins.js";

const resourceType = 20;
/** Branching ops, their first argument being the choice. */
const branches = new Set(["If", "StatelessIf", "Case", "StatelessCase"]);

/** Where the values of variables come from. */
export interface VariableValues {
  /** @throws InvalidSession naming the variable that has none. */
  value(variable: NodeDef): Tensor;
}

export class VariableFreezer {
  readonly #inliner: FunctionInliner;
  readonly #variables: VariableValues;
  readonly #functions = new Map<string, FunctionDef>();

  constructor(inliner: FunctionInliner, variables: VariableValues) {
    this.#inliner = inliner;
    this.#variables = variables;
  }

  /** The functions that the frozen nodes call. */
  get functions(): FunctionDef[] {
    return [...this.#functions.values()];
  }

  /** @throws InvalidMetaGraphDef for nodes that change a variable; InvalidSession for one without a value. */
  freezeGraph(nodes: readonly NodeDef[], roots: readonly string[]): NodeDef[] {
    return this.#freeze(nodes, roots, new Origins(nodes, new Map()), "graph");
  }

  #freeze(nodes: readonly NodeDef[], roots: readonly string[], origins: Origins, host: Host): NodeDef[] {
    const frozen = nodes.flatMap((node) => this.#freezeNode(node, origins, host));
    return prune(simplifyControls(prune(frozen, roots)), roots).map(withoutDevice);
  }

  #freezeNode(node: NodeDef, origins: Origins, host: Host): NodeDef[] {
    const [first = ""] = node.inputs;
    if (isWrite(node))
      throw invalid(`node '${node.name}' (${node.op}) changes a variable: this is for training`);
    if (isVariable(node)) return [constant(node.name, this.#variables.value(node), node.inputs)];
    if (isVariableRead(node)) {
      const origin = origins.of(first);
      if (!origin) throw invalid(`it cannot be told which variable node '${node.name}' (${node.op}) reads`);
      return frozenRead(node, this.#variables.value(origin.variable), origin.isAlways, host);
    }
    if (passing.has(node.op)) return [this.#freezePassing(node, origins)];
    if (loops.has(node.op) || branches.has(node.op)) return [this.#freezeFunctional(node, origins)];
    return [node];
  }

  #freezePassing(node: NodeDef, origins: Origins): NodeDef {
    const type = node.attrs.T?.type ?? 0;
    const origin =
      type === resourceType || node.op.startsWith("Ref") ? origins.of(node.inputs[0] ?? "") : undefined;
    const op = node.op.replace(/^Ref/, "");
    if (type !== resourceType || !origin) return { ...node, op };
    return { ...node, op, attrs: { ...node.attrs, T: { type: this.#typeOf(origin.variable) } } };
  }

  #freezeFunctional(node: NodeDef, origins: Origins): NodeDef {
    const isLoop = loops.has(node.op);
    const args = dataInputs(node).slice(isLoop ? 0 : 1);
    const typesAttr = isLoop ? "T" : "Tin";
    const types = node.attrs[typesAttr]?.list?.type ?? [];
    const variables = args.map((arg, i) =>
      types[i] === resourceType ? origins.of(arg)?.variable : undefined,
    );
    const attrs: Record<string, AttrValue> = { ...node.attrs };
    for (const [name, { func, list }] of Object.entries(node.attrs)) {
      if (func) attrs[name] = { func: this.#specialize(func, variables, isLoop && name === "body") };
      else if (list?.func.length)
        attrs[name] = {
          list: { ...list, func: list.func.map((f) => this.#specialize(f, variables, false)) },
        };
    }
    if (variables.some((variable) => variable !== undefined)) {
      // What TensorFlow noted about the handles' shapes does not hold for the values.
      delete attrs._output_shapes;
      delete attrs.output_shapes;
      attrs[typesAttr] = {
        list: { ...emptyList, type: types.map((type, i) => this.#typeOf(variables[i]) || type) },
      };
      const shapes = node.attrs.output_shapes?.list?.shape;
      if (shapes) {
        const shape = shapes.map((known, i) =>
          isLoop && variables[i] ? this.#variables.value(variables[i]).shape : known,
        );
        attrs.output_shapes = { list: { ...emptyList, shape } };
      }
    }
    return { ...node, attrs };
  }

  /** A function for these arguments: a version of its own where some of them are variables. */
  #specialize(
    { name, attrs }: NameAttrList,
    variables: readonly (NodeDef | undefined)[],
    isBody: boolean,
  ): NameAttrList {
    const given = variables.map((variable) => variable?.name ?? "").join(" ");
    const key = `${name} ${given}`;
    const known = this.#functions.get(key);
    if (known) return { name: known.name, attrs };
    const definition = withConstantOutputs(this.#inliner.expanded(name));
    const entries = definition.inputs.flatMap(({ name: arg }, i): [string, NodeDef][] => {
      const variable = variables[i];
      return variable ? [[arg, variable]] : [];
    });
    const byArgument = new Map(entries);
    const origins = new Origins(definition.nodes, byArgument);
    const own = {
      ...(entries.length > 0 ? withoutNotes(definition) : definition),
      name: entries.length > 0 ? `${name}_frozen_${this.#functions.size}` : name,
    };
    this.#functions.set(key, own);
    if (isBody) checkInvariant(definition, variables, origins);
    const frozen = {
      ...own,
      inputs: definition.inputs.map((arg, i) =>
        variables[i] ? { ...arg, type: this.#typeOf(variables[i]) } : arg,
      ),
      outputs: definition.outputs.map((arg) => {
        const origin = arg.type === resourceType ? origins.of(definition.ret[arg.name] ?? "") : undefined;
        return origin ? { ...arg, type: this.#typeOf(origin.variable) } : arg;
      }),
      nodes: this.#freeze(definition.nodes, Object.values(definition.ret), origins, "function"),
    };
    this.#functions.set(key, withLivingControls(frozen));
    return { name: frozen.name, attrs };
  }

  #typeOf(variable: NodeDef | undefined): number {
    return variable ? dtypeNumber(this.#variables.value(variable).dtype) : 0;
  }
}

/** What was noted about the arguments does not hold where a handle became a value. */
function withoutNotes({ attrs, argAttrs, resourceArgIds, ...definition }: FunctionDef): FunctionDef {
  return definition;
}

/** In a function's body tensors have the names that ops give their outputs: those of what becomes a constant change. */
function withConstantOutputs(definition: FunctionDef): FunctionDef {
  const changing = new Set(
    definition.nodes.filter((node) => isVariable(node) || isVariableRead(node)).map(({ name }) => name),
  );
  if (changing.size === 0) return definition;
  const renamed = (input: string) => {
    const source = sourceOf(input);
    return !isControl(input) && changing.has(source) ? `${source}:output:0` : input;
  };
  const ret = Object.fromEntries(
    Object.entries(definition.ret).map(([name, tensor]) => [name, renamed(tensor)]),
  );
  const nodes = definition.nodes.map((node) => ({ ...node, inputs: node.inputs.map(renamed) }));
  return { ...definition, nodes, ret };
}

function checkInvariant(
  body: FunctionDef,
  variables: readonly (NodeDef | undefined)[],
  origins: Origins,
): void {
  for (const [i, variable] of variables.entries()) {
    if (!variable) continue;
    const returned = origins.of(body.ret[body.outputs[i]?.name ?? ""] ?? "")?.variable;
    if (returned !== variable)
      throw invalid(`loop body '${body.name}' changes which variable its argument ${i} is`);
  }
}

/** Where it was trained says nothing about where it runs: TensorFlow's freezing clears it too. */
function withoutDevice(node: NodeDef): NodeDef {
  if (node.device === undefined) return node;
  const { device, ...rest } = node;
  return rest;
}

const emptyList = { s: [], i: [], f: [], b: [], type: [], shape: [], func: [] };

function invalid(what: string): Exception {
  return new Exception("InvalidMetaGraphDef", what);
}
