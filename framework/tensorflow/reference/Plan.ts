/** The list of steps that a run goes through: plain data, made by makePlan.ts and run by Executor.ts. */
import type { NodeDef } from "../GraphDef.js";
import type { TensorLike } from "../Tensor.js";
import type { Kernel } from "./op.js";

/** A node to run. All numbers are indices of values. */
export interface NodeStep {
  readonly node: NodeDef;
  readonly kernel: Kernel;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** If one of these is dead, the node is not run and its marks are dead too. */
  readonly guards: readonly number[];
  readonly marks: readonly number[];
  /** It is not needed, and so dead, unless this bool is `side`. */
  readonly condition?: { readonly value: number; readonly side: boolean } | undefined;
  /** The arena buffer of each output, or -1 where the output is its input's memory. */
  readonly buffers: readonly number[];
}

/** A loop: its steps are run again as long as a NextIteration hands a value on. */
export interface LoopStep {
  readonly name: string;
  readonly variables: readonly LoopVariable[];
  readonly steps: readonly Step[];
}

/** A Merge at the head of a loop. */
export interface LoopVariable {
  /** The values that come in before the first iteration: the first that is not dead counts. */
  readonly initial: readonly number[];
  readonly value: number;
  /** Merge's second output, which input it was. */
  readonly valueIndex: number;
  /** What the last iteration has left for it. */
  readonly next: number;
  /** Two buffers, written in turns, so that an iteration can still read what the one before has left. */
  readonly buffers: readonly [number, number];
  readonly indexBuffer: number;
}

export type Step = NodeStep | LoopStep;

export interface Plan {
  readonly steps: readonly Step[];
  readonly valueCount: number;
  readonly constants: readonly { readonly value: number; readonly tensor: TensorLike }[];
  readonly feeds: readonly number[];
  readonly fetches: readonly number[];
}

export function isLoop(step: Step): step is LoopStep {
  return "variables" in step;
}

/** What the step, and the steps inside it, need from outside: a loop's own values are not among them. */
export function valuesRead(step: Step): number[] {
  if (!isLoop(step))
    return [...step.inputs, ...step.guards, ...(step.condition ? [step.condition.value] : [])];
  const own = new Set(valuesWritten(step));
  const read = [...step.variables.flatMap(({ initial }) => initial), ...step.steps.flatMap(valuesRead)];
  return read.filter((value) => !own.has(value));
}

/** What the step, and the steps inside it, compute: values and the tokens that tell whether they are dead. */
export function valuesWritten(step: Step): number[] {
  if (!isLoop(step)) return [...step.outputs, ...step.marks];
  const heads = step.variables.flatMap(({ value, valueIndex }) => [value, valueIndex]);
  return [...heads, ...step.steps.flatMap(valuesWritten)];
}
