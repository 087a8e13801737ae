/**
 * A graph with one node that cannot be compiled, in up to three parts: what does not need the node, the node (or the
 * loop that it is in) alone, and what is computed from it.
 */
import type { GraphIndex } from "../../tensorflow/GraphIndex.js";
import type { NodeDef } from "../../tensorflow/GraphDef.js";
import { type TensorName, tensorKey } from "../../tensorflow/names.js";
import { type Constants, makePlan } from "../../tensorflow/reference/makePlan.js";
import {
  isLoop,
  type LoopStep,
  type Step,
  valuesRead,
  valuesWritten,
} from "../../tensorflow/reference/Plan.js";

/** A part of a graph: tensors that it needs and tensors that it gives, by full name. */
export interface Part {
  readonly kind: "compiled" | "reference";
  readonly feeds: readonly string[];
  readonly fetches: readonly string[];
}

/** Undefined when the graph cannot be cut there: a tensor at the cut may be dead, or is a list. */
export function split(
  index: GraphIndex,
  constants: Constants,
  feeds: readonly TensorName[],
  fetches: readonly TensorName[],
  node: NodeDef,
): readonly Part[] | undefined {
  const plan = makePlan(index, constants, feeds, fetches);
  const bad = plan.steps.findIndex((step) => nodesOf(step).some(({ name }) => name === node.name));
  if (bad < 0) return undefined;
  const names = namesOf(plan.steps);
  const dependent = new Set<number>();
  const sections: [Step[], Step[], Step[]] = [[], [plan.steps[bad] as Step], []];
  for (const [at, step] of plan.steps.entries()) {
    const isAfter = valuesRead(step).some((value) => dependent.has(value));
    if (at === bad || isAfter) for (const value of valuesWritten(step)) dependent.add(value);
    if (at !== bad) sections[isAfter ? 2 : 0].push(step);
  }
  const given = new Set(plan.feeds);
  const known = new Set(plan.constants.map(({ value }) => value));
  const parts: Part[] = [];
  for (const [i, section] of sections.entries()) {
    if (section.length === 0) continue;
    const own = new Set(section.flatMap(valuesWritten));
    const needs = new Set(
      section.flatMap(valuesRead).filter((value) => !own.has(value) && !known.has(value)),
    );
    const later = [
      ...sections
        .slice(i + 1)
        .flat()
        .flatMap(valuesRead),
      ...plan.fetches,
    ];
    const gives = [...new Set(later.filter((value) => own.has(value)))];
    const isCut = [...needs].every((value) => given.has(value) || names.get(value)?.isTensor);
    if (!isCut || !gives.every((value) => names.get(value)?.isTensor)) return undefined;
    const nameOf = (value: number) =>
      names.get(value)?.name ?? tensorKey(feeds[plan.feeds.indexOf(value)] as TensorName);
    if (gives.length === 0) continue;
    parts.push({
      kind: i === 1 ? "reference" : "compiled",
      feeds: [...needs].map(nameOf),
      fetches: gives.map(nameOf),
    });
  }
  return parts.length > 1 ? parts : undefined;
}

interface Named {
  readonly name: string;
  /** In no branch that may not be taken. */
  readonly isAlive: boolean;
  readonly isList: boolean;
  readonly isTensor: boolean;
}

const listOps = /^(Empty)?Tensor(List|Array)/;
const branchOps = /Switch|Merge/;
const handsOn = /^(Ref)?(Enter|Identity|IdentityN|Switch|Merge)$/;

function namesOf(steps: readonly Step[]): Map<number, Named> {
  const names = new Map<number, Named>();
  const add = (value: number, name: string, isAlive: boolean, isList: boolean) =>
    names.set(value, { name, isAlive, isList, isTensor: isAlive && !isList });
  // What is given is not among them.
  const isAlive = (value: number) => names.get(value)?.isAlive ?? true;
  const isList = (value: number) => names.get(value)?.isList ?? false;
  for (const step of steps) {
    if (isLoop(step)) {
      // What leaves a loop that was entered is alive when the loop has ended.
      const isEntered = step.variables.every(({ initial }) => initial.some(isAlive));
      const isListVariable = listVariables(step, isList);
      for (const inner of step.steps)
        if (!isLoop(inner) && inner.node.op === "Exit") {
          const [from, to] = [inner.inputs[0] as number, inner.outputs[0] as number];
          add(to, `${inner.node.name}:0`, isEntered, isListVariable(from));
        }
      continue;
    }
    const { node, inputs, outputs, marks, guards, condition } = step;
    const chooses = branchOps.test(node.op) || condition !== undefined;
    const lives = marks.length === 0 || (!chooses && guards.every(isAlive));
    const lists = listOps.test(node.op) || (handsOn.test(node.op) && inputs.some(isList));
    for (const [port, value] of outputs.entries()) add(value, `${node.name}:${port}`, lives, lists);
  }
  return names;
}

/** Whether a loop's Switch hands on a list. */
function listVariables({ variables, steps }: LoopStep, isList: (value: number) => boolean) {
  const heads = variables.filter(({ initial }) => initial.some(isList)).map(({ value }) => value);
  const lists = new Set(heads);
  for (const step of steps)
    if (!isLoop(step) && handsOn.test(step.node.op) && step.inputs.some((input) => lists.has(input)))
      for (const output of step.outputs) lists.add(output);
  return (value: number) => lists.has(value);
}

function nodesOf(step: Step): NodeDef[] {
  return isLoop(step) ? step.steps.flatMap(nodesOf) : [step.node];
}
