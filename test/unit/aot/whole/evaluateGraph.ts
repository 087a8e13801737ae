/** A traced graph evaluated step by step as its steps are defined: the twin of compiled programs. */
import { placeOf } from "../../../../framework/aot/codegen/slowElement.js";
import { evaluateStep } from "../../../../framework/aot/codegen/slow.js";
import type { TracedGraph } from "../../../../framework/aot/lower/traceGraph.js";
import { isCompute } from "../../../../framework/aot/passes/access.js";
import type { Step } from "../../../../framework/aot/tensor/ir.js";
import type { LoopIndex, Storage } from "../../../../framework/aot/tensor/View.js";
import { newData, type TensorData } from "../../../../framework/tensorflow/dtypes.js";

/** The outputs' elements. `inputs` in the order of the graph's. */
export function evaluateGraph(
  graph: TracedGraph,
  inputs: readonly TensorData[],
  steps: readonly Step[] = graph.steps,
): TensorData[] {
  const memory = new Map<Storage, TensorData>();
  const rounds = new Map<LoopIndex, number>();
  for (const [i, { storage }] of graph.inputs.entries()) memory.set(storage, inputs[i] as TensorData);
  const dataOf = (storage: Storage) => {
    const data = storage.data ?? memory.get(storage) ?? newData(storage.dtype, storage.count);
    memory.set(storage, data);
    return data as never;
  };
  const around = { dataOf, iterationOf: (index: LoopIndex) => rounds.get(index) ?? 0 };
  const run = (list: readonly Step[]) => {
    for (const step of list) {
      if (isCompute(step)) evaluateStep(step, around as never);
      else if (step.kind === "if") {
        const condition = dataOf(step.condition.storage) as Uint8Array;
        run(
          condition[
            placeOf(
              step.condition,
              step.condition.shape.map(() => 0),
              around as never,
            )
          ]
            ? step.then
            : step.else,
        );
      } else if (step.kind === "loop") {
        const goesOn = () => !step.condition || Boolean((dataOf(step.condition.storage) as Uint8Array)[0]);
        for (let round = 0; round < (step.count ?? Number.POSITIVE_INFINITY) && goesOn(); round++) {
          rounds.set(step.index, round);
          run(step.body);
        }
      } else throw new Error(step.message);
    }
  };
  run(steps);
  return graph.outputs.map(({ storage }) => dataOf(storage));
}
