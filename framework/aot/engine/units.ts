/** The units of this thread: by graph, shapes and target, from memory, from disk or compiled. */
import { createHash } from "node:crypto";
import type { ReferenceModel } from "../../tensorflow/reference/ReferenceEngine.js";
import type { Feed } from "../lower/traceGraph.js";
import { compiler } from "../compiler.js";
import { compilerVersion, featuresOf } from "../targets.js";
import { loadUnit } from "../loadUnit.js";
import type { TargetName, Unit } from "../Unit.js";
import { CodeCache } from "./CodeCache.js";
import { compilerSettings } from "./settings.js";

/** A graph to compile. */
export interface CompilableGraph {
  /** The same graph: what is not compiled runs in it, and its constants are what is compiled. */
  readonly reference: ReferenceModel;
  readonly target: TargetName;
  /** Tells this graph from all others. */
  readonly hash: string;
}

const units = new Map<string, WeakRef<Unit>>();

/** @throws Unsupported naming the node that cannot be compiled */
export function unitFor(model: CompilableGraph, feeds: readonly Feed[], fetches: readonly string[]): Unit {
  const { hash, target, reference } = model;
  const what = [compilerVersion, hash, target, featuresOf(target), feeds, fetches];
  const key = createHash("sha256").update(JSON.stringify(what)).digest("hex");
  const known = units.get(key)?.deref();
  if (known) return known;
  const { cacheDirectory } = compilerSettings();
  const isKept = cacheDirectory !== null && compilerVersion !== "source";
  const cache = isKept ? new CodeCache(cacheDirectory) : undefined;
  let code = cache?.read(key);
  if (!code) {
    code = compiler().compileLoaded(reference, feeds, fetches, target);
    cache?.write(key, code);
  }
  const unit = loadUnit(code);
  units.set(key, new WeakRef(unit));
  return unit;
}
