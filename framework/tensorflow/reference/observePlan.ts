/** A plan whose kernels somebody watches: how runs are measured and recorded, at no cost to those that are not. */
import { isLoop, type NodeStep, type Plan, type Step } from "./Plan.js";
import type { Kernel } from "./op.js";

/** The same plan with the kernel that `watch` gives in place of each node's own. */
export function observePlan(plan: Plan, watch: (step: NodeStep) => Kernel): Plan {
  const watched = (step: Step): Step =>
    isLoop(step) ? { ...step, steps: step.steps.map(watched) } : { ...step, kernel: watch(step) };
  return { ...plan, steps: plan.steps.map(watched) };
}
