/**
 * A graph as plain data, and its reader for frozen graphs (.pb and .pb.txt). Plain, so that it can be posted to
 * another thread; constants are decoded once, here, and everything else reads tensors.
 */
import { readFileSync } from "node:fs";
import { basename, extname } from "node:path";
import { Exception } from "../base/errors.js";
import { resolveModelPath } from "../base/modelPath.js";
import type { DType } from "./dtypes.js";
import { graphDefType } from "./proto/graphDefSchema.js";
import { decodeGraph, type GraphMessage } from "./proto/decodeGraph.js";
import type { TensorLike } from "./Tensor.js";
import { parseTextFormat } from "./proto/parseTextFormat.js";

/** Dimensions, -1 where unknown; null when not even the rank is known. */
export type PartialShape = readonly number[] | null;

/** One attribute: exactly one member is set, but for `long`. `type` is a DataType number (dtypes.ts). */
export interface AttrValue {
  s?: string;
  /** In place of `s` where the bytes are no UTF-8. */
  bytes?: Uint8Array;
  i?: number;
  /** Beside `i` where a number cannot hold the value exactly. */
  long?: bigint;
  f?: number;
  b?: boolean;
  type?: number;
  shape?: PartialShape;
  tensor?: TensorLike;
  /** In place of `tensor` where its element type holds no data here (complex, quantised): the bytes of its TensorProto. */
  encodedTensor?: Uint8Array;
  func?: NameAttrList;
  list?: AttrList;
  /** In a function's body: the attribute of the call that gives the value. */
  placeholder?: string;
}

export interface AttrList {
  readonly s: readonly string[];
  /** In place of `s` where one of them is no UTF-8. */
  readonly bytes?: readonly Uint8Array[];
  readonly i: readonly number[];
  /** Beside `i` where numbers cannot hold all values exactly. */
  readonly long?: readonly bigint[];
  readonly f: readonly number[];
  readonly b: readonly boolean[];
  readonly type: readonly number[];
  readonly shape: readonly PartialShape[];
  /** Left out where there are none: `tensor` or `encodedTensor` of each. */
  readonly tensor?: readonly AttrValue[];
  readonly func: readonly NameAttrList[];
}

/** A function to call, with the attributes it is called with. */
export interface NameAttrList {
  readonly name: string;
  readonly attrs: Readonly<Record<string, AttrValue>>;
}

export interface NodeDef {
  readonly name: string;
  readonly op: string;
  /** "node", "node:1" for another output than the first, "^node" for "after node". */
  readonly inputs: readonly string[];
  readonly attrs: Readonly<Record<string, AttrValue>>;
  /** Where TensorFlow is asked to run it; left out where it is not. */
  readonly device?: string;
}

/** An argument of a function; `typeAttr` names the attribute that holds its type where `type` is 0. */
export interface ArgDef {
  readonly name: string;
  readonly type: number;
  readonly typeAttr: string;
  /** The attribute that says of how many tensors it is a list; left out where it is none. */
  readonly numberAttr?: string;
  /** The attribute that lists its types; left out where it is no list. */
  readonly typeListAttr?: string;
  readonly isRef?: boolean;
}

export interface FunctionDef {
  readonly name: string;
  readonly inputs: readonly ArgDef[];
  readonly outputs: readonly ArgDef[];
  readonly nodes: readonly NodeDef[];
  /** Output name → the tensor of the body that it is. */
  readonly ret: Readonly<Record<string, string>>;
  /** Control output → the node of the body that must have run; left out, as what follows, where there is none. */
  readonly controlRet?: Readonly<Record<string, string>>;
  readonly attrs?: Readonly<Record<string, AttrValue>>;
  /** What is noted about arguments, by their index. */
  readonly argAttrs?: Readonly<Record<number, Readonly<Record<string, AttrValue>>>>;
  /** Arguments (by index) of one number are one resource. */
  readonly resourceArgIds?: Readonly<Record<number, number>>;
  readonly isStateful?: boolean;
}

/** One input or output of a signature. */
export interface SignatureTensor {
  /** The tensor of the graph; "" for one that is not a plain tensor (sparse or composite). */
  readonly name: string;
  /** Undefined for a type that holds no data here. */
  readonly dtype: DType | undefined;
  readonly shape: PartialShape;
}

