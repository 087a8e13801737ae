/**
 * What a loop does whatever its input: counters, their comparisons and so the number of rounds. Found by running the
 * part of the loop that depends on constants alone.
 */
import { isFoldable, evaluateNode } from "../../tensorflow/reference/evaluateNode.js";
import { isLoop, type LoopStep, type LoopVariable, type NodeStep } from "../../tensorflow/reference/Plan.js";
import type { TensorLike } from "../../tensorflow/Tensor.js";

/** Beyond these the rounds are not counted ahead. */
const maxRounds = 4096;
const maxEvaluations = 200_000;
/** Larger constants that change from round to round are data, not counters. */
const maxElements = 256;

const handsOn = new Set([
  "Switch",
  "Identity",
  "Enter",
  "Exit",
  "NextIteration",
  "LoopCond",
  "ToBool",
  "RefSwitch",
]);

export interface LoopKnowledge {
  /** How often the body runs; undefined when that depends on data. */
  readonly rounds: number | undefined;
  /** Plan value → what it is in each round. */
  readonly sequences: ReadonlyMap<number, readonly TensorLike[]>;
  /** Loop variable → what it is when the loop has ended. */
  readonly final: ReadonlyMap<number, TensorLike>;
}

const nothing: LoopKnowledge = { rounds: undefined, sequences: new Map(), final: new Map() };

/** `known` gives the constants from outside the loop. */
export function studyLoop(loop: LoopStep, known: (value: number) => TensorLike | undefined): LoopKnowledge {
  const steps = loop.steps.filter((step): step is NodeStep => !isLoop(step));
  const goesOn = steps.find(({ node }) => node.op === "LoopCond")?.outputs[0];
  const starts = new Map<LoopVariable, TensorLike>();
  for (const variable of loop.variables) {
    const start = variable.initial.map(known).find((tensor) => tensor !== undefined);
    if (start && start.data.length <= maxElements) starts.set(variable, start);
  }
  const { variables, fixed } = findFixed(steps, [...starts.keys()], known);
  if (goesOn === undefined || !fixed.has(goesOn)) return nothing;
  const needed = steps.filter(({ outputs }) => outputs.some((output) => fixed.has(output)));
  return run(needed, variables, starts, goesOn, known);
}

/** The variables, and all values, that depend on constants and each other alone. */
function findFixed(
  steps: readonly NodeStep[],
  candidates: readonly LoopVariable[],
  known: (value: number) => TensorLike | undefined,
): { variables: readonly LoopVariable[]; fixed: ReadonlySet<number> } {
  let variables = candidates;
  for (;;) {
    const fixed = new Set(variables.map(({ value }) => value));
    for (const { node, inputs, outputs } of steps) {
      const isComputable = handsOn.has(node.op) || node.op === "Const" || isFoldable(node);
      if (isComputable && inputs.every((input) => fixed.has(input) || known(input)))
        for (const output of outputs) fixed.add(output);
    }
    const kept = variables.filter(({ next }) => fixed.has(next));
    if (kept.length === variables.length) return { variables, fixed };
    variables = kept;
  }
}

function run(
  steps: readonly NodeStep[],
  variables: readonly LoopVariable[],
  starts: ReadonlyMap<LoopVariable, TensorLike>,
  goesOn: number,
  known: (value: number) => TensorLike | undefined,
): LoopKnowledge {
  const sequences = new Map<number, TensorLike[]>();
  let state = new Map(variables.map((variable) => [variable.value, starts.get(variable) as TensorLike]));
  for (let round = 0; round <= maxRounds; round++) {
    if (round * steps.length > maxEvaluations) break;
    const now = new Map(state);
    for (const { node, kernel, inputs, outputs } of steps) {
      const given = inputs.map((input) => now.get(input) ?? (known(input) as TensorLike));
      const constant = node.op === "Const" ? node.attrs.value?.tensor : undefined;
      const results = constant
        ? [constant]
        : handsOn.has(node.op)
          ? outputs.map(() => given[0] as TensorLike)
          : evaluateNode(node, given, kernel).map(detached);
      for (const [port, output] of outputs.entries()) if (results[port]) now.set(output, results[port]);
    }
    if (!now.get(goesOn)?.data[0]) return { rounds: round, sequences, final: state };
    for (const [value, tensor] of now) {
      const sequence = sequences.get(value) ?? [];
      sequence.push(tensor);
      sequences.set(value, sequence);
    }
    state = new Map(variables.map(({ value, next }) => [value, now.get(next) as TensorLike]));
  }
  return nothing;
}

/** Kernels may reuse the memory of their outputs. */
function detached(tensor: TensorLike): TensorLike {
  return { dtype: tensor.dtype, shape: [...tensor.shape], data: tensor.data.slice() };
}
