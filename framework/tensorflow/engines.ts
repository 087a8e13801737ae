/**
 * The engines that can run a graph, by name. The `reference` engine registers here; those of higher layers
 * (compiled, tensorflow) register themselves through the same function from index.ts and the worker entry.
 */
import { Exception } from "../base/errors.js";
import { suggestion } from "../base/didYouMean.js";
import type { GraphIndex } from "./GraphIndex.js";
import type { TensorName } from "./names.js";
import type { ResolvedOptions } from "./Options.js";
import { ReferenceEngine } from "./reference/ReferenceEngine.js";
import type { TensorLike } from "./Tensor.js";

/** One way to run graphs. */
export interface Engine {
  readonly name: string;
  /** For the job report: version and what the scores depend on. */
  readonly description: string;
  /** Why it cannot be used here and what to do about it; undefined when it can. */
  unavailable(): string | undefined;
  /** Checks the graph and prepares what all sessions share. @throws InvalidSession naming what it cannot run. */
  load(index: GraphIndex, options: ResolvedOptions): LoadedModel;
  /** The counterpart of LoadedModel.toShared in another thread. */
  fromShared(shared: never): LoadedModel;
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
}

export interface Executable {
  /** Feeds in the order of prepare, already checked. The result is valid until the runner's next run. */
  run(feeds: readonly TensorLike[]): readonly TensorLike[];
}

const engines = new Map<string, Engine>();
/** What `auto` tries, best first. */
const preference = ["compiled", "reference"];

export function registerEngine(engine: Engine): void {
  engines.set(engine.name, engine);
}

export function engineNames(): string[] {
  return [...engines.keys()];
}

/**
 * The engine of that name, or for "auto" the first usable one.
 * @throws InvalidSession for an unknown name and for an engine that is not usable here, with the remedy.
 */
export function findEngine(name: string): Engine {
  if (name === "auto") {
    const registered = preference.flatMap((preferred) => engines.get(preferred) ?? []);
    const usable = registered.find((engine) => engine.unavailable() === undefined);
    if (usable) return usable;
  }
  const engine = engines.get(name);
  if (!engine) {
    throw new Exception("InvalidSession", `unknown engine '${name}'${suggestion(name, ["auto", ...engines.keys()])}.`);
  }
  const why = engine.unavailable();
  if (why !== undefined) throw new Exception("InvalidSession", `engine '${name}' cannot be used here: ${why}.`);
  return engine;
}

registerEngine(new ReferenceEngine());
