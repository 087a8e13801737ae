/** What a config builds out of modules: Sequence, Task, Path, EndPath, FinalPath, Schedule, and the three marks on a module. */
import { Exception } from "../base/errors.js";
import { TypedValue } from "../parameters/values.js";
import { Component } from "./components.js";
import { Origin } from "./origin.js";

/**
 * How a path treats a filter's decision: as it is, inverted, ignored. `wait` counts the decision as it is and holds
 * back the modules that follow until this one has finished; here modules of a path always run in order.
 */
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
  if (isModule(module)) return new Marked(mark, module);
  throw notAccepted(`cms.${mark} takes one module`, module);
}

/** `~filter` in Python: the path goes on when the filter fails and stops when it passes. */
export const not = (filter: Component) => marked("not", filter);
/** The filter runs, its decision does not count. */
export const ignore = (filter: Component) => marked("ignore", filter);
/** The decision counts as without it; what follows on the path waits until the module has finished. */
export const wait = (module: Component | Marked) =>
  module instanceof Marked && module.mark === "ignore" ? module : marked("wait", module);

function notAccepted(rule: string, item: unknown): Exception {
  return new Exception("Configuration", `${rule}, not ${itemText(item)}${new Origin().where()}`);
}

function itemText(item: unknown): string {
  if (item instanceof Component) return `the ${item.kind_} '${item.type_}'`;
  if (item instanceof Marked) return `cms.${item.mark}(…)`;
  if (item instanceof ModuleList || item instanceof Schedule) return `a cms.${item.constructor.name}`;
  if (item instanceof TypedValue) return `a ${item.typeName}`;
  // Python's a + b and a * b, which TypeScript cannot overload, give a text and a NaN.
  if (Number.isNaN(item) || (typeof item === "string" && item.includes("[object"))) {
    return "a sum or product of modules; separate them with commas: cms.Path(process.a, process.b)";
  }
  return typeof item === "object" && item !== null ? "an object" : String(item);
}

const moduleKinds = ["EDProducer", "EDFilter", "EDAnalyzer", "OutputModule"];

function isModule(item: unknown): item is Component {
  return item instanceof Component && moduleKinds.includes(item.kind_);
}

/** An ordered list of modules, sequences and (on paths) tasks. */
export abstract class ModuleList<Item = unknown> {
  readonly origin_ = new Origin();
  readonly #items: Item[] = [];

  constructor(items: Item[]) {
    this.add(...items);
  }

  protected abstract accepts(item: unknown): boolean;
  /** "takes modules …": for messages. */
  protected abstract readonly rule: string;

  get items(): readonly Item[] {
    return this.#items;
  }

  #check(item: unknown): void {
    if (!this.accepts(item)) throw notAccepted(`cms.${this.constructor.name} ${this.rule}`, item);
    if (!(item instanceof ModuleList) || !item.contains(this)) return;
    const text = `cyclic dependency in the config: a cms.${this.constructor.name} would contain itself`;
    throw new Exception("Configuration", `${text}; leave it out of its own items${new Origin().where()}`);
  }

  /** Whether `member` is this list, or in it, at any depth. */
  contains(member: unknown): boolean {
    if (member === this) return true;
    return this.#items.some((item) => {
      if (item instanceof ModuleList) return item.contains(member);
      return item === member || (item instanceof Marked && item.module === member);
    });
  }

  add(...items: Item[]): this {
    return this.insert(this.#items.length, ...items);
  }

  insert(index: number, ...items: Item[]): this {
    for (const item of items) this.#check(item);
    this.#items.splice(index, 0, ...items);
    return this;
  }

  /** Removes the first occurrence, in nested sequences too; says whether there was one. */
  remove(module: unknown): boolean {
    const index = this.#items.findIndex(
      (item) => item === module || (item instanceof Marked && item.module === module),
    );
    if (index >= 0) this.#items.splice(index, 1);
    return index >= 0 || this.#items.some((item) => item instanceof ModuleList && item.remove(module));
  }

  /** Replaces every occurrence, in nested sequences and tasks too, but for one inside the replacement: `s = Sequence(s, b)`. */
  replace(old: unknown, replacement: unknown): void {
    for (const [index, item] of this.#items.entries()) {
      if (item === old) {
        this.#check(replacement);
        this.#items[index] = replacement as Item;
      } else if (item instanceof Marked && item.module === old) {
        this.#items[index] = marked(item.mark, replacement) as Item;
      } else if (item instanceof ModuleList && item !== replacement) item.replace(old, replacement);
    }
  }
}

export class Sequence extends ModuleList<PathItem> {
  protected get rule(): string {
    return "takes modules, sequences and tasks";
  }
  protected accepts(item: unknown): boolean {
    const isPath = item instanceof Path || item instanceof EndPath || item instanceof FinalPath;
    return (
      !isPath &&
      (isModule(item) || item instanceof Marked || item instanceof Sequence || item instanceof Task)
    );
  }
  /** Adds tasks whose modules run when something on the path needs them. */
  associate(...tasks: Task[]): this {
    return this.add(...tasks);
  }
}

/** Modules that run on demand, when a consumer needs their products; also services and EventSetup modules. */
export class Task extends ModuleList<Component | Task> {
  protected get rule(): string {
    return "takes producers, filters, services, EventSetup modules and tasks";
  }
  protected accepts(item: unknown): boolean {
    const isOrdered =
      item instanceof Component && ["EDAnalyzer", "OutputModule", "Source"].includes(item.kind_);
    return item instanceof Task || (item instanceof Component && !isOrdered);
  }
}

export class Path extends Sequence {}
/** Runs after all paths; its filters do not count in TriggerResults. */
export class EndPath extends Sequence {}
/** Output modules only; runs last and never triggers unscheduled modules. */
export class FinalPath extends Sequence {}

export type AnyPath = Path | EndPath | FinalPath;
interface Tasks {
  readonly tasks: readonly Task[];
}

/** `cms.Schedule(path1, path2, { tasks: [task] })`: the order in which paths run. */
export class Schedule {
  readonly origin_ = new Origin();
  readonly paths: AnyPath[] = [];
  readonly tasks: Task[] = [];

  constructor(...args: (AnyPath | Tasks)[]) {
    const last = args.at(-1);
    const hasTasks =
      last !== undefined && last !== null && !(last instanceof ModuleList) && Array.isArray(last.tasks);
    this.append(...((hasTasks ? args.slice(0, -1) : args) as AnyPath[]));
    if (hasTasks) this.associate(...last.tasks);
  }

  append(...paths: AnyPath[]): this {
    return this.insert(this.paths.length, ...paths);
  }

  insert(index: number, ...paths: AnyPath[]): this {
    for (const path of paths) {
      const isPath = path instanceof Path || path instanceof EndPath || path instanceof FinalPath;
      if (!isPath) throw notAccepted("cms.Schedule takes paths and, last, { tasks: […] }", path);
    }
    this.paths.splice(index, 0, ...paths);
    return this;
  }

  associate(...tasks: Task[]): this {
    for (const task of tasks)
      if (!(task instanceof Task)) throw notAccepted("the tasks of a cms.Schedule are cms.Task", task);
    this.tasks.push(...tasks);
    return this;
  }

  contains(member: unknown): boolean {
    return [...this.paths, ...this.tasks].some((list) => list === member || list.contains(member));
  }

  replace(old: unknown, replacement: unknown): void {
    for (const list of [this.paths, this.tasks] as unknown[][]) {
      for (const [index, item] of list.entries()) if (item === old) list[index] = replacement;
    }
    for (const list of [...this.paths, ...this.tasks]) list.replace(old, replacement);
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
