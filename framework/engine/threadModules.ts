/** Builds the modules of one thread: their instances, their declarations, and each stream's workers. */
import type { Container } from "inversify";
import { Exception } from "../base/errors.js";
import { fromPosted } from "../base/sharedForm.js";
import { ModuleRegistration, registering } from "../modules/registration.js";
import { construct, definedPlugin, type PluginClass } from "../modules/PluginFactory.js";
import { ParameterSet } from "../parameters/ParameterSet.js";
import { loadingFor } from "../tensorflow/inferenceReport.js";
import { bindTokens, type BoundTokens, type PlainRegistration, plainRegistration } from "./registrations.js";
import { Semaphore } from "./Semaphore.js";
import type { PlainComponent, ThreadPlan } from "./threadPlan.js";
import {
  ExternalWorkWorker,
  LimitedWorker,
  methodsOf,
  ReachedWorker,
  SynchronousWorker,
  type Worker,
} from "./Worker.js";

/** A module in this thread: one instance per stream, or one for all its streams. */
export interface ThreadModule {
  readonly label: string;
  readonly type: string;
  readonly plugin: PluginClass;
  /** Index: position of the stream in the thread's list; shared modules repeat the instance. */
  readonly instances: readonly object[];
  readonly registrations: readonly ModuleRegistration[];
}

export function pluginOf(type: string): PluginClass {
  const plugin = definedPlugin(type);
  if (!plugin) throw new Exception("LogicError", `plugin '${type}' was not loaded in this thread.`);
  return plugin;
}

/** Whether the instances of this thread only note that a path reached the module. */
export function isDeferred(plugin: PluginClass): boolean {
  return plugin.concurrency === "one" && (plugin.kind === "EDAnalyzer" || plugin.kind === "OutputModule");
}

export const constructing = "Constructing the EventProcessor";

/** CMSSW's context line of an exception while a module or the source is made. */
export function constructionContext({
  type,
  label,
}: {
  readonly type: string;
  readonly label: string;
}): string {
  return label === "@main_input"
    ? `Constructing input source of type ${type}`
    : `Constructing module: class=${type} label='${label}'`;
}

/** Constructs one instance with its declarations. Errors carry CMSSW's context lines. */
export function constructModule(
  services: Container,
  component: PlainComponent,
  cache: unknown,
): { instance: object; registration: ModuleRegistration } {
  const plugin = pluginOf(component.type);
  const registration = new ModuleRegistration();
  try {
    const pset = ParameterSet.fromPlain<never>(component.parameters);
    const make = () => construct<object>(services, plugin, pset as ParameterSet, cache);
    const instance = loadingFor(component.label, () => registering(registration, make));
    return { instance, registration };
  } catch (error) {
    throw Exception.from(error).addContext(constructionContext(component)).addContext(constructing);
  }
}

/** What already lives in the main thread, when its event loop runs there too. */
export interface MainThreadParts {
  readonly modules: ReadonlyMap<string, ThreadModule>;
  readonly caches: ReadonlyMap<string, unknown>;
  readonly source: object | undefined;
}

/** Makes every module of the plan that is not there already. */
export function constructThreadModules(
  plan: ThreadPlan,
  services: Container,
  main: MainThreadParts | undefined,
): ThreadModule[] {
  return plan.modules.map((component) => {
    const { label, type } = component;
    const existing = main?.modules.get(label);
    if (existing) return { ...existing, instances: plan.streams.map(() => existing.instances[0] as object) };
    const plugin = pluginOf(type);
    const cache = main
      ? main.caches.get(label)
      : label in plan.caches
        ? fromPosted(plan.caches[label])
        : undefined;
    const isPerStream = plugin.concurrency === "stream";
    const made = (isPerStream ? plan.streams : [0]).map(() => constructModule(services, component, cache));
    const instances = isPerStream
      ? made.map((m) => m.instance)
      : plan.streams.map(() => made[0]?.instance as object);
    return { label, type, plugin, instances, registrations: made.map((m) => m.registration) };
  });
}

export function registrationsOf(modules: readonly ThreadModule[]): PlainRegistration[] {
  return modules.flatMap(({ label, registrations }) =>
    registrations[0] ? [plainRegistration(label, registrations[0])] : [],
  );
}

export function bindModules(
  modules: readonly ThreadModule[],
  tokens: ReadonlyMap<string, BoundTokens>,
): void {
  for (const { label, registrations } of modules) {
    const bound = tokens.get(label);
    if (bound) for (const registration of registrations) bindTokens(registration, bound);
  }
}

/** The worker of a module for the stream at `position` of the thread's list. */
export function makeWorker(
  { label, type, plugin, instances }: ThreadModule,
  position: number,
  streamID: number,
  plan: ThreadPlan,
): Worker {
  if (isDeferred(plugin)) return new ReachedWorker(label, type);
  const methods = methodsOf(instances[position] as object, plugin.kind, plugin.concurrency, streamID);
  const worker = methods.acquire
    ? new ExternalWorkWorker(label, type, methods)
    : new SynchronousWorker(label, type, methods);
  const limit = plan.limits[label];
  return limit ? new LimitedWorker(worker, new Semaphore(limit)) : worker;
}
