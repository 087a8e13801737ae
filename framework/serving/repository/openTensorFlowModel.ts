/** A SavedModel or a frozen graph of a folder as a served model: a runner's method, set up as its configuration says. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { loadGraph, type ModelOptions } from "../../tensorflow/savedmodel/SavedModel.js";
import { loadModel, Session } from "../../tensorflow/Session.js";
import { SessionCache } from "../../tensorflow/SessionCache.js";
import { graphBody } from "../runner/graphBody.js";
import { formOf } from "../runner/runnableMethod.js";
import { type MethodSettings, RunnerMethod } from "../runner/RunnerMethod.js";
import { runnerModel } from "../runner/runnerModel.js";
import type { ServedModel } from "../ServedModel.js";
import type { ModelConfig } from "./ModelConfig.js";
import { readLabels, warmupBatches } from "./modelFiles.js";
import { graphTensors, settleSignature } from "./modelSignature.js";

/** What a configuration leaves open. */
export interface ServingDefaults {
  /** Rows of a call, for models that have rows and no configuration. */
  readonly maxBatchSize?: number;
  readonly maxLatencyMs?: number;
  readonly maxQueuedRows?: number;
  /** How the model is computed, and which part of a SavedModel. */
  readonly model?: ModelOptions;
}

export interface ModelOrigin {
  readonly name: string;
  readonly version: string;
  readonly path: string;
  readonly config: ModelConfig;
  /** A file that lies with the model. */
  readonly readFile: (name: string, what: string) => Buffer;
}

/** Where Triton stands alone: a call of this many rows of a dense network takes as long as its requests take to parse. */
const defaultBatchSize = 64;

/**
 * Loads and warms up: the event loop goes on between the steps.
 * @throws Configuration, and as loadGraph and createSession
 */
export async function openTensorFlowModel(
  origin: ModelOrigin,
  defaults: ServingDefaults = {},
): Promise<ServedModel> {
  const { name, version, config, readFile } = origin;
  const opened = openSession(origin.path, defaults.model ?? {});
  try {
    await nextTurn();
    const batchSize = defaults.maxBatchSize ?? defaultBatchSize;
    const { inputs, outputs, maxBatchSize } = settleSignature(opened.tensors, config, batchSize, opened.call);
    const body = graphBody(opened.session, opened.call, {
      platform: opened.platform,
      form: formOf(inputs, outputs),
      inputs,
      outputs,
      batchable: maxBatchSize > 0,
      batchDim: [0, 0],
    });
    const method = new RunnerMethod(name, body, methodSettings(maxBatchSize, config, defaults));
    const known = { labels: readLabels(config, readFile), config: { ...config } };
    const model = runnerModel(name, version, method, known);
    await method.warmUp();
    for (const sample of warmupBatches(config, model, readFile)) {
      for (let i = 0; i < sample.count; i++) {
        await nextTurn();
        body.run(sample.inputs);
      }
    }
    return model;
  } catch (error) {
    opened.session.close();
    throw error;
  }
}

function methodSettings(
  maxBatchSize: number,
  config: ModelConfig,
  defaults: ServingDefaults,
): MethodSettings {
  const { preferred_batch_size, max_queue_delay_microseconds, default_queue_policy } =
    config.dynamic_batching ?? {};
  return {
    maxBatchSize,
    maxLatencyMs:
      max_queue_delay_microseconds === undefined
        ? (defaults.maxLatencyMs ?? 0)
        : max_queue_delay_microseconds / 1000,
    maxQueuedRows: default_queue_policy?.max_queue_size || defaults.maxQueuedRows,
    preferredSizes: preferred_batch_size,
    timeoutMs: (default_queue_policy?.default_timeout_microseconds ?? 0) / 1000,
  };
}

function openSession(path: string, options: ModelOptions) {
  const { tag, signature } = options;
  const graph = loadGraph(path, {
    ...(tag !== undefined && { tag }),
    ...(signature !== undefined && { signature }),
  });
  const tensors = graphTensors(graph);
  const hasOpen = tensors.inputs.some(({ tensor }) => !tensor.shape || tensor.shape.slice(1).includes(-1));
  // Shapes that are not warmed up are compiled later, when the file may be another: the graph is kept for them.
  const session = hasOpen
    ? new Session(loadModel(graph, options))
    : new SessionCache(path, options, graph).createSession();
  const names = (part: typeof tensors.inputs) => part.map(({ name }) => name);
  const platform = graph.signature ? "tensorflow_savedmodel" : "tensorflow_graphdef";
  return { session, call: session.prepare(names(tensors.inputs), names(tensors.outputs)), tensors, platform };
}
