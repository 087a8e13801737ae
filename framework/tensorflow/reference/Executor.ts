/** Runs a plan on a stream's arena. Everything it needs is made once; a run only calls the kernels in order. */
import { Exception } from "../../base/errors.js";
import type { DType, TensorData } from "../dtypes.js";
import type { Executable } from "../engines.js";
import { elementCount, type TensorLike } from "../Tensor.js";
import type { Arena, ArenaBuffer } from "./Arena.js";
import { copyShape, type Kernel, type KernelCall } from "./op.js";
import type { Plan, Step } from "./plan.js";

/** A tensor whose memory and shape change from run to run. */
class Value implements TensorLike {
  dtype: DType = "float32";
  shape: number[] = [];
  data: TensorData = new Float32Array(0);
  generation = -1;
}

class StepCall implements KernelCall {
  readonly #outputs: readonly Value[];
  readonly #buffers: readonly (ArenaBuffer | undefined)[];

  constructor(
    readonly step: Step,
    readonly kernel: Kernel,
    readonly inputs: readonly TensorLike[],
    outputs: readonly Value[],
    buffers: readonly (ArenaBuffer | undefined)[],
  ) {
    this.#outputs = outputs;
    this.#buffers = buffers;
  }

  output(index: number, dtype: DType, shape: readonly number[]): TensorData {
    const value = this.#outputs[index];
    const buffer = this.#buffers[index];
    if (!value || !buffer) throw new Exception("LogicError", `${this.step.node.op} has no output ${index}.`);
    const count = elementCount(shape);
    copyShape(shape, value.shape);
    if (value.data.length === count && value.dtype === dtype && value.generation === buffer.generation)
      return value.data;
    value.dtype = dtype;
    value.data = buffer.view(dtype, count);
    value.generation = buffer.generation;
    return value.data;
  }

  alias(shape: readonly number[]): void {
    const value = this.#outputs[0] as Value;
    const input = this.inputs[0] as TensorLike;
    value.dtype = input.dtype;
    value.data = input.data;
    copyShape(shape, value.shape);
  }
}

export class Executor implements Executable {
  readonly #calls: readonly StepCall[];
  readonly #feeds: readonly Value[];
  readonly #fetches: readonly TensorLike[];

  constructor(plan: Plan, arena: Arena) {
    const values: TensorLike[] = Array.from({ length: plan.valueCount }, () => new Value());
    for (const { value, tensor } of plan.constants) values[value] = tensor;
    const at = (value: number) => values[value] as Value;
    this.#calls = plan.steps.map((step) => {
      const buffers = step.buffers.map((buffer) => (buffer < 0 ? undefined : arena.buffer(buffer)));
      return new StepCall(step, step.kernel, step.inputs.map(at), step.outputs.map(at), buffers);
    });
    this.#feeds = plan.feeds.map(at);
    this.#fetches = plan.fetches.map(at);
  }

  run(feeds: readonly TensorLike[]): readonly TensorLike[] {
    for (let i = 0; i < this.#feeds.length; i++) {
      const value = this.#feeds[i] as Value;
      const feed = feeds[i] as TensorLike;
      value.dtype = feed.dtype;
      value.data = feed.data;
      copyShape(feed.shape, value.shape);
    }
    let at = 0;
    try {
      for (; at < this.#calls.length; at++) {
        const call = this.#calls[at] as StepCall;
        call.kernel(call);
      }
    } catch (error) {
      throw inNode(error, this.#calls[at] as StepCall);
    }
    return this.#fetches;
  }
}

function inNode(error: unknown, { step, inputs }: StepCall): unknown {
  if (!(error instanceof Exception) || error.category === "LogicError") return error;
  const shapes = inputs.map((input) => `${input.dtype}[${input.shape.join(",")}]`).join(", ");
  const where = `node '${step.node.name}' (${step.node.op}) with inputs ${shapes || "none"}`;
  return new Exception("InvalidRun", `error while running session: ${where}: ${error.message.replace(/\.$/, "")}.`, {
    cause: error,
  });
}
