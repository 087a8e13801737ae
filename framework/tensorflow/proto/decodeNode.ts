/** What protobufjs makes of a node and its attributes → the plain data of GraphDef.ts. */
import { isUtf8 } from "node:buffer";
import { Exception } from "../../base/errors.js";
import { dtypeFromNumber } from "../dtypes.js";
import type { AttrList, AttrValue, NameAttrList, NodeDef } from "../GraphDef.js";
import {
  decodeShape,
  decodeTensor,
  type ProtoInt64,
  type TensorMessage,
  type TensorShapeMessage,
  toBigInt,
  toNumber,
} from "./decodeTensor.js";
import { tensorType } from "./graphDefSchema.js";

export interface NodeMessage {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: AttrMessages;
  readonly device?: string;
}

export type AttrMessages = Readonly<Record<string, AttrMessage>>;

interface AttrMessage {
  readonly value?: keyof AttrValue;
  readonly s: Uint8Array;
  readonly i: ProtoInt64;
  readonly f: number;
  readonly b: boolean;
  readonly type: number;
  readonly shape: TensorShapeMessage;
  readonly tensor: TensorMessage;
  readonly func: FuncMessage;
  readonly list: ListMessage;
  readonly placeholder: string;
}

interface ListMessage {
  readonly s: readonly Uint8Array[];
  readonly i: readonly ProtoInt64[];
  readonly f: readonly number[];
  readonly b: readonly boolean[];
  readonly type: readonly number[];
  readonly shape: readonly TensorShapeMessage[];
  readonly tensor: readonly TensorMessage[];
  readonly func: readonly FuncMessage[];
}

interface FuncMessage {
  readonly name: string;
  readonly attr: AttrMessages;
}

/** A handle is a place in a process' memory: no file has one that means anything. */
const resourceType = 20;
const variantType = 21;

/** @throws InvalidGraphDef naming the node. */
export function decodeNode({ name, op, input, attr, device }: NodeMessage): NodeDef {
  if (name === "" || op === "") {
    const missing = name === "" ? "name" : "op";
    throw new Exception("InvalidGraphDef", `it has a node without ${missing}; is it a frozen graph (.pb)?`);
  }
  try {
    const node = { name, op, inputs: [...input], attrs: decodeAttrs(attr) };
    return device ? { ...node, device } : node;
  } catch (error) {
    if (!(error instanceof Exception)) throw error;
    throw new Exception("InvalidGraphDef", `node '${name}' (${op}): ${error.message}`, { cause: error });
  }
}

export function decodeAttrs(messages: AttrMessages): Record<string, AttrValue> {
  const attrs: Record<string, AttrValue> = {};
  for (const name of Object.keys(messages)) {
    const value = decodeAttr(messages[name] as AttrMessage);
    // An assignment to this one name would set the prototype.
    if (name === "__proto__") Object.defineProperty(attrs, name, { value, enumerable: true });
    else attrs[name] = value;
  }
  return attrs;
}

function decodeAttr(message: AttrMessage): AttrValue {
  switch (message.value) {
    case "s":
      return isText(message.s) ? { s: text(message.s) } : { bytes: new Uint8Array(message.s) };
    case "i":
      return decodeInt(message.i);
    case "f":
      return { f: message.f };
    case "b":
      return { b: message.b };
    case "type":
      return { type: message.type };
    case "shape":
      return { shape: decodeShape(message.shape) };
    case "tensor":
      return decodeTensorAttr(message.tensor);
    case "func":
      return { func: decodeFunc(message.func) };
    case "list":
      return { list: decodeList(message.list) };
    case "placeholder":
      return { placeholder: message.placeholder };
    default:
      return {};
  }
}

function decodeInt(message: ProtoInt64): AttrValue {
  const i = toNumber(message);
  return isExact(i, message) ? { i } : { i, long: toBigInt(message) };
}

function isExact(i: number, message: ProtoInt64): boolean {
  return Number.isSafeInteger(i) || BigInt(i) === toBigInt(message);
}

function decodeTensorAttr(message: TensorMessage): AttrValue {
  const { dtype } = message;
  const isKept = dtype > 0 && dtype !== resourceType && dtype !== variantType;
  if (isKept && dtypeFromNumber(dtype) === undefined)
    return { encodedTensor: new Uint8Array(tensorType().encode(message).finish()) };
  return { tensor: decodeTensor(message) };
}

function decodeList(message: ListMessage): AttrList {
  const list: Mutable<AttrList> = {
    s: [],
    i: message.i.map(toNumber),
    f: [...message.f],
    b: [...message.b],
    type: [...message.type],
    shape: message.shape.map(decodeShape),
    func: message.func.map(decodeFunc),
  };
  if (message.s.every(isText)) list.s = message.s.map(text);
  else list.bytes = message.s.map((bytes) => new Uint8Array(bytes));
  if (!list.i.every((i, at) => isExact(i, message.i[at] ?? 0))) list.long = message.i.map(toBigInt);
  if (message.tensor.length > 0) list.tensor = message.tensor.map(decodeTensorAttr);
  return list;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function decodeFunc(message: FuncMessage): NameAttrList {
  return { name: message.name, attrs: decodeAttrs(message.attr) };
}

/** Almost all is ASCII and short: asking Node costs more than looking. */
function isText(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if ((bytes[i] as number) > 127) return isUtf8(bytes);
  return true;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}
