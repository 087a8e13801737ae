/** Which engine computed for which module, for the job report. Each thread notes its own; the job puts them together. */
import { readFileSync, statSync } from "node:fs";
import { arch } from "node:os";
import { join } from "node:path";
import { contentHash, filesIn } from "../base/contentHash.js";
import { modelTagOf } from "../base/modelPath.js";
import { registeredEngines } from "./engines.js";

/** A model that was given to an engine. */
export interface ModelUse {
  /** Label of the module that loaded it, "" where none is being made. */
  readonly module: string;
  /** The file or folder that it was read from, or what the graph made in memory is called. */
  readonly origin: string;
  /** When, in ms since 1970. */
  readonly loadedMs: number;
}

/** What one thread noted, as plain data. */
export interface EngineUse {
  /** Label of the module that loaded a model, "" where none is being made; and the engine that runs it. */
  readonly models: readonly (readonly [module: string, engine: string])[];
  /** What the models are; left out where nothing was noted. */
  readonly origins?: readonly ModelUse[];
  /** Engine → what computes, where this thread knows. */
  readonly descriptions: readonly (readonly [engine: string, description: string])[];
  /** Of modules whose events share calls. */
  readonly batches?: readonly BatchCounts[];
}

/** How requests of several events went into calls of a model. */
export interface BatchCounts {
  readonly module: string;
  requests: number;
  rows: number;
  calls: number;
}

const models = new Map<string, readonly [module: string, engine: string]>();
const batches: BatchCounts[] = [];
const origins = new Map<string, ModelUse>();
let loadingModule = "";

/** Calls what makes a module; the models loaded meanwhile are that module's. */
export function loadingFor<T>(label: string, make: () => T): T {
  const outer = loadingModule;
  loadingModule = label;
  try {
    return make();
  } finally {
    loadingModule = outer;
  }
}

/** A model was given to this engine. */
export function noteEngine(engine: string, origin: string): void {
  models.set(`${loadingModule}\n${engine}`, [loadingModule, engine]);
  noteModel(loadingModule, origin);
}

/** A model was loaded for this module, "" where for none, perhaps by another process. */
export function noteModel(module: string, origin: string): void {
  const key = `${module}\n${origin}`;
  if (!origins.has(key)) origins.set(key, { module, origin, loadedMs: Date.now() });
}

/** Counts for the module that is being made; whoever runs its model adds to them. */
export function noteBatches(): BatchCounts {
  const counts = { module: loadingModule, requests: 0, rows: 0, calls: 0 };
  batches.push(counts);
  return counts;
}

/** What this thread noted since the last call. */
export function takeEngineUse(): EngineUse {
  const descriptions = registeredEngines().flatMap(({ name, description }): [string, string][] => {
    return description === undefined ? [] : [[name, description]];
  });
  const use = {
    models: [...models.values()],
    origins: [...origins.values()],
    descriptions,
    batches: batches.splice(0),
  };
  models.clear();
  origins.clear();
  return use;
}

/** One line a module and engine; none when no model was loaded. `release` is cmsrun's version. */
export function formatEngineUse(uses: readonly EngineUse[], release: string): string {
  const descriptions = new Map(uses.flatMap((use) => [...use.descriptions]));
  const where = `cmsrun ${release}, on ${arch()}${cpuFeatures()}`;
  const lines = uses
    .flatMap(({ models: loaded }) => loaded)
    .map(([module, engine]) => {
      return `Inference:${by(module)} engine ${descriptions.get(engine) ?? engine}, ${where}`;
    });
  return [...new Set(lines), ...formatBatches(uses)].join("\n");
}

/** One line a module, over all threads. */
function formatBatches(uses: readonly EngineUse[]): string[] {
  const sums = new Map<string, BatchCounts>();
  for (const { module, requests, rows, calls } of uses.flatMap((use) => use.batches ?? [])) {
    const sum = sums.get(module) ?? { module, requests: 0, rows: 0, calls: 0 };
    sums.set(module, sum);
    sum.requests += requests;
    sum.rows += rows;
    sum.calls += calls;
  }
  return [...sums.values()].map(({ module, requests, rows, calls }) => {
    const mean = (rows / Math.max(1, calls)).toFixed(1);
    return `Inference: module '${module}': ${requests} events with ${rows} rows in ${calls} calls, ${mean} rows a call`;
  });
}

/** One line a module and model that was read from a file: its tag in the store or its path, and what it contains. */
export function formatModels(uses: readonly EngineUse[]): string {
  const lines = uses
    .flatMap((use) => use.origins ?? [])
    .filter(({ origin }) => statSync(origin, { throwIfNoEntry: false }) !== undefined)
    .map(({ module, origin, loadedMs }) => {
      return `Model:${by(module)} ${modelTagOf(origin) ?? origin}, ${contents(origin, loadedMs)}`;
    });
  return [...new Set(lines)].join("\n");
}

/** Hashed when the job has ended, so that no event waits for it; the job does not fail for it. */
function contents(path: string, loadedMs: number): string {
  try {
    const isFolder = statSync(path).isDirectory();
    const files = isFolder ? filesIn(path).map((name) => join(path, name)) : [path];
    if (files.some((file) => statSync(file).ctimeMs > loadedMs))
      return "which was changed after it was loaded";
    return `sha256 ${contentHash(path, isFolder ? ["model.yaml"] : [])}`;
  } catch (error) {
    return `which cannot be read any more: ${(error as Error).message}`;
  }
}

function by(module: string): string {
  return module === "" ? "" : ` module '${module}':`;
}

/** The vector instructions that decide which kernels a library picks, and so the last bits of its results. */
const vectorFeatures = [
  "sse4_2",
  "avx",
  "avx2",
  "fma",
  "avx512f",
  "avx512_bf16",
  "amx_tile",
  "asimd",
  "sve",
  "sve2",
];

function cpuFeatures(): string {
  let flags: string[];
  try {
    flags =
      /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1]?.split(" ") ?? [];
  } catch {
    return ""; // No Linux: the architecture has to do.
  }
  const found = vectorFeatures.filter((name) => flags.includes(name));
  return found.length > 0 ? ` with ${found.join(", ")}` : "";
}
