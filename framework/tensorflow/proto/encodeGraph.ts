/** A graph → the bytes of a GraphDef, and of a SavedModel without variables around it: the form that TensorFlow loads. */
import type {
  ArgDef,
  AttrList,
  AttrValue,
  FunctionDef,
  GraphDef,
  NameAttrList,
  NodeDef,
  PartialShape,
} from "../GraphDef.js";
import { protobuf } from "../../base/protobuf.js";
import { dtypeNumber } from "../dtypes.js";
import { graphDefType } from "./graphDefSchema.js";
import type { TensorLike } from "../Tensor.js";

/** The tag under which the SavedModel's only graph is found. */
export const servingTag = "serve";

/** Protobuf's wire form of a length-delimited field. */
const delimited = (field: number) => (field << 3) | 2;
const varint = (field: number) => field << 3;

/** saved_model.pb: SavedModel { 1: schema version, 2: MetaGraphDef { 1: MetaInfoDef { 4: tags }, 2: GraphDef } }. */
export function encodeSavedModel(graph: GraphDef): Uint8Array {
  const { Writer } = protobuf();
  const info = Writer.create().uint32(delimited(4)).string(servingTag).finish();
  const meta = Writer.create()
    .uint32(delimited(1))
    .bytes(info)
    .uint32(delimited(2))
    .bytes(encodeGraphDef(graph))
    .finish();
  return Writer.create().uint32(varint(1)).uint32(1).uint32(delimited(2)).bytes(meta).finish();
}

export function encodeGraphDef({ nodes, functions, producer }: GraphDef): Uint8Array {
  const library = { function: functions.map(functionMessage) };
  return graphDefType()
    .encode({ node: nodes.map(nodeMessage), library, versions: { producer } })
    .finish();
}

function nodeMessage({ name, op, inputs, attrs }: NodeDef): object {
  return { name, op, input: inputs, attr: attrMessages(attrs) };
}

function attrMessages(attrs: Readonly<Record<string, AttrValue>>): object {
  return Object.fromEntries(Object.entries(attrs).map(([name, value]) => [name, attrMessage(value)]));
}

function attrMessage({ s, shape, tensor, func, list, ...plain }: AttrValue): object {
  if (s !== undefined) return { s: Buffer.from(s) };
  if (shape !== undefined) return { shape: shapeMessage(shape) };
  if (tensor !== undefined) return { tensor: tensorMessage(tensor) };
  if (func !== undefined) return { func: funcMessage(func) };
  if (list !== undefined) return { list: listMessage(list) };
  return plain;
}

function listMessage({ s, shape, func, ...plain }: AttrList): object {
  return {
    ...plain,
    s: s.map((text) => Buffer.from(text)),
    shape: shape.map(shapeMessage),
    func: func.map(funcMessage),
  };
}

function funcMessage({ name, attrs }: NameAttrList): object {
  return { name, attr: attrMessages(attrs) };
}

function shapeMessage(shape: PartialShape): object {
  return shape === null ? { unknown_rank: true } : { dim: shape.map((size) => ({ size })) };
}

function tensorMessage({ dtype, shape, data }: TensorLike): object {
  const head = { dtype: dtypeNumber(dtype), tensor_shape: shapeMessage(shape) };
  if (Array.isArray(data)) return { ...head, string_val: data };
  return { ...head, tensor_content: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

function functionMessage({ name, inputs, outputs, nodes, ret }: FunctionDef): object {
  const arg = (def: ArgDef) => ({ name: def.name, type: def.type, type_attr: def.typeAttr });
  const signature = { name, input_arg: inputs.map(arg), output_arg: outputs.map(arg) };
  return { signature, node_def: nodes.map(nodeMessage), ret };
}