/** What can be computed under one name: key → tensor, for inputs and outputs. */
export interface Signature {
  readonly key: string;
  readonly inputs: Readonly<Record<string, SignatureTensor>>;
  readonly outputs: Readonly<Record<string, SignatureTensor>>;
}

export interface GraphDef {
  /** Where it came from, for messages: a path. */
  readonly origin: string;
  readonly nodes: readonly NodeDef[];
  readonly functions: readonly FunctionDef[];
  /** The version of the graph format; below 24 a placeholder's shape [] means "unknown". */
  readonly producer: number;
  /** The oldest reader that understands it, and those that do not; left out where nothing is said. */
  readonly minConsumer?: number;
  readonly badConsumers?: readonly number[];
  /** Function → the function that computes its gradient; left out where there is none. */
  readonly gradients?: Readonly<Record<string, string>>;
  /** Of a SavedModel: the names under which sessions take inputs and give outputs, beside those of tensors. */
  readonly signature?: Signature;
}

/**
 * Reads a frozen graph, of which "model:NAME:VERSION" may be the path: text when ".pb.txt" or ".pbtxt" is in its file's name, else binary.
 * @throws InvalidGraphDef with the path when there is no file, or it is not a GraphDef with nodes.
 */
export function loadGraphDef(file: string): GraphDef {
  const path = resolveModelPath(file);
  const others = otherForms[extname(path).toLowerCase()];
  if (others !== undefined) throw invalid(path, others);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EISDIR") throw invalid(path, "it is a directory; a SavedModel is loaded by loadSavedModel");
    throw invalid(path, code === "ENOENT" ? "no such file" : (error as Error).message, error);
  }
  return isTextFile(path) ? parseTextGraphDef(bytes, path) : parseGraphDef(bytes, path);
}

const keras =
  "it is a file of Keras', which is not read; save the model as a SavedModel: model.export(directory)";
/** What is likely to be given, by its ending, and is no GraphDef. */
const otherForms: Readonly<Record<string, string>> = {
  ".onnx": "ONNX models are not read; convert it to a SavedModel, as onnx2tf does",
  ".tflite": "models of TensorFlow Lite are not read; take the SavedModel that it was made of",
  ".h5": keras,
  ".keras": keras,
};

/** Whether a file holds protobuf's text format: by its name, as everywhere in CMS. */
export function isTextFile(path: string): boolean {
  return /\.pb\.?txt/.test(basename(path));
}

/** Parses a binary GraphDef; `origin` is what messages call it. @throws InvalidGraphDef */
export function parseGraphDef(bytes: Uint8Array, origin: string): GraphDef {
  let message: GraphMessage;
  try {
    message = graphDefType().decode(bytes) as unknown as GraphMessage;
  } catch (error) {
    const isText = /^\s*(#|node\s*\{)/.test(Buffer.from(bytes.subarray(0, 200)).toString("latin1"));
    const hint = isText
      ? "it is text: give it a name with .pb.txt in it"
      : "is it a complete, binary frozen graph (.pb)?";
    throw invalid(origin, `it does not parse as a GraphDef (${(error as Error).message}); ${hint}`, error);
  }
  return toGraphDef(message, origin);
}

/** Parses a GraphDef in protobuf's text format. @throws InvalidGraphDef naming the line */
export function parseTextGraphDef(bytes: Uint8Array, origin: string): GraphDef {
  let message: GraphMessage;
  try {
    message = parseTextFormat(graphDefType(), Buffer.from(bytes).toString("utf8")) as GraphMessage;
  } catch (error) {
    throw error instanceof Exception ? invalid(origin, error.message, error) : error;
  }
  return toGraphDef(message, origin);
}

function toGraphDef(message: GraphMessage, origin: string): GraphDef {
  if (message.node.length === 0) throw invalid(origin, "graphDef has no nodes; is it a frozen graph (.pb)?");
  try {
    return decodeGraph(message, origin);
  } catch (error) {
    throw error instanceof Exception ? invalid(origin, error.message, error) : error;
  }
}

function invalid(origin: string, what: string, cause?: unknown): Exception {
  const sentence = what.replace(/([^?])$/, "$1.");
  return new Exception("InvalidGraphDef", `error while loading graphDef from '${origin}': ${sentence}`, {
    cause,
  });
}
