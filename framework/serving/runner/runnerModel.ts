/** Runners as what servers serve: each method of a runner is a model. */
import type { ServedModel } from "../ServedModel.js";
import type { Runner } from "./Runner.js";
import type { RunnerMethod } from "./RunnerMethod.js";

/**
 * The methods of a runner as models: the only one or __call__ has the runner's name, others NAME.METHOD. The runner is
 * initialised if it is not, and compiled for all sizes of batches.
 * @throws as Runner.initLocal
 */
export function runnerModels(runner: Runner): ServedModel[] {
  if (!runner.isInitialized) runner.initLocal();
  return runner.methodNames.map((name) => {
    const method = runner.method(name);
    method.warmUp();
    const isMain = runner.methodNames.length === 1 || name === "__call__";
    return runnerModel(isMain ? runner.name : `${runner.name}.${name}`, runner.version, method);
  });
}

/** One method under a name and version. */
export function runnerModel(name: string, version: string, method: RunnerMethod): ServedModel {
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
    get queuedRows() {
      return method.queuedRows;
    },
    refusal: () => method.refusal(),
    infer: (tensors, deadlineMs) => method.infer(tensors, deadlineMs),
    close: () => method.close(),
  };
}
