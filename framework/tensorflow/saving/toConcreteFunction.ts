/** Everything that can be saved, as the ConcreteFunction that it becomes first. */
import { statSync } from "node:fs";
import { Exception } from "../../base/errors.js";
import { resolveModelPath } from "../../base/modelPath.js";
import { smartInit } from "../checkpoint/smartInit.js";
import { type ConcreteFunction, fromGraphDef } from "../ConcreteFunction.js";
import { type GraphDef, loadGraphDef } from "../GraphDef.js";
import { importMetaGraph, metaGraphPath } from "../savedmodel/importMetaGraph.js";
import type { MetaGraphDef } from "../savedmodel/metaGraph.js";
import { concreteFunctionOf, loadMetaGraphDef, type SavedModelOptions } from "../savedmodel/SavedModel.js";
import { concreteFunction, type TraceableFunction } from "../trace/concreteFunction.js";
import { fromLayersModel, type LayersModelLike } from "../trace/fromLayersModel.js";
import { indexed } from "./checkGraph.js";
import { isInference } from "./droppedNodes.js";
import { expandPath } from "./expandPath.js";
import { candidateOutputs, selectOutputs } from "./selectOutputs.js";

/**
 * What can be saved: a path (a frozen graph's, a SavedModel's, a meta graph's X.meta with its checkpoint beside), a graph,
 * a meta graph that loadMetaGraphDef gave, a traced function, a Layers model, or a function without arguments.
 */
export type Saveable =
  | string
  | GraphDef
  | MetaGraphDef
  | ConcreteFunction
  | LayersModelLike
  | TraceableFunction;

export interface ToConcreteFunctionOptions extends SavedModelOptions {
  /** Keys of the signature, nodes or tensors; otherwise all of the signature, or what no node reads. */
  readonly outputNames?: readonly string[] | undefined;
  /** A checkpoint with the variables' values (its path without ".index"), in place of those of the model. */
  readonly checkpoint?: string | undefined;
}

/** As many as a person reads: the last, because a model's outputs come late. */
const shownCandidates = 12;

/** A function, and the graph that it was taken from. */
export interface OpenedModel {
  readonly fn: ConcreteFunction;
  readonly source: GraphDef;
}

/**
 * @throws InvalidGraphDef, InvalidMetaGraphDef or InvalidSession for what cannot be read, an output that is not there (the
 *   message lists those there are) and a function that needs an input signature
 */
export async function toConcreteFunction(
  object: Saveable,
  options: ToConcreteFunctionOptions = {},
): Promise<ConcreteFunction> {
  return (await openModel(object, options)).fn;
}

/** toConcreteFunction, for those who want to know what was left out. */
export async function openModel(object: Saveable, options: ToConcreteFunctionOptions): Promise<OpenedModel> {
  const { outputNames } = options;
  const opened = await open(object, options);
  const fn = outputNames ? selectOutputs(opened.fn, outputNames) : opened.fn;
  return { ...opened, fn };
}

async function open(object: Saveable, options: ToConcreteFunctionOptions): Promise<OpenedModel> {
  const { outputNames } = options;
  if (typeof object === "string") return openPath(expandPath(resolveModelPath(object)), options);
  if (typeof object === "function")
    return whole(await concreteFunction(object, outputNames && { outputNames }));
  if (typeof object !== "object" || object === null) throw unsaveable(`it is ${String(object)}`);
  if (isLayersModel(object)) return whole(await fromLayersModel(object));
  if ("variables" in object) return whole(smartInit(object, expanded(options.checkpoint)));
  if ("signatures" in object) return openMetaGraph(object, object.graph.origin, options);
  if ("nodes" in object && "functions" in object) return openGraph(object, options);
  throw unsaveable(`its members are ${Object.keys(object).slice(0, 10).join(", ") || "none"}`);
}

function unsaveable(what: string): Exception {
  const known = "a path nor a graph, a meta graph, a concrete function, a function or a Layers model";
  return invalid(`it is neither ${known}; ${what}.`);
}

function whole(fn: ConcreteFunction): OpenedModel {
  return { fn, source: fn.graph };
}

function openPath(path: string, options: ToConcreteFunctionOptions): OpenedModel {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    return openMetaGraph(loadMetaGraphDef(path, options.tag), path, options);
  const metaPath = metaGraphPath(path);
  if (metaPath === undefined) return openGraph(loadGraphDef(path), options);
  const { metaGraph, checkpoint } = importMetaGraph(metaPath);
  if (options.outputNames || metaGraph.signatures.length > 0)
    return openMetaGraph(metaGraph, metaPath, { ...options, checkpoint: options.checkpoint ?? checkpoint });
  throw isTraining(metaGraph.graph);
}

function isTraining(graph: GraphDef): Exception {
  const candidates = candidateOutputs(graph).slice(-shownCandidates);
  return invalid(
    `'${graph.origin}' is the graph of a training, which does not say what its outputs are: name them with ` +
      `outputNames; nothing reads '${candidates.join("', '")}'.`,
  );
}

function openMetaGraph(
  metaGraph: MetaGraphDef,
  origin: string,
  { signature, outputNames, checkpoint }: ToConcreteFunctionOptions,
): OpenedModel {
  const names = new Set(metaGraph.graph.nodes.map(({ name }) => name));
  const known = outputNames?.filter((name) => names.has(name.replace(/:\d+$/, "")));
  const asked = { outputNames: known, checkpoint: expanded(checkpoint) };
  if (known?.length === 0 && metaGraph.signatures.length === 0)
    selectOutputs(fromGraphDef(metaGraph.graph), outputNames ?? []);
  const fn = concreteFunctionOf(metaGraph, origin, signature, asked);
  return { fn, source: metaGraph.graph };
}

/** A graph says itself what it takes and gives, unless it has more in it than that. */
function openGraph(graph: GraphDef, { outputNames, checkpoint }: ToConcreteFunctionOptions): OpenedModel {
  indexed(graph);
  if (!graph.signature && !outputNames && !graph.nodes.every(isInference)) throw isTraining(graph);
  return { fn: smartInit(fromGraphDef(graph), expanded(checkpoint)), source: graph };
}

/** By what it has: its package may be another copy than ours, and a model without inputs is refused by the tracer. */
function isLayersModel(object: object): object is LayersModelLike {
  return "layers" in object && "predict" in object;
}

function expanded(path: string | undefined): string | undefined {
  return path && expandPath(path);
}

function invalid(what: string): Exception {
  return new Exception("InvalidGraphDef", what);
}
