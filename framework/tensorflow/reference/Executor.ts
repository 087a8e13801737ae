/** Runs a plan on a stream's arena. Everything it needs is made once; a run only calls the kernels in order. */
import { Exception } from "../../base/errors.js";
import type { DType, TensorData } from "../dtypes.js";
import type { Executable } from "../engines.js";
import { invalidRun } from "../feeds.js";
import { elementCount, type TensorLike } from "../Tensor.js";
import type { Arena, ArenaBuffer } from "./Arena.js";
import type { ElementList } from "./ElementList.js";
import { LoopCall } from "./LoopCall.js";
import { copyShape, type Kernel, type KernelCall, kernelError } from "./op.js";
import { isLoop, type NodeStep, type Plan, type Step } from "./Plan.js";
import { Value } from "./Value.js";

/** A step with its values and memory found. */
export interface Call {
  run(): void;
}

/** What the steps of one executor share: where a run is, and how many loop iterations it has done. */
export interface Progress {
  step: NodeCall | undefined;
  iterations: number;
  readonly maxIterations: number;
}

export class NodeCall implements KernelCall, Call {
  readonly node: NodeStep["node"];
  readonly inputs: readonly Value[];
  readonly #kernel: Kernel;
  readonly #outputs: readonly Value[];
  readonly #buffers: readonly (ArenaBuffer | undefined)[];
  readonly #guards: readonly Value[];
  readonly #marks: readonly Value[];
  readonly #choice: Value | undefined;
  readonly #side: number;
  readonly #arena: Arena;
  readonly #progress: Progress;

  constructor(step: NodeStep, values: readonly Value[], arena: Arena, progress: Progress) {
    const at = (value: number) => values[value] as Value;
    this.node = step.node;
    this.inputs = step.inputs.map(at);
    this.#kernel = step.kernel;
    this.#outputs = step.outputs.map(at);
    this.#buffers = step.buffers.map((buffer) => (buffer < 0 ? undefined : arena.buffer(buffer)));
    this.#guards = step.guards.map(at);
    this.#marks = step.marks.map(at);
    this.#choice = step.condition && at(step.condition.value);
    this.#side = step.condition?.side ? 1 : 0;
    this.#arena = arena;
    this.#progress = progress;
  }

  run(): void {
    const isDead = this.#isDead();
    for (let i = 0; i < this.#marks.length; i++) (this.#marks[i] as Value).isDead = isDead;
    if (isDead) return;
    this.#progress.step = this;
    this.#kernel(this);
  }

  output(index: number, dtype: DType, shape: readonly number[]): TensorData {
    const value = this.#outputs[index];
    const buffer = this.#buffers[index];
    if (!value || !buffer) throw new Exception("LogicError", `${this.node.op} has no output ${index}.`);
    const count = elementCount(shape);
    copyShape(shape, value.shape);
    if (value.data.length === count && value.dtype === dtype && value.generation === buffer.generation)
      return value.data;
    value.dtype = dtype;
    value.data = buffer.view(dtype, count);
    value.generation = buffer.generation;
    return value.data;
  }

  alias(shape: readonly number[], output = 0, input = 0): void {
    (this.#outputs[output] as Value).refer(this.inputs[input] as Value, shape);
  }

  give(tensor: TensorLike): void {
    (this.#outputs[0] as Value).refer(tensor);
  }

  isLive(input: number): boolean {
    return !(this.inputs[input] as Value).isDead;
  }

  kill(output: number): void {
    (this.#outputs[output] as Value).isDead = true;
  }

  elements(input: number): ElementList {
    const list = this.inputs[input]?.elements;
    if (list) return list;
    throw kernelError(`input ${input} is no TensorList or TensorArray`);
  }

  setElements(output: number, list: ElementList): void {
    (this.#outputs[output] as Value).elements = list;
  }

  lasting(dtype: DType, count: number): TensorData {
    return this.#arena.lasting(dtype, count);
  }

  #isDead(): boolean {
    if (this.#choice && (this.#choice.data[0] ? 1 : 0) !== this.#side) return true;
    for (let i = 0; i < this.#guards.length; i++) if ((this.#guards[i] as Value).isDead) return true;
    return false;
  }
}

export class Executor implements Executable {
  readonly #calls: readonly Call[];
  readonly #feeds: readonly Value[];
  readonly #fetches: readonly Value[];
  readonly #arena: Arena;
  readonly #progress: Progress;

  constructor(plan: Plan, arena: Arena, maxIterations = Number.POSITIVE_INFINITY) {
    const values = Array.from({ length: plan.valueCount }, () => new Value());
    for (const { value, tensor } of plan.constants) values[value]?.refer(tensor);
    const progress: Progress = { step: undefined, iterations: 0, maxIterations };
    const toCall = (step: Step): Call => {
      if (!isLoop(step)) return new NodeCall(step, values, arena, progress);
      return new LoopCall(step, step.steps.map(toCall), values, arena, progress);
    };
    this.#calls = plan.steps.map(toCall);
    this.#feeds = plan.feeds.map((feed) => values[feed] as Value);
    this.#fetches = plan.fetches.map((fetch) => values[fetch] as Value);
    this.#arena = arena;
    this.#progress = progress;
  }

  run(feeds: readonly TensorLike[]): readonly TensorLike[] {
    for (let i = 0; i < this.#feeds.length; i++) (this.#feeds[i] as Value).refer(feeds[i] as TensorLike);
    this.#arena.startRun();
    this.#progress.step = undefined;
    this.#progress.iterations = 0;
    try {
      for (let i = 0; i < this.#calls.length; i++) (this.#calls[i] as Call).run();
    } catch (error) {
      throw inNode(error, this.#progress.step);
    }
    for (let i = 0; i < this.#fetches.length; i++) checkFetched(this.#fetches[i] as Value, i);
    return this.#fetches;
  }
}

function checkFetched(value: Value, position: number): void {
  if (value.isDead) throw invalidRun(`output number ${position} lies in a branch that was not taken`);
  if (value.elements)
    throw invalidRun(`output number ${position} is a list of tensors, which cannot be fetched`);
}

function inNode(error: unknown, call: NodeCall | undefined): unknown {
  if (!(error instanceof Exception) || error.category === "LogicError" || !call) return error;
  const shapes = call.inputs.map((input) =>
    input.elements ? "list" : `${input.dtype}[${input.shape.join(",")}]`,
  );
  const where = `node '${call.node.name}' (${call.node.op}) with inputs ${shapes.join(", ") || "none"}`;
  return new Exception(
    "InvalidRun",
    `error while running session: ${where}: ${error.message.replace(/\.$/, "")}.`,
    {
      cause: error,
    },
  );
}
