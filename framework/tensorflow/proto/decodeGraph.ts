/** What protobufjs makes of a GraphDef → the plain data of GraphDef.ts. */
import type { GraphDef } from "../GraphDef.js";
import { decodeFunction, type FunctionMessage } from "./decodeFunction.js";
import { decodeNode, type NodeMessage } from "./decodeNode.js";

export interface GraphMessage {
  readonly node: readonly NodeMessage[];
  readonly library?: {
    readonly function: readonly FunctionMessage[];
    readonly gradient?: readonly { readonly function_name: string; readonly gradient_func: string }[];
  } | null;
  readonly versions?: {
    readonly producer: number;
    readonly min_consumer?: number;
    readonly bad_consumers?: readonly number[];
  } | null;
}

/** @throws InvalidGraphDef naming the node. */
export function decodeGraph({ node, library, versions }: GraphMessage, origin: string): GraphDef {
  const functions = (library?.function ?? []).map(decodeFunction);
  const gradients = (library?.gradient ?? []).map((pair) => [pair.function_name, pair.gradient_func]);
  return {
    origin,
    nodes: node.map(decodeNode),
    functions,
    producer: versions?.producer ?? 0,
    ...(versions?.min_consumer ? { minConsumer: versions.min_consumer } : {}),
    ...(versions?.bad_consumers?.length ? { badConsumers: [...versions.bad_consumers] } : {}),
    ...(gradients.length > 0 ? { gradients: Object.fromEntries(gradients) } : {}),
  };
}
