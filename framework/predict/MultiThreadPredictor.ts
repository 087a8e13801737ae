/**
 * Predicts on worker threads that share one copy of the weights: tensorpack's MultiThreadAsyncPredictor. Data points that
 * wait while all threads are busy go together, as rows of one batch.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { compilerSettings } from "../aot/engine/settings.js";
import { modelMemory } from "../aot/ModelMemory.js";
import { Exception } from "../base/errors.js";
import { setNativeLock } from "../base/nativeLock.js";
import { asTensor, type TensorInput } from "../tensorflow/asTensor.js";
import { SessionCache } from "../tensorflow/SessionCache.js";
import { loadModel } from "../tensorflow/Session.js";
import type { Tensor, TensorLike } from "../tensorflow/Tensor.js";
import { iterate } from "./FeedfreePredictor.js";
import type { PredictConfig, PredictGraph } from "./PredictConfig.js";
import type { PredictorPlan, PredictorReply } from "./predictorThread.js";
import { canShareBatch, stackRows, unstackRows } from "./stackRows.js";

export interface ThreadOptions {
  /** As many as the machine has cores, if not given. */
  readonly threads?: number;
  /** Rows of a batch, at most. */
  readonly batchSize?: number;
}

/** Data points that may wait, for each thread. */
const queuedPerThread = 100;

interface Task {
  readonly feeds: readonly TensorLike[];
  /** It failed beside others and runs again by itself, so that only the one at fault fails. */
  isAlone: boolean;
  readonly resolve: (outputs: Tensor[]) => void;
  readonly reject: (error: unknown) => void;
}

export class MultiThreadPredictor {
  readonly #inputs: PredictGraph["inputs"];
  readonly #outputs: readonly string[];
  readonly #batchSize: number;
  readonly #cache: SessionCache;
  readonly #capacity: number;
  readonly #queue: Task[] = [];
  readonly #threads = new Map<Worker, Task[]>();
  readonly #waiting: (() => void)[] = [];
  #failure: Exception | undefined;

  private constructor(made: PredictGraph, config: PredictConfig<boolean>, options: ThreadOptions) {
    const { threads = availableParallelism(), batchSize = 5 } = options;
    for (const [name, value] of Object.entries({ threads, batchSize })) {
      if (!Number.isInteger(value) || value < 1)
        throw new Exception("Configuration", `MultiThreadPredictor: ${name} is ${value}; it starts at 1.`);
    }
    this.#inputs = made.inputs;
    this.#outputs = config.outputNames;
    this.#batchSize = batchSize;
    this.#capacity = queuedPerThread * threads;
    this.#cache = new SessionCache(made.graph.origin, loadModel(made.graph, config.session));
    const nativeLock = new Int32Array(new SharedArrayBuffer(4));
    setNativeLock(nativeLock);
    const plan: Omit<PredictorPlan, "memoryThread"> = {
      cache: this.#cache.toShared(),
      modelMemory: modelMemory().memory,
      compiler: compilerSettings(),
      nativeLock,
      inputs: made.inputs.map(({ name }) => name),
      outputs: config.outputNames,
    };
    for (let i = 0; i < threads; i++) this.#start(plan);
  }

  /** @throws Configuration for a config with returnInput; as PredictConfig.graph and loadModel */
  static async create(
    config: PredictConfig<boolean>,
    options: ThreadOptions = {},
  ): Promise<MultiThreadPredictor> {
    if (config.returnInput)
      throw new Exception(
        "Configuration",
        "MultiThreadPredictor: inputs are not given back; leave out returnInput.",
      );
    return new MultiThreadPredictor(await config.graph(), config, options);
  }

  /** Whether a further data point may be put now. */
  get hasRoom(): boolean {
    return this.#queue.length < this.#capacity;
  }

