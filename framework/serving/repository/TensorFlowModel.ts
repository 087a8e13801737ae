/** A SavedModel or a frozen graph as a served model: one session, and a batcher before it. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { LogWarning } from "../../base/log.js";
import type { GraphDef } from "../../tensorflow/GraphDef.js";
import type { PreparedCall } from "../../tensorflow/PreparedCall.js";
import { loadGraph, type ModelOptions } from "../../tensorflow/savedmodel/SavedModel.js";
import { loadModel, type Session } from "../../tensorflow/Session.js";
import { SessionCache } from "../../tensorflow/SessionCache.js";
import type { TensorLike } from "../../tensorflow/Tensor.js";
import { Batcher } from "../batching/Batcher.js";
import { batchSizes } from "../batching/batchSizes.js";
import { countedRun } from "../runner/countedRun.js";
import { outputsWithoutElements } from "../outputsWithoutElements.js";
import { emptyStatistics, type ServedModel, type ServedTensor } from "../ServedModel.js";
import type { ServerBusy } from "../servingErrors.js";
import type { ModelConfig } from "./ModelConfig.js";
import { graphTensors, type ModelSignature, settleSignature, zeros } from "./modelSignature.js";
import { readLabels, warmupBatches } from "./modelFiles.js";

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

export class TensorFlowModel implements ServedModel {
  readonly name: string;
  readonly version: string;
  readonly platform: string;
  readonly inputs: readonly ServedTensor[];
  readonly outputs: readonly ServedTensor[];
  readonly maxBatchSize: number;
  readonly maxLatencyMs: number;
  readonly statistics = emptyStatistics();
  readonly labels: ReadonlyMap<string, readonly string[]>;
  readonly config: Readonly<Record<string, unknown>>;
  readonly #session: Session;
  readonly #cache: SessionCache;
  readonly #call: PreparedCall;
  /** Undefined for a model without rows: each request is a call, at once. */
  readonly #batcher: Batcher | undefined;
  readonly #sizes: readonly number[];
  readonly #timeoutMs: number;

  private constructor(
    origin: ModelOrigin,
    signature: ModelSignature,
    { cache, session, call }: Opened,
    defaults: ServingDefaults,
  ) {
    const { config } = origin;
    const { preferred_batch_size, max_queue_delay_microseconds, default_queue_policy } =
      config.dynamic_batching ?? {};
    this.name = origin.name;
    this.version = origin.version;
    this.platform = isSavedModel(cache) ? "tensorflow_savedmodel" : "tensorflow_graphdef";
    this.inputs = signature.inputs;
    this.outputs = signature.outputs;
    this.maxBatchSize = signature.maxBatchSize;
    this.maxLatencyMs =
      max_queue_delay_microseconds === undefined
        ? (defaults.maxLatencyMs ?? 0)
        : max_queue_delay_microseconds / 1000;
    this.labels = readLabels(config, origin.readFile);
    this.config = { ...config };
    this.#cache = cache;
    this.#session = session;
    this.#call = call;
    this.#timeoutMs = (default_queue_policy?.default_timeout_microseconds ?? 0) / 1000;
    const isCompiled = session.engine === "compiled";
    this.#sizes = isCompiled ? sizesOf(this.maxBatchSize, preferred_batch_size) : [];
    if (this.maxBatchSize > 0)
      this.#batcher = new Batcher((inputs) => this.#run(inputs), {
        maxBatchSize: this.maxBatchSize,
        maxLatencyMs: this.maxLatencyMs,
        maxQueuedRows: default_queue_policy?.max_queue_size || defaults.maxQueuedRows,
        batchSizes: this.#sizes,
        statistics: this.statistics,
      });
  }

  /**
   * Loads and warms up: the event loop goes on between the steps.
   * @throws Configuration, and as loadGraph and createSession
   */
  static async open(origin: ModelOrigin, defaults: ServingDefaults = {}): Promise<TensorFlowModel> {
    const opened = openSession(origin.path, defaults.model ?? {});
    try {
      await nextTurn();
      const batchSize = defaults.maxBatchSize ?? defaultBatchSize;
      const signature = settleSignature(opened.tensors, origin.config, batchSize, opened.call);
      const model = new TensorFlowModel(origin, signature, opened, defaults);
      await model.#warmUp(origin);
      return model;
    } catch (error) {
      opened.cache.closeSession();
      throw error;
    }
  }

  get queuedRows(): number {
    return this.#batcher?.queuedRows ?? 0;
  }

  refusal(): ServerBusy | undefined {
    return this.#batcher?.refusal();
  }

  infer(inputs: readonly TensorLike[], deadlineMs?: number): Promise<readonly TensorLike[]> {
    const untilMs =
      deadlineMs ?? (this.#timeoutMs > 0 ? performance.now() + this.#timeoutMs : Number.POSITIVE_INFINITY);
    if (this.#batcher) return this.#batcher.submit(inputs, untilMs);
    return this.#inferAlone(inputs, untilMs);
  }

  async close(): Promise<void> {
    await this.#batcher?.close();
    this.#session.close();
    this.#cache.closeSession();
  }

  async #inferAlone(inputs: readonly TensorLike[], untilMs: number): Promise<readonly TensorLike[]> {
    return countedRun(this.statistics, () => this.#run(inputs), untilMs);
  }

  #run(inputs: readonly TensorLike[]): readonly TensorLike[] {
    const outputs = this.#call.run(inputs);
    if (outputs.length > 0) return outputs;
    const rows = this.maxBatchSize > 0 ? (inputs[0]?.shape[0] ?? 0) : 0;
    return outputsWithoutElements(`model '${this.name}'`, this.outputs, rows);
  }

  /** Code for every size of a batch is there before the first request, and has run once. */
  async #warmUp({ config, readFile }: ModelOrigin): Promise<void> {
    const hasRows = this.maxBatchSize > 0;
    const isKnown = this.inputs.every(({ shape }) =>
      shape.every((size, axis) => size >= 0 || (axis === 0 && hasRows)),
    );
    if (isKnown) await this.#warmUpSizes(this.#sizes.length > 0 ? this.#sizes : [1]);
    for (const { inputs, count } of warmupBatches(config, this, readFile)) {
      for (let i = 0; i < count; i++) {
        await nextTurn();
        this.#run(inputs);
      }
    }
  }

  async #warmUpSizes(sizes: readonly number[]): Promise<void> {
    if (this.#sizes.length > 0) await this.#call.warmUpInBackground(sizes);
    try {
      for (const rows of sizes) {
        await nextTurn();
        this.#run(this.inputs.map((input) => zeros(input, rows)));
      }
    } catch (error) {
      const why = (error as Error).message;
      LogWarning("ModelWarmup", `model '${this.name}' cannot be warmed up with zeros: ${why}`);
    }
  }
}

