/** The reference engine with a clock around each kernel. */
import { bytesPerElement } from "../dtypes.js";
import type { Executable } from "../engines.js";
import type { TensorName } from "../names.js";
import { Arena } from "../reference/Arena.js";
import { Executor } from "../reference/Executor.js";
import { makePlan } from "../reference/makePlan.js";
import { observePlan } from "../reference/observePlan.js";
import type { KernelCall } from "../reference/op.js";
import type { NodeStep, Plan } from "../reference/Plan.js";
import type { ReferenceModel } from "../reference/ReferenceEngine.js";
import type { TensorLike } from "../Tensor.js";
import { median, type ProfileRow } from "./Profile.js";
import type { GraphCost } from "./recordRun.js";

interface Timer {
  readonly step: NodeStep;
  /** Of the run that goes on. */
  us: number;
  runs: number;
  readonly samples: number[];
}

export class TimedPlan implements Executable {
  readonly #timers: Timer[] = [];
  readonly #executor: Executor;
  readonly #arena = new Arena();
  readonly #plan: Plan;

  /** `clockUs`: what the clock itself costs a reading, which is taken off. */
  constructor(
    { index, constants, maxLoopIterations }: ReferenceModel,
    feeds: readonly TensorName[],
    fetches: readonly TensorName[],
    readonly clockUs: number,
  ) {
    this.#plan = makePlan(index, constants, feeds, fetches);
    const plan = observePlan(this.#plan, (step) => this.#watch(step));
    this.#executor = new Executor(plan, this.#arena, maxLoopIterations);
  }

  get arenaBytes(): number {
    return this.#arena.sizeBytes;
  }

  get constantBytes(): number {
    const sizes = new Map(
      this.#plan.constants.map(({ tensor: { data, dtype } }) => [
        data,
        dtype === "string" ? 0 : data.length * bytesPerElement(dtype),
      ]),
    );
    return [...sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  run(feeds: readonly TensorLike[]): readonly TensorLike[] {
    for (const timer of this.#timers) {
      timer.us = 0;
      timer.runs = 0;
    }
    const results = this.#executor.run(feeds);
    for (const timer of this.#timers) timer.samples.push(Math.max(timer.us - timer.runs * this.clockUs, 0));
    return results;
  }

  /** Forgets what was measured so far: the warm-up. */
  forget(): void {
    for (const { samples } of this.#timers) samples.length = 0;
  }

  /** What ran, in order; `cost` is that of one run. */
  rows(cost: GraphCost): ProfileRow[] {
    return this.#timers
      .filter(({ runs }) => runs > 0)
      .map(({ step: { node }, runs, samples }) => {
        const known = cost.nodes.get(node.name);
        const type = known?.outputs[0];
        return {
          node: node.name,
          op: node.op,
          kind: "reference",
          runs,
          dtype: type?.dtype,
          shape: type?.shape,
          bytes: known?.outputBytes ?? 0,
          flops: known?.flops ?? 0,
          us: median(Float64Array.from(samples)),
        };
      });
  }

  #watch(step: NodeStep) {
    const timer: Timer = { step, us: 0, runs: 0, samples: [] };
    this.#timers.push(timer);
    const { kernel } = step;
    return (call: KernelCall) => {
      const start = performance.now();
      kernel(call);
      timer.us += 1000 * (performance.now() - start);
      timer.runs++;
    };
  }
}
