/** The plain data of GraphDef.ts → the messages that protobufjs encodes and printTextFormat prints: decodeGraph's inverse. */
import { dtypeNumber } from "../dtypes.js";
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
import type { TensorLike } from "../Tensor.js";
import { tensorType } from "./graphDefSchema.js";

/** What protobufjs takes: fields by their names in the .proto files. */
export type Message = Readonly<Record<string, unknown>>;
type Attrs = Readonly<Record<string, AttrValue>>;

/** A GraphDef. Its origin and its signature are no part of the format. */
export function graphMessage(graph: GraphDef): Message {
  const { nodes, functions, producer, minConsumer, badConsumers, gradients = {} } = graph;
  const gradient = Object.entries(gradients).map(([function_name, gradient_func]) => ({
    function_name,
    gradient_func,
  }));
  return {
    node: nodes.map(nodeMessage),
    library: { function: functions.map(functionMessage), gradient },
    versions: { producer, min_consumer: minConsumer, bad_consumers: badConsumers },
  };
}

function nodeMessage({ name, op, inputs, attrs, device }: NodeDef): Message {
  return { name, op, input: inputs, device, attr: attrMessages(attrs) };
}

function attrMessages(attrs: Attrs): Message {
  return mapValues(attrs, attrMessage);
}

export function attrMessage(value: AttrValue): Message {
  const { s, bytes, i, long, shape, tensor, encodedTensor, func, list, ...plain } = value;
  if (s !== undefined) return { s: Buffer.from(s) };
  if (bytes !== undefined) return { s: bytes };
  if (i !== undefined) return { i: long === undefined ? i : int64(long) };
  if (shape !== undefined) return { shape: shapeMessage(shape) };
  if (tensor !== undefined) return { tensor: tensorMessage(tensor) };
  if (encodedTensor !== undefined) return { tensor: tensorType().decode(encodedTensor) };
  if (func !== undefined) return { func: funcMessage(func) };
  if (list !== undefined) return { list: listMessage(list) };
  return plain;
}

function listMessage({ s, bytes, i, long, shape, func, tensor = [], ...plain }: AttrList): Message {
  return {
    ...plain,
    s: bytes ?? s.map((text) => Buffer.from(text)),
    i: long?.map(int64) ?? i,
    shape: shape.map(shapeMessage),
    tensor: tensor.map((value) => attrMessage(value).tensor),
    func: func.map(funcMessage),
  };
}

/** protobufjs' form of 64 bits. */
function int64(value: bigint): Message {
  return { low: Number(BigInt.asIntN(32, value)), high: Number(BigInt.asIntN(32, value >> 32n)) };
}

function funcMessage({ name, attrs }: NameAttrList): Message {
  return { name, attr: attrMessages(attrs) };
}

export function shapeMessage(shape: PartialShape): Message {
  return shape === null ? { unknown_rank: true } : { dim: shape.map((size) => ({ size })) };
}

function tensorMessage({ dtype, shape, data }: TensorLike): Message {
  const head = { dtype: dtypeNumber(dtype), tensor_shape: shapeMessage(shape) };
  if (Array.isArray(data)) return { ...head, string_val: data };
  return { ...head, tensor_content: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

function functionMessage(definition: FunctionDef): Message {
  const { name, inputs, outputs, nodes, ret, controlRet = {}, attrs = {}, argAttrs = {} } = definition;
  const signature = {
    name,
    input_arg: inputs.map(argMessage),
    output_arg: outputs.map(argMessage),
    is_stateful: definition.isStateful,
    control_output: Object.keys(controlRet),
  };
  return {
    signature,
    node_def: nodes.map(nodeMessage),
    ret,
    control_ret: controlRet,
    attr: attrMessages(attrs),
    arg_attr: mapValues(argAttrs, (attr: Attrs) => ({ attr: attrMessages(attr) })),
    resource_arg_unique_id: definition.resourceArgIds ?? {},
  };
}

function argMessage({ name, type, typeAttr, numberAttr, typeListAttr, isRef }: ArgDef): Message {
  const lists = { number_attr: numberAttr, type_list_attr: typeListAttr };
  return { name, type, type_attr: typeAttr, ...lists, is_ref: isRef };
}

function mapValues<T>(map: Readonly<Record<string, T>>, change: (value: T) => Message): Message {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
}
