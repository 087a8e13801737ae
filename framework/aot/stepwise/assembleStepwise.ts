/**
 * A graph's code whose caller walks through the steps himself: the main kernel runs the one step, or computes the one
 * condition, whose number stands in the status block. So each step can be timed, on the values that it really gets.
 */
import { Exception } from "../../base/errors.js";
import { type Assembled, Assembly, type Loop } from "../Assembly.js";
import { planSteps } from "../assemble.js";
import { binary, i32, load } from "../kernel/expr.js";
import { blockAlignment, type Target } from "../kernel/ir.js";
import type { KernelBuilder } from "../kernel/KernelBuilder.js";
import type { TracedGraph } from "../lower/traceGraph.js";
import type { ComputeStep, Step } from "../tensor/ir.js";
import { type StepCost, stepCost } from "./stepCost.js";

/** Words of the status block, after the status itself: which step, a condition's answer, the rounds of the loops around. */
export const stepWord = 1;
export const answerWord = 2;
export const firstRoundWord = 3;
const wordBytes = 4;
const maxDepth = blockAlignment / wordBytes - firstRoundWord;

/** What the caller does, in order; numbers are those of steps and conditions. */
export type Command =
  | { readonly kind: "step"; readonly step: number; readonly origin: string; readonly cost: StepCost }
  | { readonly kind: "fault"; readonly step: number }
  | {
      readonly kind: "if";
      readonly condition: number;
      readonly then: readonly Command[];
      readonly else: readonly Command[];
    }
  | {
      readonly kind: "loop";
      readonly count: number | undefined;
      readonly condition: number | undefined;
      readonly body: readonly Command[];
    };

export interface StepwiseCode {
  readonly commands: readonly Command[];
  /** A step that does nothing: what it takes is what calling any step costs. */
  readonly idleStep: number;
}

export function assembleStepwise(
  graph: TracedGraph,
  target: Target,
): StepwiseCode & { readonly assembled: Assembled } {
  const { steps, arenaBytes } = planSteps(graph, target);
  const stepwise = new Stepwise(new Assembly(target));
  const commands = stepwise.commands(steps, []);
  return { commands, ...stepwise.assemble(arenaBytes) };
}

type Write = (k: KernelBuilder) => void;

class Stepwise {
  /** By the number of the step. */
  readonly #writes: Write[] = [];

  constructor(readonly assembly: Assembly) {}

  commands(steps: readonly Step[], loops: readonly Loop[]): Command[] {
    return steps.map((step) => this.#command(step, loops));
  }

  assemble(arenaBytes: number): { readonly assembled: Assembled; readonly idleStep: number } {
    const idleStep = this.#number(() => {});
    const write = (main: KernelBuilder) => this.#choose(main, 0, this.#writes.length);
    return { assembled: this.assembly.program(arenaBytes, write), idleStep };
  }

  #command(step: Step, loops: readonly Loop[]): Command {
    switch (step.kind) {
      case "fault":
        return { kind: "fault", step: this.#number((k) => this.assembly.fail(k, step.message)) };
      case "if":
        return {
          kind: "if",
          condition: this.#condition(step.condition, loops),
          then: this.commands(step.then, loops),
          else: this.commands(step.else, loops),
        };
      case "loop": {
        const depth = loops.length;
        if (depth >= maxDepth)
          throw new Exception("UnimplementedFeature", `loops lie more than ${maxDepth} deep.`);
        const round = load("i32", this.assembly.status, i32(0), (firstRoundWord + depth) * wordBytes);
        const body = this.commands(step.body, [...loops, { index: step.index, value: round }]);
        const condition =
          step.count === undefined && step.condition ? this.#condition(step.condition, loops) : undefined;
        return { kind: "loop", count: step.count, condition, body };
      }
      default:
        return this.#compute(step, loops);
    }
  }

  #compute(step: ComputeStep, loops: readonly Loop[]): Command {
    const number = this.#number((k) => this.assembly.compute(k, step, loops));
    return { kind: "step", step: number, origin: step.origin, cost: stepCost(step) };
  }

  #condition(view: Parameters<Assembly["scalar"]>[0], loops: readonly Loop[]): number {
    const { assembly } = this;
    return this.#number((k) =>
      k.store("i32", assembly.status, i32(0), answerWord * wordBytes, assembly.scalar(view, loops)),
    );
  }

  #number(write: Write): number {
    return this.#writes.push(write) - 1;
  }

  /** Halves until one is left: as quick for the last of a thousand steps as for the first. */
  #choose(k: KernelBuilder, from: number, to: number): void {
    if (to - from <= 1) {
      this.#writes[from]?.(k);
      return;
    }
    const middle = (from + to) >> 1;
    const wanted = load("i32", this.assembly.status, i32(0), stepWord * wordBytes);
    k.if(
      binary("lt", wanted, i32(middle)),
      () => this.#choose(k, from, middle),
      () => this.#choose(k, middle, to),
    );
  }
}
