/**
 * SavedModel directories: the meta graph for a set of tags, and the graph that sessions run, its variables constants
 * and its calls written out. Wherever a path is taken, "model:NAME:VERSION" names a model of the store.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Exception } from "../../base/errors.js";
import { resolveModelPath } from "../../base/modelPath.js";
import { type GraphDef, loadGraphDef, type NodeDef, type Signature } from "../GraphDef.js";
import { FunctionInliner } from "./FunctionInliner.js";
import { initializationOf } from "./initializationOf.js";
import { sourceOf } from "./inlineNodes.js";
import { decodeMetaGraph, type MetaGraphDef, type MetaGraphMessage } from "./metaGraph.js";
import type { Options } from "../Options.js";
import { VariableFreezer } from "./VariableFreezer.js";
import { statelessNodes, terminalsOf } from "./statelessNodes.js";
import { savedModelType, storedSavedModelType } from "../proto/savedModelSchema.js";
import { RestoredVariables, variableName } from "./RestoredVariables.js";
import {
  calledFunctions,
  type ConcreteFunction,
  rootsOf,
  signatureOf,
  variablesOf,
} from "../ConcreteFunction.js";
import { parseTextFormat } from "../proto/parseTextFormat.js";

/** Which part of a SavedModel to load. */
export interface SavedModelOptions {
  /** One tag or all tags of the meta graph, as it was saved with. */
  readonly tag?: string | readonly string[];
  /** A signature's key; without it "serving_default", or the only one there is. */
  readonly signature?: string;
}

/** How to load and run a model that may be a SavedModel. */
export type ModelOptions = Options & SavedModelOptions;

/**
 * CMSSW's loadMetaGraphDef: the meta graph whose tags are exactly these.
 * @throws InvalidMetaGraphDef for a directory that is no SavedModel, or has no such meta graph (those it has are named).
 */
export function loadMetaGraphDef(path: string, tag: string | readonly string[] = "serve"): MetaGraphDef {
  const exportDir = resolveModelPath(path);
  return about(exportDir, () => {
    const wanted = showTags(typeof tag === "string" ? [tag] : tag);
    const metaGraphs = readMetaGraphs(exportDir);
    const tagSets = metaGraphs.map(({ meta_info_def }) => showTags(meta_info_def?.tags ?? []));
    const found = metaGraphs[tagSets.indexOf(wanted)];
    if (found) return decodeMetaGraph(found, exportDir);
    throw invalid(
      `it has no meta graph with the tags ${wanted}; there is ${tagSets.join(", ") || "none at all"}`,
    );
  });
}

/** All meta graphs of a SavedModel, whatever their tags. @throws InvalidMetaGraphDef for a directory that is none */
export function loadMetaGraphs(path: string): MetaGraphDef[] {
  const exportDir = resolveModelPath(path);
  return about(exportDir, () =>
    readMetaGraphs(exportDir).map((message) => decodeMetaGraph(message, exportDir)),
  );
}

/**
 * The graph of one signature of a SavedModel, ready for createSession.
 * @throws InvalidMetaGraphDef as loadMetaGraphDef, for a signature that is not there (those there are named), and for
 *   a model without any; InvalidSession for variables that cannot be read.
 */
export function loadSavedModel(path: string, options: SavedModelOptions = {}): GraphDef {
  const exportDir = resolveModelPath(path);
  const metaGraph = loadMetaGraphDef(exportDir, options.tag);
  return freezeMetaGraph(metaGraph, exportDir, options.signature);
}

/** A model of any form: a directory is a SavedModel, a file a frozen graph. @throws as both readers */
export function loadGraph(fileOrDirectory: string, options: SavedModelOptions = {}): GraphDef {
  const path = resolveModelPath(fileOrDirectory);
  const isDirectory = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return isDirectory ? loadSavedModel(path, options) : loadGraphDef(path);
}

/**
 * The part of a meta graph that a signature needs, with the variables' values from `path`. A model without
 * signatures, as TensorFlow 1 can write it, keeps everything but what initialises, saves and restores variables.
 * @throws as loadSavedModel
 */
export function freezeMetaGraph(metaGraph: MetaGraphDef, path: string, signatureKey?: string): GraphDef {
  const exportDir = resolveModelPath(path);
  return about(exportDir, () => {
    const { inliner, open, roots, signature, variables } = openSignature(metaGraph, exportDir, signatureKey);
    const freezer = new VariableFreezer(inliner, variables);
    const nodes = freezer.freezeGraph(open, roots);
    const { gradients, ...rest } = metaGraph.graph;
    const frozen = { ...rest, origin: exportDir, nodes, functions: freezer.functions };
    return signature ? { ...frozen, signature } : frozen;
  });
}

/**
 * One signature of a SavedModel with its variables still variables, their values beside. @throws as loadSavedModel
 */
export function loadConcreteFunction(path: string, options: SavedModelOptions = {}): ConcreteFunction {
  const exportDir = resolveModelPath(path);
  return concreteFunctionOf(loadMetaGraphDef(exportDir, options.tag), exportDir, options.signature);
}

/** What is asked of a meta graph beyond one of its signatures. */
export interface MetaGraphOptions {
  /** Nodes of the graph that are kept with all that they need; without any signature they are its outputs. */
  readonly outputNames?: readonly string[] | undefined;
  /** The checkpoint (its path without ".index") that has the values, otherwise that of the SavedModel. */
  readonly checkpoint?: string | undefined;
}

