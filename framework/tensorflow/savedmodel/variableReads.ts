/** The ops that read variables and those that change them, and what each read is once the variable is a constant. */
import { dtypeNumber } from "../dtypes.js";
import type { NodeDef } from "../GraphDef.js";
import type { Host } from "./FunctionInliner.js";
import { isControl } from "./inlineNodes.js";
import { Tensor, type TensorLike } from "../Tensor.js";

const int32Type = 3;
const int64Type = 9;

type Read = (node: NodeDef, value: TensorLike, handle: string, host: Host) => NodeDef[];

const reads: Readonly<Record<string, Read>> = {
  ReadVariableOp: ({ name, inputs, attrs }, { dtype }, handle) => [
    {
      name,
      op: "Identity",
      inputs: [handle, ...inputs.filter(isControl)],
      attrs: { ...attrs, T: { type: dtypeNumber(dtype) } },
    },
  ],
  ResourceGather: ({ name, inputs, attrs }, { dtype }, handle, host) => {
    const axis = constant(`${name}/axis`, new Tensor("int32", [], [0]), inputs);
    const types = {
      Tparams: { type: dtypeNumber(dtype) },
      Tindices: attrs.Tindices ?? {},
      Taxis: { type: int32Type },
    };
    const batch = { batch_dims: attrs.batch_dims ?? { i: 0 } };
    const [, indices = ""] = inputs;
    const gathered = [handle, indices, outputOf(axis, host), ...inputs.filter(isControl)];
    return [axis, { name, op: "GatherV2", inputs: gathered, attrs: { ...types, ...batch } }];
  },
  VariableShape: ({ name, inputs, attrs }, { shape }) => {
    const dtype = attrs.out_type?.type === int64Type ? "int64" : "int32";
    return [constant(name, new Tensor(dtype, [shape.length], [...shape]), inputs)];
  },
  VarIsInitializedOp: ({ name, inputs }) => [constant(name, new Tensor("bool", [], [true]), inputs)],
  IsVariableInitialized: ({ name, inputs }) => [constant(name, new Tensor("bool", [], [true]), inputs)],
};

export function isVariableRead({ op }: NodeDef): boolean {
  return Object.hasOwn(reads, op);
}

export function isWrite({ op }: NodeDef): boolean {
  return /^(Assign|(Resource)?(Sparse)?Apply|(Resource)?Scatter(Nd)?(Update|Add|Sub|Mul|Div|Min|Max)$|Resource\w*Assign)/.test(
    op,
  );
}

/**
 * What stands for a read of a variable with this value.
 * @param isAlways the handle comes from the variable itself; else a branch decides whether the value is there at all
 */
export function frozenRead(node: NodeDef, value: Tensor, isAlways: boolean, host: Host): NodeDef[] {
  const [handle = ""] = node.inputs;
  const read = reads[node.op] as Read;
  if (!isAlways) return read(node, value, handle, host);
  if (node.op === "ReadVariableOp") return [constant(node.name, value, node.inputs)];
  const params = constant(`${node.name}/variable`, value, node.inputs);
  return [params, ...read(node, value, outputOf(params, host), host)];
}

function outputOf({ name }: NodeDef, host: Host): string {
  return host === "graph" ? name : `${name}:output:0`;
}

/** A constant that waits for what the node waited for whose place it takes. */
export function constant(name: string, value: Tensor, inputs: readonly string[] = []): NodeDef {
  const attrs = { dtype: { type: dtypeNumber(value.dtype) }, value: { tensor: value } };
  return { name, op: "Const", inputs: inputs.filter(isControl), attrs };
}
