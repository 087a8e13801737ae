/**
 * Writes SavedModel directories in the form that every loader of TensorFlow 1 and 2 opens: a graph with a saver and
 * collections of variables, as TensorFlow 1 writes it, with the fingerprint of TensorFlow 2.15.
 */
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { createDirectory } from "../../base/createDirectory.js";
import { Exception } from "../../base/errors.js";
import { writeBundle } from "../checkpoint/writeBundle.js";
import { type ConcreteFunction, type Initialization, variablesOf } from "../ConcreteFunction.js";
import type { GraphDef, NodeDef } from "../GraphDef.js";
import { variableName } from "../savedmodel/RestoredVariables.js";
import { encodeFingerprint } from "./fingerprint.js";
import { dropLostColocations } from "./dropLostColocations.js";
import { mergeFunctions } from "./mergeFunctions.js";
import { encodeSavedModel, metaGraphMessage } from "./metaGraphMessage.js";
import { withResourceVariables } from "./resourceVariables.js";
import { saverNodes } from "./saverNodes.js";

export interface WriteOptions {
  /** Under which the meta graph is found. */
  readonly tags?: readonly string[];
  /** What must hold of the directory before it appears under its name: throws otherwise. */
  readonly check?: (directory: string) => void;
}

/**
 * Writes ConcreteFunctions as one SavedModel, a signature each by their keys. The directory appears whole or not at all.
 * @throws FileWriteError when there is something at `exportDir` already, or it cannot be written; InvalidSession for a
 *   variable without a value; InvalidMetaGraphDef for a graph that changes variables
 */
export function writeSavedModel(
  exportDir: string,
  functions: Readonly<Record<string, ConcreteFunction>>,
  { tags = ["serve"], check }: WriteOptions = {},
): void {
  if (Object.keys(functions).length === 0)
    throw new Exception(
      "InvalidMetaGraphDef",
      `'${exportDir}' needs at least one function, which becomes a signature.`,
    );
  const merged = mergeFunctions(functions);
  const { variables, initialization } = merged;
  const graph = dropLostColocations(withResourceVariables(merged.graph));
  const saver = saverNodes(graph, variables);
  const complete = withNodes(graph, [...saver.nodes, ...(initialization?.nodes ?? [])]);
  const metaGraph = metaGraphMessage({
    ...saver,
    graph: complete,
    signatures: merged.signatures,
    tags,
    initialization,
  });
  createDirectory(exportDir, (directory) => {
    const savedModel = encodeSavedModel(metaGraph);
    writeFileSync(join(directory, "saved_model.pb"), savedModel);
    const index = writeVariables(directory, graph, variables);
    writeFileSync(join(directory, "fingerprint.pb"), encodeFingerprint(savedModel, metaGraph, index));
    copyAssets(directory, initialization);
    check?.(directory);
  });
}

/** Nodes that the graph has too are the same ones. */
function withNodes(graph: GraphDef, added: readonly NodeDef[]): GraphDef {
  const names = new Set(graph.nodes.map(({ name }) => name));
  return { ...graph, nodes: [...graph.nodes, ...added.filter(({ name }) => !names.has(name))] };
}

/** The bytes of the index; undefined without variables, of which TensorFlow still expects the folder. */
function writeVariables(
  directory: string,
  graph: GraphDef,
  values: ConcreteFunction["variables"],
): Uint8Array | undefined {
  const folder = join(directory, "variables");
  mkdirSync(folder);
  const saved = variablesOf(graph).flatMap((node) => {
    const name = variableName(node);
    const value = values.get(name);
    return value ? [[name, value] as const] : [];
  });
  if (saved.length === 0) return undefined;
  const prefix = join(folder, "variables");
  writeBundle(prefix, new Map(saved));
  return readFileSync(`${prefix}.index`);
}

function copyAssets(directory: string, initialization: Initialization | undefined): void {
  const { assets = [], extra } = initialization ?? {};
  if (assets.length > 0) mkdirSync(join(directory, "assets"));
  for (const { path } of assets) {
    if (!existsSync(path))
      throw new Exception(
        "FileReadError",
        `the model's asset '${path}' is not there any more; it cannot be exported.`,
      );
    copyFileSync(path, join(directory, "assets", basename(path)));
  }
  if (extra !== undefined) cpSync(extra, join(directory, "assets.extra"), { recursive: true });
}
