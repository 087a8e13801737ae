/** One method of a runner: takes what people have, gives tensors or nested arrays, in batches where that is allowed. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { isPromise } from "../../base/isPromise.js";
import { LogWarning } from "../../base/log.js";
import { asTensor } from "../../tensorflow/asTensor.js";
import { newData } from "../../tensorflow/dtypes.js";
import { type NestedElements, nestedElements } from "../../tensorflow/elements.js";
import { elementCount, type TensorLike } from "../../tensorflow/Tensor.js";
import { Batcher } from "../batching/Batcher.js";
import { batchSizes } from "../batching/batchSizes.js";
import { emptyStatistics, type ModelStatistics, type ServedTensor } from "../ServedModel.js";
import { ServerBusy } from "../servingErrors.js";
import { bindArguments, bindNamed, type Bound } from "./bindArguments.js";
import { countedRun } from "./countedRun.js";
import type { MethodBody } from "./MethodBody.js";
import { nestOutputs, toTensor } from "./nestOutputs.js";
import type { Tensor } from "../../tensorflow/Tensor.js";

export interface MethodSettings {
  /** Rows of one call, at most. */
  readonly maxBatchSize: number;
  /** Longest that a request waits for others [ms]. */
  readonly maxLatencyMs: number;
  readonly maxQueuedRows?: number | undefined;
  /** Numbers of rows to compile for, beside the usual ones. */
  readonly preferredSizes?: readonly number[] | undefined;
  /** Longest that an answer may take [ms], where the request does not say it. */
  readonly timeoutMs?: number | undefined;
  /** Arguments that are the same in every call, by name. */
  readonly partialKwargs?: Readonly<Record<string, unknown>> | undefined;
}

type Outputs = readonly TensorLike[];

/** Calls that go on, if nothing else is said: a function that never ends must not gather them without bound. */
const maxInside = 4096;

