/** A config as the engine takes it: labels instead of objects, sequences flattened, only what is scheduled. */
import { Exception } from "../base/errors.js";
import type { Parameters } from "../parameters/values.js";
import { Component, type ComponentKind } from "./components.js";
import type { Process } from "./Process.js";
import { addTask, EndPath, FinalPath, flatten, type Mark, Path, type Sequence, Task } from "./sequence.js";

export interface ComponentDescription {
  readonly kind: ComponentKind;
  readonly type: string;
  readonly label: string;
  readonly parameters: Parameters;
  /** ` (configs/score_cfg.ts:9)` of the component or of one of its parameters. */
  readonly where: (parameter?: string) => string;
}

export interface PathDescription {
  readonly name: string;
  readonly kind: "Path" | "EndPath" | "FinalPath";
  readonly modules: readonly { readonly label: string; readonly mark: Mark }[];
}

export interface ProcessDescription {
  readonly name: string;
  /** Every scheduled module: on paths in their order, then those in tasks. */
  readonly modules: readonly ComponentDescription[];
  /** The labels of modules that run only when a consumer needs them. */
  readonly unscheduled: ReadonlySet<string>;
  /** In schedule order: paths, then end paths, then final paths. */
  readonly paths: readonly PathDescription[];
  readonly source: ComponentDescription;
  readonly services: readonly ComponentDescription[];
  readonly esModules: readonly ComponentDescription[];
  readonly options: Parameters;
  readonly maxEvents: Parameters;
  readonly maxLuminosityBlocks: Parameters;
  readonly where: string;
}

/** Resolves a Process. @throws Configuration for anything used but not attached, and for what a path must not hold. */
export function describeProcess(process: Process, configFile: string): ProcessDescription {
  const members = process.members_();
  const labels = new Map<unknown, string>([...members].map(([label, member]) => [member, label]));
  const described = new Map<string, ComponentDescription>();
  const paths: PathDescription[] = [];
  const tasks = new Set<Task>();
  const schedule = process.schedule_();

  for (const path of scheduledPaths(process, labels)) {
    const flat = flatten(path);
    const name = labels.get(path) ?? "";
    for (const task of flat.tasks) addTask(task, tasks);
    const modules = flat.modules.map(({ module, mark }) => ({ label: describe(module, labels, described, `path '${name}'`), mark }));
    const kind = path instanceof FinalPath ? "FinalPath" : path instanceof EndPath ? "EndPath" : "Path";
    if (kind === "FinalPath") onlyOutputs(name, modules, described);
    paths.push({ name, kind, modules });
  }
  for (const task of schedule?.tasks ?? []) addTask(task, tasks);

  const onPaths = new Set(described.keys());
  const enabled = new Set<Component>();
  for (const task of tasks) {
    for (const item of task.items) {
      if (!(item instanceof Component)) continue;
      if (item.kind_ === "EDProducer" || item.kind_ === "EDFilter") describe(item, labels, described, "a task");
      else enabled.add(item);
    }
  }
  return {
    name: process.name_(),
    modules: [...described.values()],
    unscheduled: new Set([...described.keys()].filter((label) => !onPaths.has(label))),
    paths,
    source: describeSource(process, configFile),
    services: [...process.services_().values()].map((service) => component(service, service.type_)),
    esModules: esModules(process, enabled),
    options: process.topLevel_("options"),
    maxEvents: process.topLevel_("maxEvents"),
    maxLuminosityBlocks: process.topLevel_("maxLuminosityBlocks"),
    where: configFile,
  };
}

function scheduledPaths(process: Process, labels: ReadonlyMap<unknown, string>): Sequence[] {
  const schedule = process.schedule_();
  if (!schedule) {
    const all = [...process.paths_().values(), ...process.endpaths_().values(), ...process.finalpaths_().values()];
    return all;
  }
  for (const [index, path] of schedule.paths.entries()) {
    if (labels.has(path)) continue;
    const text = `The path at index ${index} in the Schedule was not attached to the process.`;
    throw new Exception("Configuration", `${text} Attach it first: process.name = cms.Path(…)${schedule.origin_.where()}`);
  }
  const rank = (path: Sequence) => (path instanceof FinalPath ? 2 : path instanceof Path ? 0 : 1);
  return [...schedule.paths].sort((a, b) => rank(a) - rank(b));
}

function component(module: Component, label: string): ComponentDescription {
  const where = (parameter?: string) => module.origin_.where(parameter);
  return { kind: module.kind_, type: module.type_, label, parameters: module.parameters_, where };
}

function describe(
  module: Component,
  labels: ReadonlyMap<unknown, string>,
  described: Map<string, ComponentDescription>,
  user: string,
): string {
  const label = labels.get(module);
  if (label === undefined) {
    const text = `${module.kind_} '${module.type_}' is used on ${user} but is not attached to the process`;
    throw new Exception("Configuration", `${text}; attach it first: process.label = cms.${module.kind_}("${module.type_}", …)${module.origin_.where()}`);
  }
  if (!described.has(label)) described.set(label, component(module, label));
  return label;
}

function onlyOutputs(name: string, modules: PathDescription["modules"], described: ReadonlyMap<string, ComponentDescription>): void {
  const others = modules.filter(({ label }) => described.get(label)?.kind !== "OutputModule").map(({ label }) => label);
  if (others.length > 0) throw new Exception("Configuration", `FinalPath ${name} has non OutputModules ${others.join(",")}; put them on an EndPath.`);
}

function describeSource(process: Process, configFile: string): ComponentDescription {
  const source = process.source_();
  if (source) return component(source, "@main_input");
  const example = 'process.source = cms.Source("EmptySource")';
  throw new Exception("Configuration", `the process has no source; add one, for example ${example} (${configFile})`);
}

/** EventSetup modules are enabled when they are in a scheduled task, or in no task at all. */
function esModules(process: Process, enabled: ReadonlySet<Component>): ComponentDescription[] {
  const inTasks = new Set([...process.tasks_().values()].flatMap((task) => task.items));
  const all = [...process.es_producers_(), ...process.es_sources_()];
  return all.filter(([, m]) => enabled.has(m) || !inTasks.has(m)).map(([label, m]) => component(m, label));
}
