/**
 * The interface that plugins call: a graph made ready by an engine, run with named tensors (CMSSW's
 * tensorflow::Session and tensorflow::run). One session belongs to one stream; sessions of a model share its weights.
 */
import { Exception } from "../base/errors.js";
import { nearest, suggestion } from "../base/didYouMean.js";
import { findEngine, type GraphSource, type LoadedModel, type Runner } from "./engines.js";
import { invalidRun } from "./feeds.js";
import type { GraphDef } from "./GraphDef.js";
import { GraphIndex, isOneOf } from "./GraphIndex.js";
import { noteEngine } from "./inferenceReport.js";
import type { MetaGraphDef } from "./savedmodel/metaGraph.js";
import { parseTensorName, type TensorName, tensorKey } from "./names.js";
import { type Options, resolveOptions } from "./Options.js";
import { PreparedCall } from "./PreparedCall.js";
import { freezeMetaGraph, type ModelOptions } from "./savedmodel/SavedModel.js";
import { type NamedTensor, showShape, type Tensor, type TensorLike } from "./Tensor.js";

/** Tensors by name, as an object or as a list of pairs. */
export type Feeds = Readonly<Record<string, TensorLike>> | readonly NamedTensor[];

/** CMSSW's pools. Every engine here runs on the calling thread, beside the job's own streams, whichever is named. */
const threadPools = ["no_threads", "tbb", "tensorflow"];

interface Remembered {
  readonly feeds: readonly string[];
  readonly fetches: readonly string[];
  readonly call: PreparedCall;
}

/**
 * Checks a graph and makes it ready. `source`: where it can be read again, so that its weights need not be kept.
 * @throws InvalidGraphDef for no graph or one without nodes, InvalidSession for one that cannot run.
 */
export function loadModel(
  graph: GraphDef | null | undefined,
  options?: Options,
  source?: GraphSource,
): LoadedModel {
  const fault = !graph
    ? "graphDef is nullptr"
    : graph.nodes.length === 0
      ? "graphDef has no nodes"
      : undefined;
  if (!graph || fault) throw new Exception("InvalidGraphDef", `error while creating session: ${fault}.`);
  const resolved = resolveOptions(options);
  const engine = findEngine(resolved.engine);
  noteEngine(engine.name, graph.origin);
  return engine.load(new GraphIndex(graph), resolved, source);
}

/** A session that owns its model. For one model on many streams use SessionCache. @throws as loadModel */
export function createSession(graph: GraphDef | null | undefined, options?: Options): Session;
/**
 * The session of a SavedModel's meta graph, its variables restored from `exportDir`.
 * @throws InvalidMetaGraphDef for no meta graph, one without nodes or without the asked signature; InvalidSession when
 *   the variables cannot be restored or the graph cannot run.
 */
export function createSession(
  metaGraph: MetaGraphDef | null,
  exportDir: string,
  options?: ModelOptions,
): Session;
export function createSession(
  model: GraphDef | MetaGraphDef | null | undefined,
  exportDirOrOptions?: string | Options,
  options?: ModelOptions,
): Session {
  if (typeof exportDirOrOptions !== "string")
    return new Session(loadModel(model as GraphDef | null, exportDirOrOptions));
  const metaGraph = model as MetaGraphDef | null;
  const fault = !metaGraph
    ? "metaGraphDef is nullptr"
    : metaGraph.graph.nodes.length === 0
      ? "graphDef has no nodes"
      : undefined;
  if (!metaGraph || fault)
    throw new Exception("InvalidMetaGraphDef", `error while creating session: ${fault}.`);
  return new Session(loadModel(freezeMetaGraph(metaGraph, exportDirOrOptions, options?.signature), options));
}

export class Session {
  readonly #model: LoadedModel;
  #runner: Runner | undefined;
  readonly #remembered: Remembered[] = [];
  readonly #feedList: TensorLike[] = [];

  constructor(model: LoadedModel) {
    this.#model = model;
    this.#runner = model.createRunner();
  }

  /** The engine that computes, for the job report. */
  get engine(): string {
    return this.#model.engine;
  }

  /** Bytes of this session's working memory; the weights are not in it. */
  get arenaBytes(): number {
    return this.#runner?.arenaBytes ?? 0;
  }

