/** What the job decides about compiled models: given by the command line, before any model is loaded. */
import { homedir } from "node:os";
import { join } from "node:path";
import type { TargetName } from "../Unit.js";

export interface CompilerSettings {
  /** What engineTarget "auto" means, unless a session says otherwise. */
  readonly target: TargetName | "auto";
  /** Where compiled code is kept from job to job; null: nowhere. */
  readonly cacheDirectory: string | null;
}

let current: CompilerSettings = {
  target: "wasm",
  cacheDirectory: join(homedir(), ".cache", "cmsrun", "compiled"),
};

export function compilerSettings(): CompilerSettings {
  return current;
}

export function setCompilerSettings(settings: Partial<CompilerSettings>): void {
  current = { ...current, ...settings };
}
