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
  /** Who made it run: the chain of consumers, nearest first. */
  readonly demandedBy: readonly ScheduledModule[];
  readonly follows: Step | undefined;
}

const markFlags: { readonly [M in Mark]: number } = { none: flag.none, wait: flag.none, not: flag.not, ignore: flag.ignore };

/** @throws ScheduleExecutionFailure when modules wait for each other in a circle. */
export function compileSchedule(paths: readonly PathDescription[], modules: ReadonlyMap<string, ScheduledModule>): CompiledSchedule {
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
    `Running ${path?.kind === "Path" ? "path" : "end path"} '${path?.name}'`,
  ];
}

function stepsOfPath(path: PathDescription, index: number, modules: ReadonlyMap<string, ScheduledModule>): Step[] {
  const steps: Step[] = [];
  const present = new Set<string>();
  const add = (module: ScheduledModule, flags: number, position: number, demandedBy: ScheduledModule[]) => {
    present.add(module.label);
    steps.push({ module, path: index, flags, position, demandedBy, follows: steps.at(-1) });
  };
  const demand = (module: ScheduledModule, position: number, chain: ScheduledModule[]): void => {
    for (const label of module.reads) {
      const producer = modules.get(label);
      if (!producer?.isUnscheduled || present.has(label)) continue;
      if (chain.includes(producer) || producer === module) throw cycle([...chain, module], producer);
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
    add(module, markFlags[mark], position, []);
  }
  return steps;
}

function cycle(chain: readonly ScheduledModule[], closing: ScheduledModule): Exception {
  const start = chain.indexOf(closing);
  const members = start >= 0 ? chain.slice(start) : [closing, ...chain];
  const lines = members.map((module, i) => {
    const next = members[(i + 1) % members.length] ?? closing;
    return `  module '${module.label}' is in a task and depends on module '${next.label}'`;
  });
  return unrunnable(lines);
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

/** Depth-first: a step is placed after the step it follows on its path and after every step of the producers it reads. */
class Orderer {
  readonly #steps: readonly Step[];
  readonly #paths: readonly PathDescription[];
  readonly #stepsOf = new Map<string, Step[]>();
  readonly #placed = new Set<Step>();
  readonly #open: { step: Step; why: string }[] = [];
  readonly #ordered: Step[] = [];

  constructor(steps: readonly Step[], paths: readonly PathDescription[], modules: ReadonlyMap<string, ScheduledModule>) {
    this.#steps = steps;
    this.#paths = paths;
    for (const label of modules.keys()) this.#stepsOf.set(label, []);
    for (const step of steps) if (!(step.flags & flag.onDemand)) this.#stepsOf.get(step.module.label)?.push(step);
  }

  order(): Step[] {
    for (const step of this.#steps) this.#place(step);
    return this.#ordered;
  }

  #place(step: Step): void {
    if (this.#placed.has(step)) return;
    const start = this.#open.findIndex((open) => open.step === step);
    if (start >= 0) throw unrunnable(this.#open.slice(start).map((open) => `  ${open.why}`));
    if (step.follows) this.#placeBefore(step, step.follows, `follows module '${step.follows.module.label}' on the path`);
    for (const label of step.module.reads) {
      for (const producer of this.#stepsOf.get(label) ?? []) {
        if (this.#rank(producer) > this.#rank(step)) throw unrunnable([`  ${this.#where(step)} depends on module '${label}', which is on an end path`]);
        this.#placeBefore(step, producer, `depends on module '${label}'`);
      }
    }
    this.#placed.add(step);
    this.#ordered.push(step);
  }

  #placeBefore(step: Step, earlier: Step, why: string): void {
    // The same module earlier on another path has produced already when this path reaches it.
    if (this.#placed.has(earlier)) return;
    this.#open.push({ step, why: `${this.#where(step)} and ${why}` });
    this.#place(earlier);
    this.#open.pop();
  }

  #rank(step: Step): number {
    return rank[this.#paths[step.path]?.kind ?? "Path"];
  }

  #where(step: Step): string {
    if (step.flags & flag.onDemand) return `module '${step.module.label}' is in a task`;
    return `module '${step.module.label}' is on path '${this.#paths[step.path]?.name}'`;
  }
}