  /**
   * Computes the fetched tensors, in that order. Any tensor of the graph may be fed or fetched; only what the fetches
   * need is run. A SavedModel's tensors have the signature's keys as names too (":0" says that a node is meant where
   * both exist). An input without elements gives an empty list, as in CMSSW.
   * @throws InvalidRun for a wrong name, dtype, shape or a missing input; InvalidSession after close;
   *   UnknownThreadPool for a pool that CMSSW does not have.
   */
  run(feeds: Feeds, fetches: readonly string[], threadPool = "no_threads"): Tensor[] {
    if (!threadPools.includes(threadPool)) {
      throw new Exception(
        "UnknownThreadPool",
        `thread pool '${threadPool}' unknown${suggestion(threadPool, threadPools)}.`,
      );
    }
    const list = this.#feedList;
    list.length = 0;
    if (isPairs(feeds)) for (const pair of feeds) list.push(pair[1]);
    else for (const name in feeds) list.push(feeds[name] as TensorLike);
    return this.#recall(feeds, fetches).run(list);
  }

  /** Resolves names once, for calls in an event loop. @throws InvalidRun for a wrong name or a missing input. */
  prepare(feeds: readonly string[], fetches: readonly string[]): PreparedCall {
    if (!this.#runner) throw new Exception("InvalidSession", "cannot run empty session: it has been closed.");
    const feedNames = feeds.map((name) => this.#find(name, "input"));
    const fetchNames = fetches.map((name) => this.#find(name, "output"));
    const fed = new Set(feedNames.map(tensorKey));
    if (fed.size !== feedNames.length)
      throw invalidRun(`an input is given twice among '${feeds.join("', '")}'`);
    this.#checkAllFed(fed, fetchNames);
    const rules = feedNames.map((feed, i) => ({
      name: feeds[i] as string,
      declared: feed.port === 0 ? this.#model.index.placeholder(feed.node) : undefined,
    }));
    return new PreparedCall(rules, this.#runner.prepare(feedNames, fetchNames));
  }

  /**
   * Releases the working memory, and of compiled code its weights unless other sessions use them. A later run throws
   * InvalidSession. What is not closed is released when it is collected, sooner or later.
   */
  close(): void {
    this.#runner?.close?.();
    this.#runner = undefined;
    this.#remembered.length = 0;
  }

  #recall(feeds: Feeds, fetches: readonly string[]): PreparedCall {
    for (const known of this.#remembered) {
      if (sameNames(known.fetches, fetches) && sameFeeds(known.feeds, feeds)) return known.call;
    }
    const names = isPairs(feeds) ? feeds.map(([name]) => name) : Object.keys(feeds);
    const call = this.prepare(names, fetches);
    this.#remembered.push({ feeds: names, fetches: [...fetches], call });
    return call;
  }

  #find(name: string, role: "input" | "output"): TensorName {
    const { index } = this.#model;
    const keys = (role === "input" ? index.graph.signature?.inputs : index.graph.signature?.outputs) ?? {};
    const named = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (named?.name === "")
      throw invalidRun(`${role} '${name}' is a sparse or composite tensor, which is not supported`);
    const parsed = parseTensorName(named?.name ?? name);
    if (parsed.isControl) throw invalidRun(`${role} '${name}' is an order, not a tensor: leave out the '^'`);
    if (index.node(parsed.node)) return parsed;
    const nodes = role === "input" ? index.placeholders.map((p) => p.name) : index.terminals();
    const likely = index.graph.signature ? Object.keys(keys) : nodes;
    const candidates =
      nearest(parsed.node, likely) === undefined && nearest(parsed.node, index.nodeNames) !== undefined;
    const hint = suggestion(parsed.node, candidates ? index.nodeNames : likely);
    throw invalidRun(`${role} '${name}' is not in the graph${hint}`);
  }

  #checkAllFed(fed: ReadonlySet<string>, fetches: readonly TensorName[]): void {
    const isFed = isOneOf(fed);
    const roots = fetches.filter((fetch) => !isFed(fetch));
    for (const node of this.#model.index.order(
      roots.map((root) => root.node),
      isFed,
    )) {
      if (node.op !== "Placeholder" && node.op !== "PlaceholderV2") continue;
      const declared = this.#model.index.placeholder(node.name);
      const what = `${declared?.dtype ?? "unknown type"} ${showShape(declared?.shape ?? null)}`;
      throw invalidRun(`input '${node.name}' (${what}) is not fed, but the outputs need it`);
    }
  }
}

function isPairs(feeds: Feeds): feeds is readonly NamedTensor[] {
  return Array.isArray(feeds);
}

function sameNames(known: readonly string[], names: readonly string[]): boolean {
  if (known.length !== names.length) return false;
  for (let i = 0; i < names.length; i++) if (known[i] !== names[i]) return false;
  return true;
}

function sameFeeds(known: readonly string[], feeds: Feeds): boolean {
  let i = 0;
  if (isPairs(feeds)) for (const pair of feeds) if (known[i++] !== pair[0]) return false;
  if (!isPairs(feeds)) for (const name in feeds) if (known[i++] !== name) return false;
  return i === known.length;
}
