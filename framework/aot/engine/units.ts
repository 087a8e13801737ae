/** The units of this thread: by graph, shapes and target, from memory, from disk or compiled. */
import { createHash } from "node:crypto";
import { WeakValues } from "../../base/WeakValues.js";
import type { ReferenceModel } from "../../tensorflow/reference/ReferenceEngine.js";
import type { Feed } from "../lower/traceGraph.js";
import { compiler } from "../compiler.js";
import { compilerVersion, featuresOf } from "../targets.js";
import { loadUnit } from "../loadUnit.js";
import type { CompiledCode, TargetName, Unit } from "../Unit.js";
import { CodeCache, DamagedConstant } from "./CodeCache.js";
import { compilerSettings } from "./settings.js";

/** A graph to compile. */
export interface CompilableGraph {
  /** The same graph: what is not compiled runs in it, and its constants are what is compiled. */
  readonly reference: ReferenceModel;
  readonly target: TargetName;
  /** Tells this graph from all others. */
  readonly hash: string;
  /** Plain data for another thread. */
  toShared(): unknown;
}

/** A unit that streams of this thread share: closed when as many have released it as have got it from unitFor. */
export class SharedUnit {
  #users = 0;

  constructor(
    readonly key: string,
    readonly unit: Unit,
  ) {}

  use(): this {
    this.#users++;
    return this;
  }

  release(): void {
    if (--this.#users > 0) return;
    units.delete(this.key);
    this.unit.close();
  }
}

const units = new WeakValues<string, SharedUnit>();
/** By directory: a cache knows what it has written. */
const caches = new Map<string, CodeCache>();

/** To be released. `code`: where it is there already. @throws Unsupported naming the node that cannot be compiled */
export function unitFor(
  model: CompilableGraph,
  feeds: readonly Feed[],
  fetches: readonly string[],
  code?: CompiledCode,
): SharedUnit {
  const key = keyOf(model, feeds, fetches);
  const known = units.get(key);
  if (known) return known.use();
  const unit = code ? loadUnit(code) : (stored(key) ?? loadUnit(compiled(key, model, feeds, fetches)));
  const shared = new SharedUnit(key, unit);
  units.set(key, shared);
  return shared.use();
}

/** Whether unitFor need not compile. */
export function isCompiled(
  model: CompilableGraph,
  feeds: readonly Feed[],
  fetches: readonly string[],
): boolean {
  const key = keyOf(model, feeds, fetches);
  return units.get(key) !== undefined || cacheOf()?.open(key) !== undefined;
}

/** The code alone, for another thread. @throws Unsupported as unitFor */
export function codeFor(
  model: CompilableGraph,
  feeds: readonly Feed[],
  fetches: readonly string[],
): CompiledCode {
  const key = keyOf(model, feeds, fetches);
  return cacheOf()?.read(key) ?? compiled(key, model, feeds, fetches);
}

function keyOf(
  { hash, target }: CompilableGraph,
  feeds: readonly Feed[],
  fetches: readonly string[],
): string {
  const what = [compilerVersion, hash, target, featuresOf(target), feeds, fetches];
  return createHash("sha256").update(JSON.stringify(what)).digest("hex");
}

function cacheOf(): CodeCache | undefined {
  const { cacheDirectory } = compilerSettings();
  if (cacheDirectory === null || compilerVersion === "source") return undefined;
  const cache = caches.get(cacheDirectory) ?? new CodeCache(cacheDirectory);
  caches.set(cacheDirectory, cache);
  return cache;
}

function stored(key: string): Unit | undefined {
  const code = cacheOf()?.open(key);
  try {
    return code && loadUnit(code);
  } catch (error) {
    if (error instanceof DamagedConstant) return undefined;
    throw error;
  }
}

function compiled(
  key: string,
  { reference, target }: CompilableGraph,
  feeds: readonly Feed[],
  fetches: readonly string[],
): CompiledCode {
  const code = compiler().compileLoaded(reference, feeds, fetches, target);
  cacheOf()?.write(key, code);
  return code;
}
