/** What a config builds out of modules: Sequence, Task, Path, EndPath, FinalPath, Schedule, and the three marks on a module. */
import { Exception } from "../base/errors.js";
import { Component } from "./components.js";
import { Origin } from "./origin.js";

/** How a path treats a filter's decision: as it is, inverted, ignored; `wait` also holds back the following modules. */
export type Mark = "none" | "not" | "ignore" | "wait";

export class Marked {
  constructor(
    readonly mark: Mark,
    public module: Component,
  ) {}
}

export type SequenceItem = Component | Marked | Sequence;
export type PathItem = SequenceItem | Task;

function marked(mark: Mark, module: unknown): Marked {
  if (module instanceof Component) return new Marked(mark, module);
  throw notSequenceable(`cms.${mark}`, module, new Origin());
}

/** The path goes on when the filter fails and stops when it passes. */
export const not = (filter: Component) => marked("not", filter);
/** The filter runs, its decision does not count. */
export const ignore = (filter: Component) => marked("ignore", filter);
/** The module runs, its decision does not count, and what follows waits until it has finished. */
export const wait = (module: Component) => marked("wait", module);

function notSequenceable(where: string, item: unknown, origin: Origin): Exception {
  const what = item === undefined ? "undefined (a label that the process does not have?)" : `a ${typeof item}`;
  return new Exception(
    "Configuration",
    `${where} takes modules, sequences and tasks of the process, not ${what}${origin.where()}`,
  );
}

function isModule(item: unknown): item is Component {
  return item instanceof Component && !["Source", "Service", "ESProducer", "ESSource"].includes(item.kind_);
}

/** An ordered list of modules, sequences and (on paths) tasks. */
abstract class ModuleList<Item> {
  readonly origin_ = new Origin();
  readonly items: Item[];

  constructor(items: Item[]) {
    for (const item of items) this.check(item);
    this.items = items;
  }

  protected abstract accepts(item: unknown): boolean;

  check(item: unknown): void {
    if (!this.accepts(item)) throw notSequenceable(`cms.${this.constructor.name}`, item, this.origin_);
  }

  add(...items: Item[]): this {
    return this.insert(this.items.length, ...items);
  }

  insert(index: number, ...items: Item[]): this {
    for (const item of items) this.check(item);
    this.items.splice(index, 0, ...items);
    return this;
  }

  /** Removes the first occurrence, in nested sequences too; says whether there was one. */
  remove(module: unknown): boolean {
    const index = this.items.findIndex((item) => item === module || (item instanceof Marked && item.module === module));
    if (index >= 0) this.items.splice(index, 1);
    return index >= 0 || this.items.some((item) => item instanceof ModuleList && item.remove(module));
  }

  /** Replaces every occurrence, in nested sequences and tasks too. */
  replace(old: unknown, replacement: unknown): void {
    for (const [index, item] of this.items.entries()) {
      if (item === old) {
        this.check(replacement);
        this.items[index] = replacement as Item;
      } else if (item instanceof Marked && item.module === old) item.module = replacement as Component;
      else if (item instanceof ModuleList) item.replace(old, replacement);
    }
  }
}

export class Sequence extends ModuleList<PathItem> {
  protected accepts(item: unknown): boolean {
    return isModule(item) || item instanceof Marked || item instanceof Sequence || item instanceof Task;
  }
  /** Adds tasks whose modules run when something on the path needs them. */
  associate(...tasks: Task[]): this {
    return this.add(...tasks);
  }
}

/** Modules that run on demand, when a consumer needs their products; also services and EventSetup modules. */
export class Task extends ModuleList<Component | Task> {
  protected accepts(item: unknown): boolean {
    const unordered = item instanceof Component && item.kind_ !== "EDAnalyzer" && item.kind_ !== "OutputModule";
    return item instanceof Task || (unordered && item.kind_ !== "Source");
  }
}

export class Path extends Sequence {}
/** Runs after all paths; its filters do not count in TriggerResults. */
export class EndPath extends Sequence {}
/** Output modules only; runs last and never triggers unscheduled modules. */
export class FinalPath extends Sequence {}

export class Schedule {
  readonly origin_ = new Origin();
  readonly paths: Path[];
  readonly tasks: Task[];

  /** `cms.Schedule(path1, path2, {tasks: [task]})`: the order in which paths run. */
  constructor(...args: (Path | { tasks: Task[] })[]) {
    this.paths = args.filter((a): a is Path => a instanceof Sequence);
    const last = args.at(-1);
    this.tasks = last && "tasks" in last ? last.tasks : [];
  }

  append(...paths: Path[]): this {
    this.paths.push(...paths);
    return this;
  }
}

/** The modules of a path in order, sequences flattened, and all tasks associated with it. */
export function flatten(path: Sequence): { modules: Marked[]; tasks: Set<Task> } {
  const modules: Marked[] = [];
  const tasks = new Set<Task>();
  const visit = (item: PathItem): void => {
    if (item instanceof Task) addTask(item, tasks);
    else if (item instanceof Sequence) item.items.forEach(visit);
    else modules.push(item instanceof Marked ? item : new Marked("none", item));
  };
  path.items.forEach(visit);
  return { modules, tasks };
}

export function addTask(task: Task, tasks: Set<Task>): void {
  if (tasks.has(task)) return;
  tasks.add(task);
  for (const item of task.items) if (item instanceof Task) addTask(item, tasks);
}
