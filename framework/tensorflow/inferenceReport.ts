/** Which engine computed for which module, for the job report. Each thread notes its own; the job puts them together. */
import { readFileSync } from "node:fs";
import { arch } from "node:os";
import { registeredEngines } from "./engines.js";

/** What one thread noted, as plain data. */
export interface EngineUse {
  /** Label of the module that loaded a model, "" where none is being made; and the engine that runs it. */
  readonly models: readonly (readonly [module: string, engine: string])[];
  /** Engine → what computes, where this thread knows. */
  readonly descriptions: readonly (readonly [engine: string, description: string])[];
}

const models = new Map<string, readonly [module: string, engine: string]>();
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
export function noteEngine(engine: string): void {
  models.set(`${loadingModule}\n${engine}`, [loadingModule, engine]);
}

/** What this thread noted since the last call. */
export function takeEngineUse(): EngineUse {
  const descriptions = registeredEngines().flatMap(({ name, description }): [string, string][] => {
    return description === undefined ? [] : [[name, description]];
  });
  const use = { models: [...models.values()], descriptions };
  models.clear();
  return use;
}

/** One line a module and engine; none when no model was loaded. `release` is cmsrun's version. */
export function formatEngineUse(uses: readonly EngineUse[], release: string): string {
  const descriptions = new Map(uses.flatMap((use) => [...use.descriptions]));
  const where = `cmsrun ${release}, on ${arch()}${cpuFeatures()}`;
  const lines = uses
    .flatMap(({ models: loaded }) => loaded)
    .map(([module, engine]) => {
      const who = module === "" ? "" : ` module '${module}':`;
      return `Inference:${who} engine ${descriptions.get(engine) ?? engine}, ${where}`;
    });
  return [...new Set(lines)].join("\n");
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
