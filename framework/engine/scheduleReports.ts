/** What the job says about its schedule before the first event. */
import { LogInfo, LogPrint } from "../base/log.js";
import type { BoundPlan } from "./threadPlan.js";

/** Modules of tasks that nobody needs. */
export function reportDeleted(unscheduled: ReadonlySet<string>, { schedule }: BoundPlan): void {
  const workers = new Set(schedule.workers);
  const deleted = [...unscheduled].filter((label) => !workers.has(label)).map((label) => ` ${label}`);
  if (deleted.length > 0)
    LogInfo("DeleteModules", `Following modules are not consumed and do not run:\n${deleted.join("\n")}`);
}

/** options.printDependencies: one line for each pair of modules of this process of which one reads the other's products. */
export function printDependencies(processName: string, { slots, tokens }: BoundPlan): void {
  for (const [label, { consumed }] of tokens) {
    const own = consumed.map(({ slot }) => slots[slot]).filter((slot) => slot?.process === processName);
    for (const name of new Set(own.map((slot) => slot?.label))) {
      LogPrint(
        "ModuleDependency",
        `ModuleDependency '${label}' depends on data products from module '${name}'`,
      );
    }
  }
}
