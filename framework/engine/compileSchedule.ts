/**
 * Turns paths, tasks and data dependencies into one flat list of steps that a stream walks through for each event:
 * modules of all paths in an order in which every producer stands before its consumers, unscheduled producers right
 * before the first that needs them.
 */
import { Exception } from "../base/errors.js";
import type { Mark } from "../config/sequence.js";
import type { PathDescription } from "../config/ProcessDescription.js";

/** What the compiler knows of a module. */
export interface ScheduledModule {
  readonly label: string;
  readonly type: string;
  /** Labels of this job's modules whose products it reads. */
  readonly reads: readonly string[];
  readonly isUnscheduled: boolean;
}

export const flag = { none: 0, onDemand: 1, not: 2, ignore: 4 } as const;

/** Plain data: posted to the threads as it is. */
export interface CompiledSchedule {
  /** Labels of the modules that run, in the order of their first step. */
  readonly workers: readonly string[];
  readonly paths: readonly { readonly name: string; readonly kind: PathDescription["kind"] }[];
  /** Per step: index into workers, index into paths, flags, position of the module on its path. */
  readonly stepWorker: Int32Array;
  readonly stepPath: Int32Array;
  readonly stepFlags: Uint8Array;
  readonly stepPosition: Int32Array;
  /** Steps before this one belong to Paths: TriggerResults is made here. */
  readonly endPathStart: number;
  /** Per step: context lines of an exception, innermost first. */
  readonly stepContexts: readonly (readonly string[])[];
}

interface Step {
  readonly module: ScheduledModule;
  readonly path: number;
  readonly flags: number;
  readonly position: number;
  /** Who made it run: the chain of consumers, nearest first; empty for a module that stands on the path itself. */
  readonly demandedBy: readonly ScheduledModule[];
  /** The module before it on the path. */
  readonly follows: Step | undefined;
}

const markFlags: { readonly [M in Mark]: number } = {
  none: flag.none,
  wait: flag.none,
  not: flag.not,
  ignore: flag.ignore,
};

/** @throws ScheduleExecutionFailure when modules wait for each other in a circle. */
export function compileSchedule(
  paths: readonly PathDescription[],
  modules: ReadonlyMap<string, ScheduledModule>,
): CompiledSchedule {
  const steps = paths.flatMap((path, index) => stepsOfPath(path, index, modules));
  const ordered = new Orderer(steps, paths, modules).order();
  const workers = [...new Set(ordered.map((step) => step.module.label))];
  const workerIndex = new Map(workers.map((label, index) => [label, index]));
  const endPathStart = ordered.filter((step) => paths[step.path]?.kind === "Path").length;
  return {
    workers,
    paths: paths.map(({ name, kind }) => ({ name, kind })),
    stepWorker: Int32Array.from(ordered, (step) => workerIndex.get(step.module.label) ?? -1),
    stepPath: Int32Array.from(ordered, (step) => step.path),
    stepFlags: Uint8Array.from(ordered, (step) => step.flags),
    stepPosition: Int32Array.from(ordered, (step) => step.position),
    endPathStart,
    stepContexts: ordered.map((step) => contexts(step, paths)),
  };
}

function contexts(step: Step, paths: readonly PathDescription[]): string[] {
  const name = (module: ScheduledModule) => `${module.type}/'${module.label}'`;
  const path = paths[step.path];
  return [
    `Calling method for module ${name(step.module)}`,
    ...step.demandedBy.map((consumer) => `Prefetching for module ${name(consumer)}`),
    `Running path '${path?.name}'`,
  ];
}

