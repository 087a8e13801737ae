/** From tensor IR to a program: contracts prepared, steps fused, memory laid out, code for each step. */
import { Assembly, type Assembled } from "./Assembly.js";
import { prepareContract } from "./codegen/contractPacking.js";
import type { Target } from "./kernel/ir.js";
import type { TracedGraph } from "./lower/traceGraph.js";
import { mapBodies } from "./passes/access.js";
import { canonicalOutputs } from "./passes/canonicalOutputs.js";
import { fuse } from "./passes/fuse.js";
import { planMemory } from "./passes/planMemory.js";
import { removeDead } from "./passes/removeDead.js";
import type { Step } from "./tensor/ir.js";

/** Inputs and outputs of the graph have their blocks afterwards (Storage.block). */
export function assemble(graph: TracedGraph, target: Target): Assembled {
  const { steps, arenaBytes } = planSteps(graph, target);
  return new Assembly(target).assemble(steps, arenaBytes);
}

/** The steps that the code of a graph has, with their memory. */
export function planSteps(
  graph: TracedGraph,
  target: Target,
): { readonly steps: readonly Step[]; readonly arenaBytes: number } {
  const kept = [...graph.inputs, ...graph.outputs].map(({ storage }) => storage);
  const keptSet = new Set(kept);
  const fused = fuse(removeDead(graph.steps, keptSet), keptSet);
  const steps = [...prepareContracts(fused, target), ...canonicalOutputs(graph.outputs)];
  return { steps, arenaBytes: planMemory(steps, kept) };
}

function prepareContracts(steps: readonly Step[], target: Target): readonly Step[] {
  return steps.flatMap((step) => {
    if (step.kind !== "contract") return mapBodies(step, (body) => prepareContracts(body, target));
    const { before, step: prepared } = prepareContract(step, target);
    return [...before, prepared];
  });
}
