/**
 * The engines that can run a graph, by name, and which one "auto" means. `reference` and `tensorflow` register here;
 * those of higher layers (compiled) register themselves through the same function from index.ts and the worker entry.
 */
import { Exception } from "../base/errors.js";
import { suggestion } from "../base/didYouMean.js";
import type { GraphIndex } from "./GraphIndex.js";
import type { TensorName } from "./names.js";
import type { ResolvedOptions } from "./Options.js";
import type { SavedModelOptions } from "./savedmodel/SavedModel.js";
import { ReferenceEngine } from "./reference/ReferenceEngine.js";
import type { TensorLike } from "./Tensor.js";
import { TensorFlowEngine } from "./tfjs/TensorFlowEngine.js";

/** One way to run graphs. */
export interface Engine {
  readonly name: string;
  /** For the job report: what computes, in which version; undefined while that is not known in this thread. */
  readonly description: string | undefined;
  /** Why it cannot be used here and what to do about it; undefined when it can. */
  unavailable(): string | undefined;
  /**
   * Checks the graph and prepares what all sessions share. `source`: where it can be read again.
   * @throws InvalidSession naming what it cannot run
   */
  load(index: GraphIndex, options: ResolvedOptions, source?: GraphSource): LoadedModel;
  /** The counterpart of LoadedModel.toShared in another thread. */
  fromShared(shared: never): LoadedModel;
}

/** Where a graph comes from: loadGraph(path, options) gives it again. Plain data. */
export interface GraphSource {
  readonly path: string;
  readonly options: SavedModelOptions;
}

/** A graph made ready by an engine: read-only, one for all streams of a thread. */
export interface LoadedModel {
  readonly engine: string;
  readonly index: GraphIndex;
  /** Plain data whose weights lie in SharedArrayBuffers, the same ones at every call. */
  toShared(): unknown;
  createRunner(): Runner;
}

/** What one stream owns of a model: its working memory. */
export interface Runner {
  /** Bytes of working memory held now. */
  readonly arenaBytes: number;
  /** Feeds and fetches exist in the graph; every placeholder that is needed is fed. */
  prepare(feeds: readonly TensorName[], fetches: readonly TensorName[]): Executable;
  /** Releases what the garbage collector does not; absent where there is nothing of that kind. */
  close?(): void;
}

/** What a feed will be. */
export type FeedType = Pick<TensorLike, "dtype" | "shape">;

export interface Executable {
  /** Feeds in the order of prepare, already checked. The result is valid until the runner's next run. */
  run(feeds: readonly TensorLike[]): readonly TensorLike[];
  /** Makes what a run of such feeds needs, without data; absent where nothing is made. @throws as run */
  warmUp?(feeds: readonly FeedType[]): void;
  /** As warmUp for each, while this thread goes on running what is ready. */
  warmUpInBackground?(all: readonly (readonly FeedType[])[]): Promise<void>;
  /** How it computes, a line each: for people. What has not run yet is not told. */
  explain?(): readonly string[];
  /** Releases what the garbage collector does not; absent where there is nothing of that kind. */
  close?(): void;
}

const engines = new Map<string, Engine>();
/** What `auto` tries, best first. `tensorflow` holds its weights once a thread, so it is taken only when asked for. */
const preference = ["compiled", "reference"];
let jobDefault = "auto";

export function registerEngine(engine: Engine): void {
  engines.set(engine.name, engine);
}

export function registeredEngines(): Engine[] {
  return [...engines.values()];
}

/**
 * What "auto" means from now on in this thread: the job-wide choice, set before any module is made.
 * @throws Configuration for an unknown name and for an engine that is not usable here, with the remedy.
 */
export function setDefaultEngine(name: string): void {
  const fault = name === "auto" ? undefined : faultOf(name);
  if (fault !== undefined) throw new Exception("Configuration", `option inferenceEngine: ${fault}.`);
  jobDefault = name;
}

/**
 * The engine of that name; for "auto" the job-wide choice or, without one, the first usable of `preference`.
 * @throws InvalidSession for an unknown name and for an engine that is not usable here, with the remedy.
 */
export function findEngine(name: string): Engine {
  const wanted = name === "auto" ? jobDefault : name;
  if (wanted === "auto") {
    const usable = preference.find((preferred) => faultOf(preferred) === undefined);
    return engines.get(usable ?? "reference") as Engine;
  }
  const fault = faultOf(wanted);
  if (fault !== undefined) throw new Exception("InvalidSession", `${fault}.`);
  return engines.get(wanted) as Engine;
}

/** Why a graph cannot be given to the engine of that name; undefined when it can. */
function faultOf(name: string): string | undefined {
  const engine = engines.get(name);
  if (!engine) return `unknown engine '${name}'${suggestion(name, ["auto", ...engines.keys()])}`;
  const why = engine.unavailable();
  return why && `engine '${name}' cannot be used here: ${why}`;
}

registerEngine(new ReferenceEngine());
registerEngine(new TensorFlowEngine());
