/** Plugins by name, and the making of their instances through inversify, so that services can be injected into them. */
import "reflect-metadata/lite";
import { Container, decorate, inject, injectable, type Newable } from "inversify";
import { Exception } from "../base/errors.js";
import type { ParameterSetDescription } from "../parameters/description.js";
import type { ParameterSet } from "../parameters/ParameterSet.js";

/** The injection tokens of a plugin's two constructor arguments. */
export const PARAMETER_SET = Symbol.for("cmsrun.ParameterSet");
export const GLOBAL_CACHE = Symbol.for("cmsrun.GlobalCache");

/** Any plugin class, as the engine handles it. */
export interface PluginClass {
  // biome-ignore lint/suspicious/noExplicitAny: the decorator has checked the arguments
  new (...args: any[]): object;
  readonly description: ParameterSetDescription;
  readonly concurrency: "stream" | "global" | "limited" | "one" | "source" | "service" | "eventsetup";
  readonly kind: string;
}

const plugins = new Map<string, PluginClass>();

/** Demands initializeGlobalCache where the module has a cache, with the matching types. */
type StaticSide<M> = M extends {
  new (...args: never[]): { readonly globalCache: infer C };
  readonly description: infer D;
}
  ? [C] extends [Readonly<void>]
    ? unknown
    : { initializeGlobalCache(pset: ParameterSet<D>): C | Promise<C> }
  : unknown;

type Constructible = { new (...args: never[]): object; readonly description: ParameterSetDescription };

/**
 * CMSSW's DEFINE_FWK_MODULE: makes a module, source or output module loadable by name from a config. The name must be
 * the class's and the file's name.
 */
export function DEFINE_FWK_MODULE(name: string) {
  return <M extends Constructible>(module: M & StaticSide<M>): void =>
    define(name, module as unknown as PluginClass);
}

/** CMSSW's DEFINE_FWK_SERVICE. */
export function DEFINE_FWK_SERVICE(name: string) {
  return <M extends Constructible>(service: M): void => define(name, service as unknown as PluginClass);
}

function define(name: string, plugin: PluginClass): void {
  if (plugins.has(name))
    throw new Exception("LogicError", `plugin '${name}' is defined twice; rename one of the two classes.`);
  injectable()(plugin);
  const argumentTokens = [PARAMETER_SET, GLOBAL_CACHE];
  for (let index = 0; index < Math.min(plugin.length, argumentTokens.length); index++) {
    decorate(inject(argumentTokens[index] as symbol), plugin, index);
  }
  plugins.set(name, plugin);
}

export function definedPlugin(name: string): PluginClass | undefined {
  return plugins.get(name);
}

let servicesAtHand: Container | undefined;

/**
 * CMSSW's edm::Service: this thread's instance of a service, for base classes; a plugin itself may write `@inject`.
 * Only while a plugin is constructed. @throws Configuration when the process does not have the service
 */
export function service<T extends object>(plugin: Newable<T>): T {
  const { name } = plugin;
  if (!servicesAtHand)
    throw new Exception("LogicError", `service '${name}' is asked for outside of a plugin's constructor.`);
  if (servicesAtHand.isBound(plugin)) return servicesAtHand.get(plugin);
  throw new Exception(
    "Configuration",
    `the process has no service '${name}'; add process.${name} = cms.Service("${name}", {…}).`,
  );
}

/** Makes an instance; `services` holds what its injected members ask for. */
export function construct<T>(
  services: Container,
  plugin: PluginClass,
  pset: ParameterSet,
  cache: unknown,
): T {
  const container = new Container({ parent: services });
  const identifier = plugin as Newable<object>;
  container.bind(PARAMETER_SET).toConstantValue(pset);
  container.bind(GLOBAL_CACHE).toConstantValue(cache);
  container.bind(identifier).toSelf();
  const outer = servicesAtHand;
  servicesAtHand = services;
  let instance: object;
  try {
    instance = container.get(identifier);
  } finally {
    servicesAtHand = outer;
  }
  // A stream module without a constructor of its own has no argument to inject the cache into.
  if (plugin.concurrency === "stream" && plugin.length < 2) Object.assign(instance, { globalCache: cache });
  return instance as T;
}
