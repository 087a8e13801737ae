/** What protobufjs makes of a GraphDef's nodes and functions → the plain data of GraphDef.ts. */
import { Exception } from "../../base/errors.js";
import type {
  ArgDef,
  AttrList,
  AttrValue,
  FunctionDef,
  GraphDef,
  NameAttrList,
  NodeDef,
} from "../GraphDef.js";
import {
  decodeShape,
  decodeTensor,
  type ProtoInt64,
  type TensorMessage,
  type TensorShapeMessage,
  toBigInt,
} from "./decodeTensor.js";

export interface GraphMessage {
  readonly node: readonly NodeMessage[];
  readonly library?: { readonly function: readonly FunctionMessage[] } | null;
  readonly versions?: { readonly producer: number } | null;
}

interface NodeMessage {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, AttrMessage>>;
}

interface AttrMessage {
  readonly value?: keyof AttrValue | "placeholder";
  readonly s: Uint8Array;
  readonly i: ProtoInt64;
  readonly f: number;
  readonly b: boolean;
  readonly type: number;
  readonly shape: TensorShapeMessage;
  readonly tensor: TensorMessage;
  readonly func: FuncMessage;
  readonly list: ListMessage;
}

interface ListMessage {
  readonly s: readonly Uint8Array[];
  readonly i: readonly ProtoInt64[];
  readonly f: readonly number[];
  readonly b: readonly boolean[];
  readonly type: readonly number[];
  readonly shape: readonly TensorShapeMessage[];
  readonly func: readonly FuncMessage[];
}

interface FuncMessage {
  readonly name: string;
  readonly attr: Readonly<Record<string, AttrMessage>>;
}

interface ArgMessage {
  readonly name: string;
  readonly type: number;
  readonly type_attr: string;
}

interface FunctionMessage {
  readonly signature?: {
    readonly name: string;
    readonly input_arg: readonly ArgMessage[];
    readonly output_arg: readonly ArgMessage[];
  } | null;
  readonly node_def: readonly NodeMessage[];
  readonly ret: Readonly<Record<string, string>>;
}

/** @throws InvalidGraphDef naming the node. */
export function decodeGraph({ node, library, versions }: GraphMessage, origin: string): GraphDef {
  const functions = (library?.function ?? []).map(decodeFunction);
  return { origin, nodes: node.map(decodeNode), functions, producer: versions?.producer ?? 0 };
}

function decodeNode(message: NodeMessage): NodeDef {
  const { name, op, input, attr } = message;
  if (name === "" || op === "") {
    const missing = name === "" ? "name" : "op";
    throw new Exception("InvalidGraphDef", `it has a node without ${missing}; is it a frozen graph (.pb)?`);
  }
  try {
    return { name, op, inputs: [...input], attrs: decodeAttrs(attr) };
  } catch (error) {
    if (!(error instanceof Exception)) throw error;
    throw new Exception("InvalidGraphDef", `node '${name}' (${op}): ${error.message}`, { cause: error });
  }
}

function decodeAttrs(messages: Readonly<Record<string, AttrMessage>>): Record<string, AttrValue> {
  return Object.fromEntries(Object.entries(messages).map(([name, message]) => [name, decodeAttr(message)]));
}

function decodeAttr(message: AttrMessage): AttrValue {
  switch (message.value) {
    case "s":
      return { s: text(message.s) };
    case "i":
      return { i: Number(toBigInt(message.i)) };
    case "f":
      return { f: message.f };
    case "b":
      return { b: message.b };
    case "type":
      return { type: message.type };
    case "shape":
      return { shape: decodeShape(message.shape) };
    case "tensor":
      return { tensor: decodeTensor(message.tensor) };
    case "func":
      return { func: decodeFunc(message.func) };
    case "list":
      return { list: decodeList(message.list) };
    default:
      return {};
  }
}

function decodeList(message: ListMessage): AttrList {
  return {
    s: message.s.map(text),
    i: message.i.map((value) => Number(toBigInt(value))),
    f: [...message.f],
    b: [...message.b],
    type: [...message.type],
    shape: message.shape.map(decodeShape),
    func: message.func.map(decodeFunc),
  };
}

function decodeFunc(message: FuncMessage): NameAttrList {
  return { name: message.name, attrs: decodeAttrs(message.attr) };
}

function decodeFunction(message: FunctionMessage): FunctionDef {
  const arg = ({ name, type, type_attr }: ArgMessage): ArgDef => ({ name, type, typeAttr: type_attr });
  return {
    name: message.signature?.name ?? "",
    inputs: (message.signature?.input_arg ?? []).map(arg),
    outputs: (message.signature?.output_arg ?? []).map(arg),
    nodes: message.node_def.map(decodeNode),
    ret: { ...message.ret },
  };
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}