function stepsOfPath(
  path: PathDescription,
  index: number,
  modules: ReadonlyMap<string, ScheduledModule>,
): Step[] {
  const steps: Step[] = [];
  const present = new Set<string>();
  let follows: Step | undefined;
  const add = (
    module: ScheduledModule,
    flags: number,
    position: number,
    demandedBy: ScheduledModule[],
  ): Step => {
    const step = { module, path: index, flags, position, demandedBy, follows };
    steps.push(step);
    return step;
  };
  const demand = (module: ScheduledModule, position: number, chain: ScheduledModule[]): void => {
    for (const label of module.reads) {
      const producer = modules.get(label);
      if (!producer?.isUnscheduled || present.has(label)) continue;
      // Before its own producers: a circle ends here and is found when the steps are put in order.
      present.add(label);
      demand(producer, position, [module, ...chain]);
      add(producer, flag.onDemand, position, [module, ...chain]);
    }
  };
  // CMSSW's final paths never trigger unscheduled modules.
  const triggers = path.kind !== "FinalPath";
  for (const [position, { label, mark }] of path.modules.entries()) {
    const module = modules.get(label);
    if (!module) throw new Exception("LogicError", `path '${path.name}' names unknown module '${label}'`);
    if (triggers) demand(module, position, []);
    follows = add(module, markFlags[mark], position, []);
  }
  return steps;
}

function unrunnable(lines: readonly string[]): Exception {
  const text = [
    "Unrunnable schedule",
    "The Path/EndPath configuration could cause the job to deadlock",
    ...lines,
    "Put each producer before its consumers, or break the circle by reading another product.",
  ];
  return new Exception("ScheduleExecutionFailure", text.join("\n")).addContext("Calling beginJob");
}

const rank: { readonly [K in PathDescription["kind"]]: number } = { Path: 0, EndPath: 1, FinalPath: 2 };

/** Depth-first: a step is placed after the one it follows on its path and after every step of the producers it reads. */
class Orderer {
  readonly #steps: readonly Step[];
  readonly #paths: readonly PathDescription[];
  /** Of a module on paths: its steps. Of one in a task: its step on each path that demands it. */
  readonly #stepsOf = new Map<string, Step[]>();
  readonly #placed = new Set<Step>();
  readonly #open: { step: Step; why: string }[] = [];
  readonly #ordered: Step[] = [];

  constructor(
    steps: readonly Step[],
    paths: readonly PathDescription[],
    modules: ReadonlyMap<string, ScheduledModule>,
  ) {
    this.#steps = steps;
    this.#paths = paths;
    for (const label of modules.keys()) this.#stepsOf.set(label, []);
    for (const step of steps) this.#stepsOf.get(step.module.label)?.push(step);
  }

  order(): Step[] {
    for (const step of this.#steps) this.#place(step);
    return this.#ordered;
  }

  #place(step: Step): void {
    if (this.#placed.has(step)) return;
    const start = this.#open.findIndex((open) => open.step === step);
    if (start >= 0) throw unrunnable(this.#open.slice(start).map((open) => `  ${open.why}`));
    if (step.follows)
      this.#placeBefore(step, step.follows, `follows module '${step.follows.module.label}' on the path`);
    for (const label of step.module.reads) {
      for (const producer of this.#producers(step, label))
        this.#placeBefore(step, producer, `depends on module '${label}'`);
    }
    this.#placed.add(step);
    this.#ordered.push(step);
  }

  /** The steps that make what `step` reads from module `label`. */
  #producers(step: Step, label: string): Step[] {
    const all = (this.#stepsOf.get(label) ?? []).filter(
      (other) => !isOnDemand(other) || other.path === step.path,
    );
    const inTime = all.filter((other) => this.#rank(other) <= this.#rank(step));
    if (all.length === 0 || inTime.length > 0) return inTime;
    throw unrunnable([
      `  ${this.#where(step)} depends on module '${label}', which runs only after all paths`,
    ]);
  }

  #placeBefore(step: Step, earlier: Step, why: string): void {
    if (this.#placed.has(earlier)) return;
    this.#open.push({ step, why: `${this.#where(step)} and ${why}` });
    this.#place(earlier);
    this.#open.pop();
  }

  #rank(step: Step): number {
    return rank[this.#paths[step.path]?.kind ?? "Path"];
  }

  #where(step: Step): string {
    if (isOnDemand(step)) return `module '${step.module.label}' is in a task`;
    return `module '${step.module.label}' is on path '${this.#paths[step.path]?.name}'`;
  }
}

function isOnDemand(step: Step): boolean {
  return (step.flags & flag.onDemand) !== 0;
}
