/**
 * What a SavedModel's graph has beside the model, for TensorFlow's loaders: how each variable is initialised and read,
 * and the operations that save all variables and restore them from the bundle.
 */
import { Exception } from "../../base/errors.js";
import { dtypeNumber } from "../dtypes.js";
import type { GraphDef, NodeDef } from "../GraphDef.js";
import { variableName } from "../savedmodel/RestoredVariables.js";
import { constant } from "../savedmodel/variableReads.js";
import { newData } from "../dtypes.js";
import { Tensor } from "../Tensor.js";
import { uniqueName } from "./resourceVariables.js";

const stringType = dtypeNumber("string");

/** The fields of SaverDef. */
export interface SaverDef {
  readonly filename_tensor_name: string;
  readonly save_tensor_name: string;
  readonly restore_op_name: string;
  readonly version: number;
}

/** The fields of VariableDef. */
export interface VariableDef {
  readonly variable_name: string;
  readonly initializer_name: string;
  readonly snapshot_name: string;
  readonly is_resource: boolean;
  readonly initial_value_name: string;
  readonly trainable: boolean;
}

export interface SaverNodes {
  readonly nodes: readonly NodeDef[];
  readonly saver: SaverDef | undefined;
  readonly variableDefs: readonly VariableDef[];
}

/** SaverDef's version that restores from a tensor bundle. */
const saverVersion2 = 2;

/**
 * The nodes to add for the variables of a graph, which are resources.
 * @throws InvalidSession naming a variable without a value
 */
export function saverNodes(graph: GraphDef, values: ReadonlyMap<string, Tensor>): SaverNodes {
  const handles = graph.nodes.filter(({ op }) => op === "VarHandleOp");
  if (handles.length === 0) return { nodes: [], saver: undefined, variableDefs: [] };
  const taken = new Set(graph.nodes.map(({ name }) => name));
  const add = (nodes: readonly NodeDef[]) => {
    for (const { name } of nodes) taken.add(name);
    return nodes;
  };
  const variables = handles.map((handle) => {
    const value = initialValue(handle, values, graph.origin);
    const variable = variableNodes(handle, value, taken);
    add(variable.nodes);
    return { ...variable, handle, value };
  });
  const scope = uniqueScope("save", taken);
  const ordered = [...variables].sort((a, b) => (variableName(a.handle) < variableName(b.handle) ? -1 : 1));
  const types = ordered.map(({ value }) => dtypeNumber(value.dtype));
  const reads = ordered.map(({ read }) => read);
  const names = constant(`${scope}/tensor_names`, texts(ordered.map(({ handle }) => variableName(handle))));
  const slices = constant(`${scope}/shape_and_slices`, texts(ordered.map(() => "")));
  const prefix = `${scope}/Const`;
  const assigns = ordered.map(
    ({ handle, value }, i): NodeDef => ({
      name: `${scope}/AssignVariableOp_${i}`,
      op: "AssignVariableOp",
      inputs: [handle.name, i === 0 ? `${scope}/RestoreV2` : `${scope}/RestoreV2:${i}`],
      attrs: assignAttrs(value),
    }),
  );
  const dtypes = { dtypes: { list: { ...emptyList, type: types } } };
  const nodes: NodeDef[] = [
    ...variables.flatMap((variable) => variable.nodes),
    constant(`${scope}/filename`, texts(["model"], [])),
    {
      name: prefix,
      op: "PlaceholderWithDefault",
      inputs: [`${scope}/filename`],
      attrs: { dtype: { type: stringType }, shape: { shape: [] } },
    },
    names,
    slices,
    {
      name: `${scope}/SaveV2`,
      op: "SaveV2",
      inputs: [prefix, names.name, slices.name, ...reads],
      attrs: dtypes,
    },
    {
      name: `${scope}/Identity`,
      op: "Identity",
      inputs: [prefix, `^${scope}/SaveV2`],
      attrs: { T: { type: stringType } },
    },
    { name: `${scope}/RestoreV2`, op: "RestoreV2", inputs: [prefix, names.name, slices.name], attrs: dtypes },
    ...assigns,
    { name: `${scope}/restore_all`, op: "NoOp", inputs: assigns.map(({ name }) => `^${name}`), attrs: {} },
  ];
  const saver = {
    filename_tensor_name: `${prefix}:0`,
    save_tensor_name: `${scope}/Identity:0`,
    restore_op_name: `${scope}/restore_all`,
    version: saverVersion2,
  };
  return { nodes, saver, variableDefs: variables.map(({ definition }) => definition) };
}

const emptyList = { s: [], i: [], f: [], b: [], type: [], shape: [], func: [] };

/** A variable begins as zeros: its value comes from the bundle. */
function variableNodes(handle: NodeDef, value: Tensor, taken: ReadonlySet<string>) {
  const unique = (suffix: string) => uniqueName(`${handle.name}/${suffix}`, taken);
  const type = { type: dtypeNumber(value.dtype) };
  const shape = constant(
    unique("Initializer/zeros/shape"),
    new Tensor("int32", [value.shape.length], [...value.shape]),
  );
  const zero = constant(
    unique("Initializer/zeros/value"),
    new Tensor(value.dtype, [], newData(value.dtype, 1)),
  );
  const zeros: NodeDef = {
    name: unique("Initializer/zeros"),
    op: "Fill",
    inputs: [shape.name, zero.name],
    attrs: { T: type, index_type: { type: dtypeNumber("int32") } },
  };
  const assign: NodeDef = {
    name: unique("Assign"),
    op: "AssignVariableOp",
    inputs: [handle.name, zeros.name],
    attrs: assignAttrs(value),
  };
  const read: NodeDef = {
    name: unique("Read/ReadVariableOp"),
    op: "ReadVariableOp",
    inputs: [handle.name],
    attrs: { dtype: type },
  };
  const definition: VariableDef = {
    variable_name: `${handle.name}:0`,
    initializer_name: assign.name,
    snapshot_name: `${read.name}:0`,
    is_resource: true,
    initial_value_name: `${zeros.name}:0`,
    trainable: isTrainable(variableName(handle), value),
  };
  return { nodes: [shape, zero, zeros, assign, read], read: read.name, definition };
}

/** By the names that Keras and TensorFlow 1 give to what an optimizer must leave alone: a graph does not say it. */
function isTrainable(name: string, { dtype }: Tensor): boolean {
  const isFloat = /^b?(float|half)/.test(dtype);
  return isFloat && !/moving_(mean|var)|ExponentialMovingAverage|(^|\/)EMA(\/|$)|global_step/.test(name);
}

function assignAttrs({ dtype }: Tensor): NodeDef["attrs"] {
  return { dtype: { type: dtypeNumber(dtype) }, validate_shape: { b: false } };
}

function initialValue(handle: NodeDef, values: ReadonlyMap<string, Tensor>, origin: string): Tensor {
  const value = values.get(variableName(handle));
  if (value) return value;
  const what = `variable '${variableName(handle)}' of '${origin}' has no value`;
  throw new Exception("InvalidSession", `${what}; give it one from a checkpoint with smartInit.`);
}

function texts(values: readonly string[], shape: readonly number[] = [values.length]): Tensor {
  return new Tensor(
    "string",
    shape,
    values.map((value) => new Uint8Array(Buffer.from(value))),
  );
}

/** A scope that no name of the graph is in. */
function uniqueScope(wanted: string, taken: ReadonlySet<string>): string {
  const scopes = new Set([...taken].map((name) => name.split("/")[0] as string));
  return uniqueName(wanted, scopes);
}
