/**
 * The graph of a SavedModel's file → GraphDef, without the functions that nothing in the graph calls: Keras stores each
 * layer's several times over (deepjet_like: 495 functions, of which its graph calls 13, one of them to save), and reading them is what takes time.
 */
import { protobuf } from "../../base/protobuf.js";
import type { AttrValue, FunctionDef, GraphDef, NodeDef } from "../GraphDef.js";
import { decodeFunction, type FunctionMessage } from "./decodeFunction.js";
import { decodeGraph, type GraphMessage } from "./decodeGraph.js";
import { schemaRoot } from "./graphDefSchema.js";

/** A GraphMessage whose functions are not read yet. */
export interface StoredGraphMessage extends Omit<GraphMessage, "library"> {
  readonly library?: {
    readonly function: readonly Uint8Array[];
    readonly gradient: NonNullable<NonNullable<GraphMessage["library"]>["gradient"]>;
  } | null;
}

/**
 * @param savingNode what only it calls is left out, too
 * @throws InvalidGraphDef naming a node that is damaged, and protobufjs' errors for bytes that are no message
 */
export function decodeStoredGraph(message: StoredGraphMessage, origin: string, savingNode: string): GraphDef {
  const stored = new Map((message.library?.function ?? []).map((bytes) => [nameOf(bytes), bytes]));
  const gradient = message.library?.gradient ?? [];
  const graph = decodeGraph({ ...message, library: { function: [], gradient } }, origin);
  const type = schemaRoot().lookupType("FunctionDef");
  const found = new Map<string, FunctionDef>();
  const callers = graph.nodes.filter(({ name }) => name !== savingNode);
  const open = [...new Set(callers.flatMap(calledBy))];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const bytes = stored.get(name);
    if (!bytes || found.has(name)) continue;
    const definition = decodeFunction(type.decode(bytes) as unknown as FunctionMessage);
    found.set(name, definition);
    open.push(...new Set(definition.nodes.flatMap(calledBy)));
    for (const { function_name, gradient_func } of gradient)
      if (function_name === name) open.push(gradient_func);
  }
  // In the file's order.
  return { ...graph, functions: [...stored.keys()].flatMap((name) => found.get(name) ?? []) };
}

/** The names of functions in a node's attributes, and its op, which may be one. */
function calledBy({ op, attrs }: NodeDef): string[] {
  return [op, ...functionsOf(attrs)];
}

function functionsOf(attrs: Readonly<Record<string, AttrValue>>): string[] {
  return Object.values(attrs).flatMap(({ func, list }) =>
    [...(func ? [func] : []), ...(list?.func ?? [])].flatMap(({ name, attrs: inner }) => [
      name,
      ...functionsOf(inner),
    ]),
  );
}

/** FunctionDef { OpDef signature = 1 } with OpDef { string name = 1 }. */
function nameOf(bytes: Uint8Array): string {
  return Buffer.from(firstField(firstField(bytes))).toString("utf8");
}

function firstField(bytes: Uint8Array): Uint8Array {
  const reader = protobuf().Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 === 1) return reader.bytes();
    reader.skipType(tag & 7);
  }
  return bytes.subarray(0, 0);
}