  /** Resolves when a further data point may be put. */
  room(): Promise<void> {
    return this.hasRoom ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  /**
   * The outputs for one data point: inputs without the batch axis, in the order of inputNames; outputs without it too.
   * @throws InvalidRun when 100 data points a thread wait already (await room()), after close, and for what the run says
   */
  async putTask(...inputs: TensorInput[]): Promise<Tensor[]> {
    if (this.#failure) throw this.#failure;
    if (!this.hasRoom)
      throw invalidRun(`${this.#queue.length} data points wait already; await room() before the next`);
    if (inputs.length !== this.#inputs.length)
      throw invalidRun(`putTask takes ${this.#inputs.length} inputs, ${inputs.length} are given`);
    const feeds = this.#inputs.map(({ key, dtype, shape }, i) =>
      asTensor(inputs[i], { dtype, shape: shape?.slice(1) }, `input '${key}'`),
    );
    return new Promise((resolve, reject) => {
      this.#queue.push({ feeds, isAlone: false, resolve, reject });
      this.#dispatch();
    });
  }

  /** The outputs for each data point of a source, in its order, whichever thread is first. */
  async *predictAll(
    source: Iterable<readonly TensorInput[]> | AsyncIterable<readonly TensorInput[]>,
  ): AsyncGenerator<Tensor[], void, undefined> {
    const points = iterate(source);
    const pending: Promise<Tensor[]>[] = [];
    try {
      for (let isDone = false; !isDone || pending.length > 0; ) {
        while (!isDone && pending.length < this.#capacity && this.hasRoom) {
          const next = await points.next();
          isDone = next.done === true;
          if (!next.done) pending.push(handled(this.putTask(...next.value)));
        }
        const oldest = pending.shift();
        if (oldest) yield await oldest;
      }
    } finally {
      await points.return?.();
    }
  }

  /** Ends the threads; what still waits is rejected. */
  async close(): Promise<void> {
    this.#fail(invalidRun("the predictor has been closed"));
    await Promise.all([...this.#threads.keys()].map((thread) => thread.terminate()));
    this.#threads.clear();
    this.#cache.closeSession();
  }

  #start(common: Omit<PredictorPlan, "memoryThread">): void {
    const plan: PredictorPlan = { ...common, memoryThread: modelMemory().beginThread() };
    const thread = new Worker(new URL("./predictorThread.js", import.meta.url), { workerData: plan });
    this.#threads.set(thread, []);
    thread.on("message", (reply: PredictorReply) => this.#finish(thread, reply));
    thread.on("error", (error) => this.#fail(Exception.from(error)));
    thread.on("exit", (code) => {
      modelMemory().endThread(plan.memoryThread);
      if (code !== 0) this.#fail(invalidRun(`a thread of the predictor ended with code ${code}`));
    });
    thread.unref();
  }

  /** Gives what waits to threads that have nothing to do. */
  #dispatch(): void {
    for (const [thread, tasks] of this.#threads) {
      if (tasks.length > 0 || this.#queue.length === 0) continue;
      const batch = this.#takeBatch();
      this.#threads.set(thread, batch);
      thread.ref();
      const feeds = this.#inputs.map((_, i) => stackRows(batch.map((task) => task.feeds[i] as TensorLike)));
      thread.postMessage(feeds.map(({ dtype, shape, data }) => ({ dtype, shape, data })));
    }
    while (this.hasRoom && this.#waiting.length > 0) this.#waiting.shift()?.();
  }

  #takeBatch(): Task[] {
    const [first] = this.#queue as [Task];
    const canJoin = (task: Task) => !task.isAlone && canShareBatch(task.feeds, first.feeds);
    let count = 1;
    while (
      !first.isAlone &&
      count < this.#batchSize &&
      this.#queue[count] &&
      canJoin(this.#queue[count] as Task)
    )
      count++;
    return this.#queue.splice(0, count);
  }

  #finish(thread: Worker, { outputs, error }: PredictorReply): void {
    const batch = this.#threads.get(thread) ?? [];
    this.#threads.set(thread, []);
    thread.unref();
    try {
      if (error) throw Exception.fromPlain(error);
      const rows = (outputs ?? []).map((output, i) =>
        unstackRows(output, batch.length, this.#outputs[i] as string),
      );
      for (const [i, task] of batch.entries()) task.resolve(rows.map((row) => row[i] as Tensor));
    } catch (fault) {
      if (batch.length === 1) batch[0]?.reject(fault);
      else {
        for (const task of batch) task.isAlone = true;
        this.#queue.unshift(...batch);
      }
    }
    this.#dispatch();
  }

  #fail(failure: Exception): void {
    this.#failure ??= failure;
    for (const task of [...this.#queue.splice(0), ...[...this.#threads.values()].flat()])
      task.reject(this.#failure);
    for (const thread of this.#threads.keys()) this.#threads.set(thread, []);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** Its rejection is seen when its turn comes, not before. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

function invalidRun(what: string): Exception {
  return new Exception("InvalidRun", `${what}.`);
}
