/** Works out, from all declarations, what every thread needs before the first event: the order of modules and every slot. */
import { Exception } from "../base/errors.js";
import type { PathDescription } from "../config/ProcessDescription.js";
import { branchName } from "../data/BranchDescription.js";
import type { InputSource } from "../modules/InputSource.js";
import type { ProductSelection } from "../modules/one.js";
import { selectProducts } from "../modules/productSelector.js";
import { ParameterSet } from "../parameters/ParameterSet.js";
import { compileSchedule, type ScheduledModule } from "./compileSchedule.js";
import type { JobModule } from "./JobModules.js";
import { type BoundTokens, type PlainRegistration, plainType } from "./registrations.js";
import { ProductResolver } from "./resolveProducts.js";
import { compileSelection } from "./selectEvents.js";
import type { BoundPlan, OutputPlan } from "./threadPlan.js";

export interface BindInput {
  readonly processName: string;
  readonly paths: readonly PathDescription[];
  readonly modules: readonly JobModule[];
  readonly unscheduled: ReadonlySet<string>;
  readonly registrations: readonly PlainRegistration[];
  readonly source: InputSource;
  readonly maxOutput: number | undefined;
}

/** @throws Configuration, ScheduleExecutionFailure. */
export function bindPlan(input: BindInput): BoundPlan {
  const { processName, paths, modules, registrations, source } = input;
  const pathNames = paths.filter(({ kind }) => kind === "Path").map(({ name }) => name);
  checkDuplicateProcess(processName, source);
  const resolver = new ProductResolver(processName, source, registrations, pathNames.length > 0);
  const tokens = new Map<string, BoundTokens>(registrations.map((r) => [r.label, resolver.resolve(r)]));
  const outputs = modules
    .filter(({ plugin }) => plugin.kind === "OutputModule")
    .map((m) => withRefusals(tokens.get(m.label), () => outputPlan(m, resolver, pathNames)));
  const products = resolver.result(tokens);

  const slotsRead = (label: string): number[] => {
    const kept = outputs.find((output) => output.label === label)?.kept.map(({ slot }) => slot) ?? [];
    const consumed = tokens.get(label)?.consumed.flatMap(({ slot, older }) => [slot, ...older]) ?? [];
    return [...consumed, ...kept];
  };
  const scheduled = new Map<string, ScheduledModule>();
  for (const { label, type } of modules) {
    const reads = [...new Set(slotsRead(label).flatMap((slot) => products.producers[slot] ?? []))];
    scheduled.set(label, { label, type, reads, isUnscheduled: input.unscheduled.has(label) });
  }
  const schedule = compileSchedule(paths, scheduled);
  const readSlots = new Set(modules.flatMap(({ label }) => slotsRead(label)));
  return {
    schedule,
    slots: products.slots,
    firstSourceSlot: products.firstSourceSlot,
    sourceProducts: products.sourceProducts.map(({ description, type }) => ({
      description,
      type: plainType(type),
    })),
    tokens,
    triggerResultsSlot: readSlots.has(products.triggerResultsSlot) ? products.triggerResultsSlot : -1,
    outputs: outputs.filter(({ label }) => schedule.workers.includes(label)),
    analyzers: modules
      .filter(
        ({ label, plugin }) =>
          plugin.concurrency === "one" && plugin.kind === "EDAnalyzer" && schedule.workers.includes(label),
      )
      .map(({ label }) => ({ label, slots: slotsRead(label) })),
    maxOutput: input.maxOutput,
  };
}

function checkDuplicateProcess(name: string, source: InputSource): void {
  const history = source.history().map((process) => process.name);
  if (!history.includes(name)) return;
  throw new Exception(
    "Configuration",
    `Duplicate process name: the input was made by a process '${name}' already (history: ${history.join(", ")}); give cms.Process another name.`,
  );
}

/** Why the input does not have what an output reads is beside what the output says of it. */
function withRefusals(bound: BoundTokens | undefined, plan: () => OutputPlan): OutputPlan {
  try {
    return plan();
  } catch (error) {
    const exception = Exception.from(error);
    for (const { refusal } of bound?.consumed ?? []) if (refusal) exception.addAdditionalInfo(refusal);
    throw exception;
  }
}

function outputPlan(
  { label, type, plugin, parameters }: JobModule,
  resolver: ProductResolver,
  pathNames: readonly string[],
): OutputPlan {
  const owner = `module '${label}' (${type})`;
  const pset = new ParameterSet<never>(parameters) as unknown as {
    getUntrackedParameter(name: string): unknown;
  };
  const select = pset.getUntrackedParameter("SelectEvents") as
    | { getParameter(name: string): readonly string[] }
    | undefined;
  const selection = compileSelection(select?.getParameter("SelectEvents") ?? [], pathNames, owner);
  const { selectProducts: own } = plugin as unknown as { selectProducts?: ProductSelection };
  const byCommands: ProductSelection = (_, candidates) => {
    const commands = (pset.getUntrackedParameter("outputCommands") ?? []) as readonly string[];
    return selectProducts(commands, candidates, ({ description }) => description, owner);
  };
  const kept = [...(own ?? byCommands).call(plugin, pset as never, resolver.candidates(), owner)]
    .map(({ description, type: productType }) => ({
      description,
      type: plainType(productType),
      slot: resolver.slotOf(description, productType),
    }))
    .sort((a, b) => (branchName(a.description) < branchName(b.description) ? -1 : 1));
  return { label, kept, selection };
}