export class RunnerMethod {
  readonly platform: string;
  /** What a request gives: without what the runner gives always. In the order of the function's arguments. */
  readonly inputs: readonly ServedTensor[];
  readonly outputs: readonly ServedTensor[];
  readonly batchable: boolean;
  readonly settings: MethodSettings;
  readonly statistics: ModelStatistics = emptyStatistics();
  readonly #body: MethodBody;
  readonly #fixed: Bound = new Map();
  readonly #batcher: Batcher | undefined;
  readonly #sizes: readonly number[];
  /** Asynchronous calls that go on, where there is no batcher to count them. */
  #inside = 0;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  /** @throws BadRequest, InvalidTensor for partialKwargs that do not fit; Configuration */
  constructor(
    readonly name: string,
    body: MethodBody,
    settings: MethodSettings,
  ) {
    this.#body = body;
    this.settings = settings;
    this.platform = body.platform;
    for (const [key, value] of bindNamed(body.form, settings.partialKwargs ?? {}))
      this.#fixed.set(key, asTensor(value, body.inputs.find((input) => input.name === key) ?? {}, key));
    this.inputs = body.inputs.filter((input) => !this.#fixed.has(input.name));
    this.outputs = body.outputs;
    this.batchable = body.batchable;
    this.#sizes =
      body.batchable && body.isCompiled ? batchSizes(settings.maxBatchSize, settings.preferredSizes) : [];
    if (body.batchable)
      this.#batcher = new Batcher((inputs) => this.#compute(inputs), {
        ...settings,
        batchDimIn: body.batchDim[0],
        batchDimOut: body.batchDim[1],
        batchSizes: this.#sizes,
        statistics: this.statistics,
      });
  }

  /** Rows that wait for others, or for the model. */
  get queuedRows(): number {
    return this.#batcher?.queuedRows ?? 0;
  }

  /** What any asynchronous call would be refused with now; undefined when there may be room for one. */
  refusal(): ServerBusy | undefined {
    return this.#batcher?.refusal();
  }

  /**
   * Runs at once, by itself. Arguments are tensors, typed arrays, numbers, nested arrays or dictionaries of them; a
   * dictionary at the end gives arguments by name. Gives one tensor, a list or a dictionary, as the function does; where
   * no argument is a tensor or a typed array, nested arrays in place of tensors.
   * @throws BadRequest, InvalidTensor, InvalidRun
   */
  run<Result = Tensor>(...args: readonly (TensorLike | ArrayBufferView)[]): Result;
  run<Result = NestedElements[]>(...args: readonly unknown[]): Result;
  run(...args: readonly unknown[]): unknown {
    const convert = converter(args);
    const inputs = this.#tensors(args);
    const outputs = countedRun(this.statistics, () => this.#compute(inputs));
    const nest = (given: Outputs) => this.#nest(given, convert);
    return isPromise(outputs) ? outputs.then(nest) : nest(outputs);
  }

  /** The same, together with other calls where the method is batchable. @throws (rejects) also ServerBusy */
  asyncRun<Result = Tensor>(...args: readonly (TensorLike | ArrayBufferView)[]): Promise<Result>;
  asyncRun<Result = NestedElements[]>(...args: readonly unknown[]): Promise<Result>;
  async asyncRun(...args: readonly unknown[]): Promise<unknown> {
    return this.#nest(await this.infer(this.#tensors(args)), converter(args));
  }

  /**
   * Tensors in the order of `inputs` → those of `outputs`. `deadlineMs` is of performance.now().
   * @throws (rejects) ServerBusy, RequestTimeout, InvalidRun
   */
  infer(inputs: Outputs, deadlineMs?: number): Promise<Outputs> {
    const { timeoutMs } = this.settings;
    const untilMs = deadlineMs ?? (timeoutMs ? performance.now() + timeoutMs : undefined);
    if (this.#batcher) return this.#batcher.submit(inputs, untilMs);
    return this.#alone(inputs, untilMs);
  }

  /**
   * Compiles a model for every size of a batch and runs each once, so that the first requests need not wait for that. The
   * event loop goes on between the sizes.
   */
  async warmUp(): Promise<void> {
    const [dimension] = this.#body.batchDim;
    const isKnown = this.inputs.every(({ shape }) =>
      shape.every((size, axis) => size >= 0 || axis === dimension),
    );
    if (!this.#body.compile || !isKnown) return;
    try {
      if (this.#sizes.length > 0) await this.#body.compile(this.#sizes);
      for (const rows of this.#sizes.length > 0 ? this.#sizes : [1]) {
        await nextTurn();
        this.#compute(this.inputs.map((input) => this.#zeros(input, rows)));
      }
    } catch (error) {
      // Zeros need not be good values: requests will tell.
      const why = (error as Error).message;
      LogWarning("ModelWarmup", `'${this.name}' cannot be warmed up with zeros: ${why}`);
    }
  }

  #zeros({ dtype, shape }: ServedTensor, rows: number): TensorLike {
    const [dimension] = this.#body.batchDim;
    const full = shape.map((size, axis) => (this.batchable && axis === dimension ? rows : Math.max(size, 1)));
    return { dtype, shape: full, data: newData(dtype, elementCount(full)) };
  }

  /** Answers what has been accepted, refuses more, releases the model. */
  close(): Promise<void> {
    this.#closing ??= this.#drain().then(() => this.#body.close());
    return this.#closing;
  }

  async #drain(): Promise<void> {
    if (this.#batcher) return this.#batcher.close();
    if (this.#inside > 0)
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
  }

  async #alone(inputs: Outputs, deadlineMs?: number): Promise<Outputs> {
    const { maxQueuedRows = maxInside } = this.settings;
    if (this.#closing)
      throw new ServerBusy(`'${this.name}' is being closed: it takes no more requests.`, 1000);
    if (this.#inside >= maxQueuedRows)
      throw new ServerBusy(`${this.#inside} calls of '${this.name}' go on already; try again.`, 1000);
    return countedRun(this.statistics, () => this.#computeInside(inputs), deadlineMs);
  }

  /** A call whose time is up is answered, but goes on. */
  #computeInside(inputs: Outputs): Outputs | Promise<Outputs> {
    const outputs = this.#compute(inputs);
    if (!isPromise(outputs)) return outputs;
    this.#inside++;
    const ended = () => {
      if (--this.#inside === 0) this.#drained?.();
    };
    outputs.then(ended, ended);
    return outputs;
  }

  /** With the arguments that are the same in every call. */
  #compute(inputs: Outputs): Outputs | Promise<Outputs> {
    if (this.#fixed.size === 0) return this.#body.run(inputs);
    let next = 0;
    return this.#body.run(
      this.#body.inputs.map(({ name }) => (this.#fixed.get(name) ?? inputs[next++]) as TensorLike),
    );
  }

  #tensors(args: readonly unknown[]): TensorLike[] {
    const bound = bindArguments(this.#body.form, args, this.#fixed);
    if (this.inputs.length === 0) return [...bound].map(([name, value]) => asTensor(value, {}, name));
    return this.inputs.map((wanted) => asTensor(bound.get(wanted.name), wanted, wanted.name));
  }

  #nest(outputs: Outputs, convert: (tensor: TensorLike) => unknown): unknown {
    return nestOutputs(this.#body.form.result, outputs, convert);
  }
}

/** Who gives arrays wants arrays. */
function converter(args: readonly unknown[]): (tensor: TensorLike) => Tensor | NestedElements {
  return args.some(holdsTensor) ? toTensor : nestedElements;
}

function holdsTensor(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (ArrayBuffer.isView(value)) return !Buffer.isBuffer(value);
  if ("dtype" in value && "data" in value) return true;
  return !Array.isArray(value) && Object.values(value).some(holdsTensor);
}
