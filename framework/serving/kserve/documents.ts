/** What the protocol tells of a server and its models, as plain data: REST sends it as JSON, gRPC as messages. */
import type { DurationStatistics, ModelRepository, ServedModel, ServedTensor } from "../ServedModel.js";
import { configTypeOf, datatypeOf } from "./datatypes.js";

/** What is beyond the protocol's core and offered here. */
export const restExtensions = [
  "classification",
  "model_repository",
  "model_configuration",
  "binary_tensor_data",
  "parameters",
  "statistics",
];
export const grpcExtensions = restExtensions.filter((name) => name !== "binary_tensor_data");

export function modelMetadata(repository: ModelRepository, model: ServedModel) {
  const tensor = ({ name, dtype, shape }: ServedTensor) => ({ name, datatype: datatypeOf(dtype), shape });
  return {
    name: model.name,
    versions: repository
      .index()
      .filter(({ name, state }) => name === model.name && state === "READY")
      .map(({ version }) => version),
    platform: model.platform,
    inputs: model.inputs.map(tensor),
    outputs: model.outputs.map(tensor),
  };
}

/** Triton's ModelConfig: what the model came with, the rest from what it is. */
export function modelConfig(model: ServedModel): Readonly<Record<string, unknown>> {
  const { maxBatchSize } = model;
  const tensor = ({ name, dtype, shape }: ServedTensor) => ({
    name,
    data_type: configTypeOf(dtype),
    dims: maxBatchSize > 0 ? shape.slice(1) : shape,
  });
  const delayUs = Math.round(model.maxLatencyMs * 1000);
  return {
    platform: model.platform,
    backend: "",
    version_policy: { latest: { num_versions: 1 } },
    input: model.inputs.map(tensor),
    output: model.outputs.map(tensor),
    instance_group: [{ name: model.name, kind: "KIND_CPU", count: 1 }],
    ...(maxBatchSize > 0 && {
      dynamic_batching: { preferred_batch_size: [], max_queue_delay_microseconds: delayUs },
    }),
    ...model.config,
    name: model.name,
    max_batch_size: maxBatchSize,
  };
}

/** Of one model, of all its versions or of all models. Names "" stand for all. @throws ModelNotFound, ModelNotReady */
export function statisticsOf(repository: ModelRepository, name: string, version: string) {
  if (name !== "" && version !== "") return [modelStatistics(repository.get(name, version))];
  const ready = repository
    .index()
    .filter((entry) => entry.state === "READY" && (name === "" || entry.name === name))
    .map((entry) => modelStatistics(repository.get(entry.name, entry.version)));
  return ready.length > 0 || name === "" ? ready : [modelStatistics(repository.get(name))];
}

function modelStatistics({ name, version, statistics: s }: ServedModel) {
  const none = { count: 0, ns: 0 };
  return {
    name,
    version,
    last_inference: Math.round(s.lastInferenceMs),
    inference_count: s.inferenceCount,
    execution_count: s.executionCount,
    inference_stats: {
      success: duration(s.success),
      fail: duration(s.fail),
      queue: duration(s.queue),
      compute_input: duration(s.computeInput),
      compute_infer: duration(s.computeInfer),
      compute_output: duration(s.computeOutput),
      cache_hit: none,
      cache_miss: none,
    },
    batch_stats: [...s.batches]
      .sort(([a], [b]) => a - b)
      .map(([batchSize, time]) => ({
        batch_size: batchSize,
        compute_input: { count: time.count, ns: 0 },
        compute_infer: duration(time),
        compute_output: { count: time.count, ns: 0 },
      })),
  };
}

const duration = ({ count, ns }: DurationStatistics) => ({ count, ns: Math.round(ns) });

/** Models and versions, with those only that are ready where so asked. */
export function repositoryIndex(repository: ModelRepository, readyOnly: boolean) {
  return repository
    .index()
    .filter(({ state }) => !readyOnly || state === "READY")
    .map(({ name, version, state, reason }) => ({ name, version, state, reason }));
}

/** Whether a model may be asked now; one that is not there is not ready. */
export function isModelReady(repository: ModelRepository, name: string, version: string): boolean {
  try {
    repository.get(name, version);
    return true;
  } catch {
    return false;
  }
}
