/** Runners as what servers serve: each method of a runner is a model. */
import type { ServedModel } from "../ServedModel.js";
import type { Runner } from "./Runner.js";
import type { RunnerMethod } from "./RunnerMethod.js";

/**
 * The methods of a runner as models: the only one or __call__ has the runner's name, others NAME.METHOD. The runner is
 * initialised if it is not, and compiled for all sizes of batches.
 * @throws (rejects) as Runner.initLocal
 */
export async function runnerModels(runner: Runner): Promise<ServedModel[]> {
  if (!runner.isInitialized) runner.initLocal();
  for (const name of runner.methodNames) await runner.method(name).warmUp();
  return runner.methodNames.map((name) => {
    const method = runner.method(name);
    const isMain = runner.methodNames.length === 1 || name === "__call__";
    return runnerModel(isMain ? runner.name : `${runner.name}.${name}`, runner.version, method);
  });
}

/** One method under a name and version, with what else is known of it. */
export function runnerModel(
  name: string,
  version: string,
  method: RunnerMethod,
  known: Pick<ServedModel, "labels" | "config"> = {},
): ServedModel {
  const { platform, inputs, outputs, batchable, settings, statistics } = method;
  return {
    name,
    version,
    platform,
    inputs,
    outputs,
    maxBatchSize: batchable ? settings.maxBatchSize : 0,
    maxLatencyMs: batchable ? settings.maxLatencyMs : 0,
    statistics,
    ...known,
    get queuedRows() {
      return method.queuedRows;
    },
    refusal: () => method.refusal(),
    infer: (tensors, deadlineMs) => method.infer(tensors, deadlineMs),
    close: () => method.close(),
  };
}
