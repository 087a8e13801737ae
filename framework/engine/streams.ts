/** Builds the StreamSchedules of a thread from what the job worked out. */
import { Event } from "../data/Event.js";
import type { EventSetup } from "../data/EventSetup.js";
import type { TriggerResults } from "../data/products.generated.js";
import { ProductType } from "../data/ProductType.js";
import { EDPutToken } from "../data/tokens.js";
import { type PutTriggerResults, StreamSchedule } from "./StreamSchedule.js";
import { makeWorker, type ThreadModule } from "./threadModules.js";
import type { BoundPlan, ThreadPlan } from "./threadPlan.js";
import { ReachedWorker } from "./Worker.js";

export function makeStreams(
  plan: ThreadPlan,
  bound: BoundPlan,
  modules: readonly ThreadModule[],
  setup: EventSetup,
): StreamSchedule[] {
  const types = new Map(plan.modules.map(({ label, type }) => [label, type]));
  const byLabel = new Map(modules.map((module) => [module.label, module]));
  const putTriggerResults = triggerResultsMaker(bound);
  return plan.streams.map((streamID, position) => {
    const workers = bound.schedule.workers.map((label) => {
      const module = byLabel.get(label);
      return module
        ? makeWorker(module, position, streamID, plan)
        : new ReachedWorker(label, types.get(label) ?? label);
    });
    const event = new Event(streamID, bound.slots, bound.firstSourceSlot);
    const { schedule } = bound;
    return new StreamSchedule(streamID, {
      schedule,
      workers,
      event,
      setup,
      putTriggerResults,
      isTimed: plan.isTimed,
    });
  });
}

function triggerResultsMaker({ schedule, triggerResultsSlot }: BoundPlan): PutTriggerResults | undefined {
  if (triggerResultsSlot < 0) return undefined;
  const path = schedule.paths.filter(({ kind }) => kind === "Path").map(({ name }) => name);
  const token = new EDPutToken<TriggerResults>(new ProductType("TriggerResults"), "");
  token.slot = triggerResultsSlot;
  return (event, states, positions) => {
    event.put(token, {
      path,
      state: Uint32Array.from(states.subarray(0, path.length)),
      index: Uint32Array.from(positions.subarray(0, path.length)),
    });
  };
}
