/**
 * What "model:NAME:VERSION" means in a job: found once, before any module is made, so that all threads have the same
 * model though another is saved under the name meanwhile.
 */
import { Exception } from "../base/errors.js";
import { isModelReference, resolveModelPath } from "../base/modelPath.js";
import type { Parameters, TypedValue } from "../parameters/values.js";

/** Every such text in the parameters, with the folder of its model; those that mean none are the modules' to refuse. */
export function modelsOf(all: readonly Parameters[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const reference of all.flatMap((parameters) => Object.values(parameters).flatMap(referencesIn))) {
    try {
      found[reference] = resolveModelPath(reference);
    } catch (error) {
      if (!(error instanceof Exception)) throw error;
    }
  }
  return found;
}

function referencesIn({ kind, value }: TypedValue): string[] {
  if (kind === "PSet") return Object.values(value as Parameters).flatMap(referencesIn);
  if (kind === "VPSet")
    return (value as readonly Parameters[]).flatMap((one) => Object.values(one).flatMap(referencesIn));
  const texts =
    kind === "string" || kind === "FileInPath" ? [value] : kind === "vstring" ? (value as unknown[]) : [];
  return texts.map(String).filter(isModelReference);
}