/** A meta graph's signature with the values of its variables, from `path`. @throws as loadSavedModel */
export function concreteFunctionOf(
  metaGraph: MetaGraphDef,
  path: string,
  signatureKey?: string,
  options: MetaGraphOptions = {},
): ConcreteFunction {
  const exportDir = resolveModelPath(path);
  return about(exportDir, () => {
    const opened = openSignature(metaGraph, exportDir, signatureKey, options);
    const functions = calledFunctions(opened.open, opened.inliner);
    const { gradients, ...rest } = metaGraph.graph;
    const graph = { ...rest, origin: exportDir, nodes: opened.open, functions };
    const signature = opened.signature ?? signatureOf(graph, opened.roots);
    const restored = variablesOf(graph).filter((variable) => opened.variables.has(variable));
    const variables = new Map(
      restored.map((variable) => [variableName(variable), opened.variables.value(variable)]),
    );
    const initialization = initializationOf(metaGraph, exportDir, opened.inliner, graph);
    return { graph: { ...graph, signature }, variables, ...(initialization ? { initialization } : {}) };
  });
}

function openSignature(
  metaGraph: MetaGraphDef,
  exportDir: string,
  signatureKey: string | undefined,
  { outputNames, checkpoint }: MetaGraphOptions = {},
) {
  const { graph } = metaGraph;
  const inliner = new FunctionInliner(metaGraph);
  const signature = chooseSignature(metaGraph, signatureKey);
  const asked = outputNames ?? (signature ? [] : terminalsOf(statelessNodes(graph.nodes)));
  const roots = [...(signature ? rootsOf(signature) : []), ...asked];
  if (roots.length === 0) throw noSignature();
  checkRoots(signature, graph.nodes);
  const open = inliner.inlineGraph(graph.nodes, roots);
  const variables = new RestoredVariables(metaGraph, exportDir, inliner, checkpoint);
  return { inliner, open, roots, signature, variables };
}

/** Whether a folder is one. */
export function isSavedModel(path: string): boolean {
  return existsSync(join(path, "saved_model.pb")) || existsSync(join(path, "saved_model.pbtxt"));
}

function readMetaGraphs(exportDir: string): readonly MetaGraphMessage[] {
  const [binary, text] = ["saved_model.pb", "saved_model.pbtxt"].map((name) => join(exportDir, name)) as [
    string,
    string,
  ];
  const path = [binary, text].find((candidate) => existsSync(candidate));
  if (!existsSync(exportDir)) throw invalid("no such directory");
  if (!statSync(exportDir).isDirectory()) throw invalid("it is a file; a SavedModel is a directory");
  if (path === undefined)
    throw invalid("it is no SavedModel: there is neither saved_model.pb nor saved_model.pbtxt in it");
  const bytes = readFileSync(path);
  if (path === text)
    return (parseTextFormat(savedModelType(), bytes.toString("utf8")) as SavedModelMessage).meta_graphs;
  try {
    return (storedSavedModelType().decode(bytes) as unknown as SavedModelMessage).meta_graphs;
  } catch (error) {
    throw invalid(`'${path}' does not parse (${(error as Error).message}); is it complete?`);
  }
}

interface SavedModelMessage {
  readonly meta_graphs: readonly MetaGraphMessage[];
}

/** Undefined when there is none and none was asked for. */
function chooseSignature({ signatures }: MetaGraphDef, asked: string | undefined): Signature | undefined {
  const keys = signatures.map(({ key }) => key);
  const wanted = asked ?? (keys.length === 1 ? keys[0] : "serving_default");
  const found = signatures.find(({ key }) => key === wanted);
  if (found || (keys.length === 0 && asked === undefined)) return found;
  if (keys.length === 0) throw noSignature();
  const choice = asked === undefined ? "; name the one to use" : "";
  throw invalid(`it has no signature '${wanted}'; there is '${keys.join("', '")}'${choice}`);
}

function noSignature(): Exception {
  return invalid(
    "it has no signature, so there is nothing to run: when it is saved, decorate the module's __call__ with " +
      "tf.function(input_signature=[…]), or give tf.saved_model.save its signatures",
  );
}

function checkRoots(signature: Signature | undefined, nodes: readonly NodeDef[]): void {
  const names = new Set(nodes.map(({ name }) => name));
  for (const [key, { name }] of Object.entries({ ...signature?.inputs, ...signature?.outputs })) {
    if (name === "" || names.has(sourceOf(name))) continue;
    throw invalid(
      `signature '${signature?.key}' says that '${key}' is '${name}', which is no node of the graph`,
    );
  }
}

function showTags(tags: readonly string[]): string {
  return `{${[...new Set(tags)].sort().join(", ")}}`;
}

function invalid(what: string): Exception {
  return new Exception("InvalidMetaGraphDef", what);
}

/** Errors of the reading name the directory once; those of the variables do so themselves. */
function about<T>(exportDir: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof Exception) || error.category === "InvalidSession") throw error;
    const what = error.message.replace(/\.$/, "");
    throw new Exception(
      "InvalidMetaGraphDef",
      `error while loading metaGraphDef from '${exportDir}': ${what}.`,
      { cause: error },
    );
  }
}
