/**
 * Which tensor of the variables bundle each variable gets. Nothing but the model's own restore operation says it for
 * every way of writing a SavedModel, so it is followed: RestoreV2 → … → AssignVariableOp (or Assign, TensorFlow 1).
 */
import { join } from "node:path";
import { Exception } from "../../base/errors.js";
import { dtypeFromNumber } from "../dtypes.js";
import type { NodeDef } from "../GraphDef.js";
import type { FunctionInliner } from "./FunctionInliner.js";
import { dataInputs, sourceOf } from "./inlineNodes.js";
import type { MetaGraphDef } from "./metaGraph.js";
import { showShape, type Tensor, type TensorLike } from "../Tensor.js";
import { VariablesBundle } from "../checkpoint/VariablesBundle.js";
import { parseSliceSpec } from "../checkpoint/slices.js";

const assignOps = new Set(["AssignVariableOp", "Assign"]);
const variableOps = new Set(["VarHandleOp", "VariableV2", "Variable"]);

/** A place in the bundle: a tensor, or with a slice a part of it. */
export interface Restored {
  readonly tensor: string;
  readonly slice: string;
}

export function isVariable({ op }: NodeDef): boolean {
  return variableOps.has(op);
}

/** The values of a model's variables, each read when it is first asked for. */
export class RestoredVariables {
  readonly #origin: string;
  readonly #prefix: string;
  readonly #places: ReadonlyMap<string, Restored>;
  readonly #isByName: boolean;
  readonly #values = new Map<string, Tensor>();
  #bundle: VariablesBundle | undefined;

  /**
   * @param checkpoint its path without ".index", where the values are not those of the SavedModel in `exportDir`; a
   *   variable that no restore operation knows is then looked for by its name
   */
  constructor(metaGraph: MetaGraphDef, exportDir: string, inliner: FunctionInliner, checkpoint?: string) {
    this.#origin = checkpoint ?? exportDir;
    this.#prefix = checkpoint ?? join(exportDir, "variables", "variables");
    this.#places = restoredPlaces(metaGraph, inliner);
    this.#isByName = checkpoint !== undefined;
  }

  /** Whether the model's restore operation gives the variable a value. */
  has(variable: NodeDef): boolean {
    const name = variableName(variable);
    return this.#places.has(name) || (this.#isByName && this.#opened().names.includes(name));
  }

  /** @throws InvalidSession naming the variable, when it has no value or the bundle is damaged. */
  value(variable: NodeDef): Tensor {
    const key = variableName(variable);
    const known = this.#values.get(key);
    if (known) return known;
    try {
      const value = this.#read(key);
      checkType(variable, value);
      this.#values.set(key, value);
      return value;
    } catch (error) {
      if (!(error instanceof Exception)) throw error;
      const what = `error while restoring variables of '${this.#origin}': variable '${variable.name}': `;
      throw new Exception("InvalidSession", `${what}${error.message}.`, { cause: error });
    }
  }

  #read(key: string): Tensor {
    const place = this.#places.get(key) ?? (this.#isByName ? { tensor: key, slice: "" } : undefined);
    if (!place)
      throw new Exception("InvalidSession", "the model's restore operation does not give it a value");
    return this.#opened().read(place.tensor, parseSliceSpec(place.slice));
  }

  #opened(): VariablesBundle {
    if (!VariablesBundle.exists(this.#prefix))
      throw new Exception("InvalidSession", `'${this.#prefix}.index' is missing`);
    this.#bundle ??= new VariablesBundle(this.#prefix);
    return this.#bundle;
  }
}

/** Nodes of one shared name are one variable. */
export function variableName({ name, attrs }: NodeDef): string {
  const container = attrs.container?.s;
  return `${container ? `${container}/` : ""}${attrs.shared_name?.s || name}`;
}

/** The place of each variable that a meta graph's restore operation gives a value, by variableName(). */
export function restoredPlaces(
  { graph, restoreNode }: MetaGraphDef,
  inliner: FunctionInliner,
): Map<string, Restored> {
  const places = new Map<string, Restored>();
  if (restoreNode === "") return places;
  const nodes = inliner.inlineGraph(graph.nodes, [restoreNode]);
  const byName = new Map(nodes.map((node) => [node.name, node]));
  for (const node of nodes) {
    if (!assignOps.has(node.op)) continue;
    const [target = "", value = ""] = dataInputs(node).map((input) => behindIdentities(input, byName));
    const variable = byName.get(sourceOf(target));
    const restore = byName.get(sourceOf(value));
    if (!variable || !isVariable(variable) || restore?.op !== "RestoreV2") continue;
    const port = Number(/:(\d+)$/.exec(value)?.[1] ?? 0);
    const [, names, slices] = dataInputs(restore).map((input) => stringsOf(byName.get(sourceOf(input))));
    const tensor = names?.[port];
    if (tensor !== undefined) places.set(variableName(variable), { tensor, slice: slices?.[port] ?? "" });
  }
  return places;
}

function behindIdentities(input: string, nodes: ReadonlyMap<string, NodeDef>): string {
  let tensor = input;
  for (let steps = 0; steps < nodes.size; steps++) {
    const node = nodes.get(sourceOf(tensor));
    if (node?.op !== "Identity") break;
    tensor = node.inputs[0] ?? "";
  }
  return tensor;
}

function stringsOf(node: NodeDef | undefined): string[] {
  const tensor: TensorLike | undefined = node?.attrs.value?.tensor;
  return Array.isArray(tensor?.data) ? tensor.data.map((bytes) => Buffer.from(bytes).toString("utf8")) : [];
}

function checkType({ attrs }: NodeDef, { dtype, shape }: Tensor): void {
  const declared = attrs.shape?.shape ?? null;
  const isShape =
    !declared ||
    (declared.length === shape.length && declared.every((size, i) => size < 0 || size === shape[i]));
  const type = dtypeFromNumber(attrs.dtype?.type ?? 0);
  if (isShape && type === dtype) return;
  const what = `the graph declares ${type ?? "an unsupported type"}${showShape(declared)}, the bundle has ${dtype}${showShape(shape)}`;
  throw new Exception("InvalidSession", what);
}
