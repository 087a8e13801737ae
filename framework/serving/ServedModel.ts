/**
 * What a server serves under one name and version, whoever computes it: a model's runner or a user's own class. The REST
 * and gRPC front ends know models by this interface only.
 */
import type { DType } from "../tensorflow/dtypes.js";
import type { TensorLike } from "../tensorflow/Tensor.js";
import type { ServerBusy } from "./servingErrors.js";

/** One input or output. */
export interface ServedTensor {
  readonly name: string;
  readonly dtype: DType;
  /** -1 where unknown; with batching the first dimension is the batch. */
  readonly shape: readonly number[];
}

export interface ServedModel {
  readonly name: string;
  /** KServe's versions are numbers from 1 on, or a store's version. */
  readonly version: string;
  readonly platform: string;
  /** In the order of the function's arguments. */
  readonly inputs: readonly ServedTensor[];
  readonly outputs: readonly ServedTensor[];
  /** Rows of a batch, at most; 0: requests are not batched, and shapes have no batch dimension of their own. */
  readonly maxBatchSize: number;
  /** Longest time in ms that a request may wait for others; 0: only what is there already goes together. */
  readonly maxLatencyMs: number;
  readonly statistics: ModelStatistics;
  /** Rows that wait now, where they are counted. */
  readonly queuedRows?: number;
  /** Output → the names of its classes, where they are known. */
  readonly labels?: ReadonlyMap<string, readonly string[]>;
  /** As a configuration of KServe's (Triton's ModelConfig in JSON), where the model came with one. */
  readonly config?: Readonly<Record<string, unknown>>;
  /**
   * Computes the outputs, in their order. Inputs are checked against `inputs` and in that order.
   * @throws ServerBusy when the queue is full, RequestTimeout when `deadlineMs` (of performance.now()) has passed
   */
  infer(inputs: readonly TensorLike[], deadlineMs?: number): Promise<readonly TensorLike[]>;
  /** What any request would be refused with now; undefined, or no such function, when there may be room for one. */
  refusal?(): ServerBusy | undefined;
  /** Finishes what has been accepted, refuses more, then releases the model. */
  close(): Promise<void>;
}

/** Counts and summed times, as the statistics extension of KServe's protocol has them. */
export interface DurationStatistics {
  count: number;
  /** Nanoseconds. */
  ns: number;
}

/** Written by whoever runs the model, read by front ends and metrics. */
export interface ModelStatistics {
  /** Milliseconds since 1970; 0 before the first. */
  lastInferenceMs: number;
  /** Rows. */
  inferenceCount: number;
  /** Calls of the model. */
  executionCount: number;
  readonly success: DurationStatistics;
  readonly fail: DurationStatistics;
  readonly queue: DurationStatistics;
  readonly computeInput: DurationStatistics;
  readonly computeInfer: DurationStatistics;
  readonly computeOutput: DurationStatistics;
  /** Batch size in rows → how often, and how long the model took. */
  readonly batches: Map<number, DurationStatistics>;
}

export function emptyStatistics(): ModelStatistics {
  const none = (): DurationStatistics => ({ count: 0, ns: 0 });
  return {
    lastInferenceMs: 0,
    inferenceCount: 0,
    executionCount: 0,
    success: none(),
    fail: none(),
    queue: none(),
    computeInput: none(),
    computeInfer: none(),
    computeOutput: none(),
    batches: new Map(),
  };
}

/** Statistics are whole nanoseconds. */
export function addDuration(to: DurationStatistics, milliseconds: number): void {
  to.count++;
  to.ns += Math.round(milliseconds * 1e6);
}

/** One call of the model, of so many rows. */
export function addExecution(statistics: ModelStatistics, rows: number, inferMs: number): void {
  const { batches } = statistics;
  statistics.executionCount++;
  statistics.lastInferenceMs = Date.now();
  let batch = batches.get(rows);
  if (!batch) {
    batch = { count: 0, ns: 0 };
    batches.set(rows, batch);
  }
  addDuration(batch, inferMs);
}

/** One that could be served: what an index lists. */
export interface RepositoryEntry {
  readonly name: string;
  readonly version: string;
  readonly state: "READY" | "LOADING" | "UNLOADING" | "UNAVAILABLE";
  /** Why it is not ready; "" when it is. */
  readonly reason: string;
}

/** The models of a server. */
export interface ModelRepository {
  index(): readonly RepositoryEntry[];
  /** `version` "": the newest that is ready. @throws ModelNotFound, ModelNotReady naming what there is */
  get(name: string, version?: string): ServedModel;
  /** Loads or reloads; `parameters` as KServe's load request has them. @throws ModelNotFound, or what loading throws */
  load(name: string, parameters?: Readonly<Record<string, unknown>>): Promise<void>;
  unload(name: string): Promise<void>;
  close(): Promise<void>;
}
