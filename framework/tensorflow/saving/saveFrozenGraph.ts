/** Frozen graphs, written and read: cmsml's save_frozen_graph and load_frozen_graph (save_graph, load_graph). */
import { Exception } from "../../base/errors.js";
import { LogInfo, LogWarning } from "../../base/log.js";
import { replaceFile } from "../../base/replaceFile.js";
import { freeze, type SignedGraph, variablesOf } from "../ConcreteFunction.js";
import { type GraphDef, isTextFile, loadGraphDef } from "../GraphDef.js";
import { encodeGraphDef } from "../proto/encodeGraph.js";
import { graphDefType } from "../proto/graphDefSchema.js";
import { graphMessage } from "../proto/graphMessages.js";
import { printTextFormat } from "../proto/printTextFormat.js";
import { checkGraph } from "./checkGraph.js";
import { countDropped, type DroppedKind } from "./droppedNodes.js";
import { dropLostColocations } from "./dropLostColocations.js";
import { expandPath } from "./expandPath.js";
import { nameEndpoints } from "./nameEndpoints.js";
import { type ToConcreteFunctionOptions, openModel, type Saveable } from "./toConcreteFunction.js";

export interface SaveGraphOptions extends ToConcreteFunctionOptions {
  /** Write the values of variables as constants. Without, the file holds variables, and only a checkpoint makes it run. */
  readonly variablesToConstants?: boolean | undefined;
  /** Otherwise the path says it: text for .pb.txt and .pbtxt. */
  readonly asText?: boolean | undefined;
}

/** What was written, and what was not. */
export interface SavedGraph {
  readonly path: string;
  readonly sizeBytes: number;
  /** Of the graph and of the functions it calls. */
  readonly nodeCount: number;
  /** Variables that the file holds without their values. */
  readonly variableCount: number;
  /** Nodes of the source that its outputs do not need, by what they were there for. */
  readonly dropped: Readonly<Partial<Record<DroppedKind, number>>>;
  /** Key → tensor, as they are called in the file. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

/** No protobuf reader takes more than its 32-bit sizes can say. */
const maxSizeBytes = 2 ** 31 - 1;

/**
 * Writes what the outputs of a model need as a GraphDef. Inputs have the names of the signature's keys; outputs those of
 * `outputNames`, or Identity, Identity_1 … (and the keys) for a SavedModel of TensorFlow 2, or those they had.
 * "~" and variables of the environment in `path` are expanded.
 * @throws InvalidGraphDef, InvalidMetaGraphDef or InvalidSession as toConcreteFunction, and for a graph with a cycle, an
 *   unknown op, a queue before its outputs, or a variable without a value; no file is written then
 */
export async function saveFrozenGraph(
  path: string,
  object: Saveable,
  options: SaveGraphOptions = {},
): Promise<SavedGraph> {
  const target = expandPath(path);
  const { fn, source } = await openModel(object, options);
  checkGraph(fn.graph);
  const isFrozen = options.variablesToConstants ?? false;
  const named = nameEndpoints(isFrozen ? freeze(fn) : fn.graph, options.outputNames !== undefined);
  const graph = dropLostColocations(named);
  const bytes = (options.asText ?? isTextFile(target)) ? textOf(graph) : encodeGraphDef(graph);
  if (bytes.length > maxSizeBytes)
    throw invalid(graph, `it takes ${bytes.length} bytes, and a file of this format ends at 2 GB`);
  write(target, bytes);
  const variableCount = variablesOf(graph).length;
  const kept = new Set([...fn.graph.nodes, ...graph.nodes].map(({ name }) => name));
  const saved: SavedGraph = {
    path: target,
    sizeBytes: bytes.length,
    nodeCount: graph.nodes.length + graph.functions.reduce((sum, { nodes }) => sum + nodes.length, 0),
    variableCount,
    dropped: countDropped(source, kept),
    inputs: tensorNames(graph.signature.inputs),
    outputs: tensorNames(graph.signature.outputs),
  };
  LogInfo("saveFrozenGraph", `'${target}': ${describeSaved(saved)}`);
  if (variableCount > 0) {
    const what = `'${target}' has variables without their values (${variableCount}): to run it needs a checkpoint (smartInit)`;
    LogWarning("saveFrozenGraph", `${what}, or save it with variablesToConstants.`);
  }
  return saved;
}

/** Reads a frozen graph, binary or text by its name. "~" and environment variables are expanded. @throws InvalidGraphDef */
export async function loadFrozenGraph(path: string): Promise<GraphDef> {
  return loadGraphDef(expandPath(path));
}

/** "12 nodes, 3.4 kB; dropped 5 saver, 2 optimizer". */
export function describeSaved({ nodeCount, sizeBytes, dropped }: SavedGraph): string {
  const counts = Object.entries(dropped).map(([kind, count]) => `${count} ${kind}`);
  const size = `${nodeCount} nodes, ${(sizeBytes / 1000).toFixed(1)} kB`;
  return counts.length > 0 ? `${size}; dropped ${counts.join(", ")}` : size;
}

function tensorNames(tensors: SignedGraph["signature"]["inputs"]): Record<string, string> {
  return Object.fromEntries(Object.entries(tensors).map(([key, { name }]) => [key, name]));
}

function textOf(graph: GraphDef): Uint8Array {
  try {
    return Buffer.from(printTextFormat(graphDefType(), graphMessage(graph)));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw invalid(graph, "it is too large for text; write it in binary (.pb)", error);
  }
}

function write(path: string, bytes: Uint8Array): void {
  try {
    replaceFile(path, bytes);
  } catch (error) {
    throw new Exception("FileWriteError", `cannot write '${path}': ${(error as Error).message}.`, {
      cause: error,
    });
  }
}

function invalid({ origin }: GraphDef, what: string, cause?: unknown): Exception {
  return new Exception("InvalidGraphDef", `the graph of '${origin}' cannot be saved: ${what}.`, { cause });
}
