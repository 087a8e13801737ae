/** The output modules' files on the main thread: opened before the first event, closed after everything else. */
import { LogInfo } from "../base/log.js";
import type { ProcessDescription } from "../config/ProcessDescription.js";
import type { OutputModule, ProcessConfiguration } from "../modules/one.js";
import { parameterSetID } from "../parameters/ParameterSet.js";
import { TypedValue } from "../parameters/values.js";
import type { Failures } from "./Failures.js";
import type { JobModules } from "./JobModules.js";
import { revivedType } from "./registrations.js";
import type { BoundPlan } from "./threadPlan.js";
import { withContext } from "./transitions.js";

/** `tell`: whether the modules here have to be told their products, because the threads have instances of their own. */
export async function openOutputs(
  bound: BoundPlan,
  modules: JobModules,
  history: readonly ProcessConfiguration[],
  tell: boolean,
): Promise<void> {
  for (const { label, kept } of bound.outputs) {
    const output = modules.onMainThread(label);
    const module = output.instance as OutputModule;
    if (tell)
      module.setProducts(kept.map(({ description, type }) => ({ description, type: revivedType(type) })));
    await withContext(output, "Calling beginJob", () => module.openFile(history));
  }
}

/** Closes all, also after a failure; files are complete only without one. `eventsWritten` for each, in the plan's order. */
export async function closeOutputs(
  { outputs }: BoundPlan,
  modules: JobModules,
  failures: Failures,
  eventsWritten: readonly number[],
): Promise<void> {
  for (const [index, { label }] of outputs.entries()) {
    await failures.attempt(async () => {
      const isComplete = failures.count === 0;
      const line = await closeOutput(label, modules, isComplete);
      if (isComplete && line) LogInfo("fileAction", `${line} (${eventsWritten[index]} events)`);
      else if (line) failures.all[0]?.addAdditionalInfo(line);
    });
  }
}

/** Gives the output's line for the log. */
function closeOutput(label: string, modules: JobModules, isComplete: boolean): Promise<string> {
  const output = modules.onMainThread(label);
  return withContext(output, "Calling endJob", () => (output.instance as OutputModule).closeFile(isComplete));
}

/**
 * What this process adds to the history of what it writes. The ParameterSetID covers the tracked parameters of all
 * modules and the paths: nothing untracked, no time, no path.
 */
export function processConfiguration(
  process: ProcessDescription,
  modules: JobModules,
  release: string,
): ProcessConfiguration {
  const all: Record<string, TypedValue> = {};
  for (const { label, type, parameters } of [...modules.modules, modules.source]) {
    all[label] = new TypedValue("PSet", true, {
      ...parameters,
      "@module_type": new TypedValue("string", true, type),
    });
  }
  for (const { name, modules: onPath } of process.paths) {
    all[`@path:${name}`] = new TypedValue(
      "vstring",
      true,
      onPath.map(({ label, mark }) => `${mark}:${label}`),
    );
  }
  return { name: process.name, parameterSetId: parameterSetID(all), release };
}
