/** What steps read and write. */
import { viewsOf } from "../tensor/element.js";
import type { ComputeStep, Step } from "../tensor/ir.js";
import type { Storage, View } from "../tensor/View.js";

export function isCompute(step: Step): step is ComputeStep {
  return "out" in step;
}

/** The steps inside a loop or a branch. */
export function bodiesOf(step: Step): (readonly Step[])[] {
  if (step.kind === "loop") return [step.body];
  return step.kind === "if" ? [step.then, step.else] : [];
}

/** The views that the step itself reads, not those of the steps inside it. */
export function readsOf(step: Step): View[] {
  switch (step.kind) {
    case "map":
    case "softmax":
      return viewsOf(step.value);
    case "reduce":
      return [...viewsOf(step.value), ...viewsOf(step.epilogue)];
    case "contract":
      return [step.left, step.right, ...viewsOf(step.epilogue)];
    case "loop":
      return step.condition ? [step.condition] : [];
    case "if":
      return [step.condition];
    case "fault":
      return [];
  }
}

/** All storages that the step and those inside it write. */
export function writtenBy(step: Step): Storage[] {
  if (isCompute(step)) return [step.out.storage];
  return bodiesOf(step).flatMap((body) => body.flatMap(writtenBy));
}

/** All storages that the step and those inside it read. */
export function readBy(step: Step): Storage[] {
  const own = readsOf(step).map(({ storage }) => storage);
  return [...own, ...bodiesOf(step).flatMap((body) => body.flatMap(readBy))];
}

/** Each step, and each inside it, with the list it stands in. */
export function visit(steps: readonly Step[], see: (step: Step) => void): void {
  for (const step of steps) {
    see(step);
    for (const body of bodiesOf(step)) visit(body, see);
  }
}

/** The steps with each expression, and each list of steps inside, changed. */
export function mapBodies(step: Step, change: (steps: readonly Step[]) => readonly Step[]): Step {
  if (step.kind === "loop") return { ...step, body: change(step.body) };
  if (step.kind === "if") return { ...step, then: change(step.then), else: change(step.else) };
  return step;
}
