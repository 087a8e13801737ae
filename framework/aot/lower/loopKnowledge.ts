/**
 * What a loop does whatever its input: counters, their comparisons and so the number of rounds. Found by running the
 * part of the loop that depends on constants alone.
 */
import { Exception } from "../../base/errors.js";
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
  if (goesOn === undefined) return nothing;
  const { variables, fixed } = findFixed(steps, [...starts.keys()], known, goesOn);
  if (!fixed.has(goesOn)) return nothing;
  const needed = steps.filter(({ outputs }) => outputs.some((output) => fixed.has(output)));
  try {
    return run(needed, variables, starts, goesOn, known);
  } catch (error) {
    // What TensorFlow refuses is left to the run that comes to it.
    if (error instanceof Exception && error.category === "InvalidRun") return nothing;
    throw error;
  }
}

/** The variables, and all values, that depend on constants and each other alone. */
function findFixed(
  steps: readonly NodeStep[],
  candidates: readonly LoopVariable[],
  known: (value: number) => TensorLike | undefined,
  goesOn: number,
): { variables: readonly LoopVariable[]; fixed: ReadonlySet<number> } {
  let variables = candidates;
  for (;;) {
    const fixed = new Set(variables.map(({ value }) => value));
    // What lies in a branch inside the body is not always computed.
    const branched = new Set<number>();
    for (const { node, inputs, outputs, guards, marks, condition } of steps) {
      const isBranch = node.op.endsWith("Switch") && inputs[1] !== goesOn;
      const isInBranch = [...inputs, ...guards].some((value) => branched.has(value));
      if (isBranch || isInBranch || condition)
        for (const value of [...outputs, ...marks]) branched.add(value);
      const isComputable = handsOn.has(node.op) || node.op === "Const" || isFoldable(node);
      if (branched.has(outputs[0] as number)) continue;
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
  const first = neededFor(goesOn, steps);
  const ordered = [...steps.filter((step) => first.has(step)), ...steps.filter((step) => !first.has(step))];
  for (let round = 0; round <= maxRounds; round++) {
    if (round * steps.length > maxEvaluations) break;
    const now = new Map(state);
    for (const step of ordered) {
      // The body is not run when the condition no longer holds.
      if (!first.has(step) && !now.get(goesOn)?.data[0]) break;
      const { node, kernel, inputs, outputs } = step;
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

/** The steps that the condition is computed by. */
function neededFor(goesOn: number, steps: readonly NodeStep[]): ReadonlySet<NodeStep> {
  const wanted = new Set([goesOn]);
  const found = new Set<NodeStep>();
  for (const step of steps.toReversed()) {
    if (!step.outputs.some((output) => wanted.has(output))) continue;
    found.add(step);
    for (const input of step.inputs) wanted.add(input);
  }
  return found;
}

/** Kernels may reuse the memory of their outputs. */
function detached(tensor: TensorLike): TensorLike {
  return { dtype: tensor.dtype, shape: [...tensor.shape], data: tensor.data.slice() };
}
