/** A config as the engine takes it: labels instead of objects, sequences flattened, only what is scheduled. */
import { Exception } from "../base/errors.js";
import type { Parameters } from "../parameters/values.js";
import { Component, type ComponentKind } from "./components.js";
import type { Process } from "./Process.js";
import { resolveReferences } from "./refToPSet.js";
import { addTask, type AnyPath, EndPath, FinalPath, flatten, type Mark, type Task } from "./sequence.js";

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
  const describer = new Describer(process);
  const tasks = new Set<Task>();
  const paths = describer.scheduledPaths().map((path) => describer.path(path, tasks));
  for (const task of process.schedule_()?.tasks ?? []) addTask(task, tasks);
  const onPaths = new Set(describer.modules.keys());
  const items = [...tasks].flatMap((task) => task.items).filter((item) => item instanceof Component);
  const isProducing = ({ kind_ }: Component) => kind_ === "EDProducer" || kind_ === "EDFilter";
  for (const item of items.filter(isProducing)) describer.module(item, "in a task");
  const enabled = new Set(items.filter((item) => !isProducing(item)));
  return {
    name: process.name_(),
    modules: [...describer.modules.values()],
    unscheduled: new Set([...describer.modules.keys()].filter((label) => !onPaths.has(label))),
    paths,
    source: describer.source(configFile),
    services: describer.enabled([...process.services_()], enabled),
    esModules: describer.enabled([...process.es_producers_(), ...process.es_sources_()], enabled),
    options: process.topLevel_("options"),
    maxEvents: process.topLevel_("maxEvents"),
    maxLuminosityBlocks: process.topLevel_("maxLuminosityBlocks"),
    where: configFile,
  };
}

class Describer {
  /** The modules described so far, by label. */
  readonly modules = new Map<string, ComponentDescription>();
  readonly #process: Process;
  readonly #labels: ReadonlyMap<unknown, string>;

  constructor(process: Process) {
    this.#process = process;
    this.#labels = new Map([...process.members_()].map(([label, member]) => [member, label]));
  }

  /** Without a schedule: all paths as defined, then end paths, then final paths. */
  scheduledPaths(): AnyPath[] {
    const process = this.#process;
    const schedule = process.schedule_();
    if (!schedule)
      return [process.paths_(), process.endpaths_(), process.finalpaths_()].flatMap((paths) => [
        ...paths.values(),
      ]);
    for (const [index, path] of schedule.paths.entries()) {
      if (this.#labels.has(path)) continue;
      const text = `The path at index ${index} in the Schedule was not attached to the process.`;
      throw new Exception(
        "Configuration",
        `${text} Attach it first: process.name = cms.Path(…)${schedule.origin_.where()}`,
      );
    }
    const rank = { Path: 0, EndPath: 1, FinalPath: 2 };
    return [...schedule.paths].sort((a, b) => rank[kindOf(a)] - rank[kindOf(b)]);
  }

  /** A path with its sequences flattened; adds its tasks to `tasks`. */
  path(path: AnyPath, tasks: Set<Task>): PathDescription {
    const name = this.#labels.get(path) ?? "";
    const flat = flatten(path);
    for (const task of flat.tasks) addTask(task, tasks);
    const kind = kindOf(path);
    const others = flat.modules.filter(
      ({ module }) => kind === "FinalPath" && module.kind_ !== "OutputModule",
    );
    const modules = flat.modules.map(({ module, mark }) => ({
      label: this.module(module, `on path '${name}'`),
      mark,
    }));
    if (others.length > 0) {
      const labels = others.map(({ module }) => this.#labels.get(module)).join(",");
      throw new Exception(
        "Configuration",
        `FinalPath ${name} has non OutputModules ${labels}; put them on an EndPath${path.origin_.where()}`,
      );
    }
    return { name, kind, modules };
  }

  /** The label of a module, which is described from now on. `use` tells where it stands. */
  module(module: Component, use: string): string {
    const label = this.#labels.get(module);
    if (label === undefined) {
      const text = `${module.kind_} '${module.type_}' is used ${use} but is not attached to the process`;
      const remedy = `attach it first: process.label = cms.${module.kind_}("${module.type_}", …)`;
      throw new Exception("Configuration", `${text}; ${remedy}${module.places_.where()}`);
    }
    if (!this.modules.has(label)) this.modules.set(label, this.#component(module, label));
    return label;
  }

  source(configFile: string): ComponentDescription {
    const source = this.#process.source_();
    if (source) return this.#component(source, "@main_input");
    const example = 'process.source = cms.Source("EmptySource")';
    throw new Exception(
      "Configuration",
      `the process has no source; add one, for example ${example} (${configFile})`,
    );
  }

  /** Services and EventSetup modules count when they are in a scheduled task, or in no task at all. */
  enabled(
    components: readonly [string, Component][],
    inScheduledTask: ReadonlySet<unknown>,
  ): ComponentDescription[] {
    const inTasks = new Set<unknown>([...this.#process.tasks_().values()].flatMap((task) => task.items));
    const isEnabled = (component: Component) => inScheduledTask.has(component) || !inTasks.has(component);
    return components.filter(([, c]) => isEnabled(c)).map(([label, c]) => this.#component(c, label));
  }

  #component(
    { kind_: kind, type_: type, parameters_, places_ }: Component,
    label: string,
  ): ComponentDescription {
    const where = (parameter?: string) => places_.where(parameter);
    const context = { psets: this.#process.psets_(), user: `${kind} '${label}'`, where };
    return { kind, type, label, parameters: resolveReferences(parameters_, context), where };
  }
}

function kindOf(path: AnyPath): PathDescription["kind"] {
  return path instanceof FinalPath ? "FinalPath" : path instanceof EndPath ? "EndPath" : "Path";
}