interface Opened {
  readonly cache: SessionCache;
  readonly session: Session;
  readonly call: PreparedCall;
  readonly tensors: ReturnType<typeof graphTensors>;
}

function openSession(path: string, options: ModelOptions): Opened {
  const { tag, signature } = options;
  const graph = loadGraph(path, {
    ...(tag !== undefined && { tag }),
    ...(signature !== undefined && { signature }),
  });
  const tensors = graphTensors(graph);
  const hasOpen = tensors.inputs.some(({ tensor }) => !tensor.shape || tensor.shape.slice(1).includes(-1));
  // Shapes that are not warmed up are compiled later, when the file may be another: the graph is kept for them.
  const cache = hasOpen
    ? new SessionCache(path, loadModel(graph, options))
    : new SessionCache(path, options, graph);
  const session = cache.createSession();
  const names = (part: Opened["tensors"]["inputs"]) => part.map(({ name }) => name);
  return { cache, session, call: session.prepare(names(tensors.inputs), names(tensors.outputs)), tensors };
}

function isSavedModel(cache: SessionCache): boolean {
  return (cache.graph as GraphDef).signature !== undefined;
}

/** The usual sizes, and those that the configuration prefers. */
function sizesOf(maxBatchSize: number, preferred: readonly number[] = []): number[] {
  if (maxBatchSize === 0) return [];
  const wanted = preferred.filter((size) => size >= 1 && size <= maxBatchSize);
  return [...new Set([...batchSizes(maxBatchSize), ...wanted])].sort((a, b) => a - b);
}
