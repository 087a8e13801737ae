/** Everything that is made once a job: plugins loaded, parameters validated, global caches, the main thread's instances. */
import { Container } from "inversify";
import { Exception } from "../base/errors.js";
import { pinModels } from "../base/modelPath.js";
import { toPosted } from "../base/sharedForm.js";
import type { ComponentDescription, ProcessDescription } from "../config/ProcessDescription.js";
import type { InputSource } from "../modules/InputSource.js";
import type { PluginClass } from "../modules/PluginFactory.js";
import type { PluginManager } from "../modules/PluginManager.js";
import type { ServiceHooks } from "../modules/ServiceHooks.js";
import { ParameterSet, toPlain } from "../parameters/ParameterSet.js";
import { validateParameters } from "../parameters/validateParameters.js";
import type { Parameters } from "../parameters/values.js";
import { loadingFor } from "../tensorflow/inferenceReport.js";
import { modelsOf } from "./modelsOf.js";
import type { OneModule } from "./OrderedResults.js";
import { Semaphore } from "./Semaphore.js";
import { bindServices } from "./services.js";
import {
  constructing,
  constructionContext,
  constructModule,
  isDeferred,
  type ThreadModule,
} from "./threadModules.js";
import type { PlainComponent } from "./threadPlan.js";
import type { JobLevel } from "./transitions.js";

/** A component with its plugin and validated parameters. */
export interface JobModule {
  readonly label: string;
  readonly type: string;
  readonly plugin: PluginClass;
  readonly parameters: Parameters;
}

export class JobModules {
  readonly modules: readonly JobModule[];
  readonly source: JobModule;
  readonly services: readonly JobModule[];
  readonly container = new Container();
  /** Instances on the main thread: one::, global and limited modules, output modules. */
  readonly mainInstances = new Map<string, ThreadModule>();
  /** The GlobalCaches, by label. */
  readonly caches = new Map<string, unknown>();
  serviceInstances: readonly ServiceHooks[] = [];
  sourceInstance!: InputSource;

  private constructor(modules: readonly JobModule[], source: JobModule, services: readonly JobModule[]) {
    this.modules = modules;
    this.source = source;
    this.services = services;
  }

  /** Loads and checks everything; makes no instance yet. @throws PluginNotFound, Configuration, FileInPathError. */
  static async load(
    process: ProcessDescription,
    plugins: PluginManager,
    throwIfIllegal: boolean,
  ): Promise<JobModules> {
    const loadAll = async (components: readonly ComponentDescription[]) => {
      const loaded: JobModule[] = [];
      for (const component of components) loaded.push(await loadModule(component, plugins, throwIfIllegal));
      return loaded;
    };
    if (process.esModules.length > 0) throw noEventSetup(process.esModules);
    const services = await loadAll(process.services);
    const [source] = await loadAll([process.source]);
    const modules = await loadAll(process.modules);
    pinModels(modelsOf([...services, source as JobModule, ...modules].map(({ parameters }) => parameters)));
    return new JobModules(modules, source as JobModule, services);
  }

  /** The instance of a module that lives on the main thread. */
  onMainThread(label: string): OneModule {
    const { type, instances } = this.mainInstances.get(label) ?? { type: "", instances: [] };
    return { label, type, instance: instances[0] ?? {} };
  }

  constructServices(): void {
    this.serviceInstances = bindServices(this.container, this.services.map(plain));
  }

  /** Global caches first, then the main thread's instances: CMSSW's order. */
  async construct(): Promise<void> {
    for (const module of this.modules.filter(({ plugin }) => plugin.concurrency === "stream")) {
      const cache = await whileConstructing(module, () => this.#initializeGlobalCache(module));
      this.caches.set(module.label, cache);
    }
    this.sourceInstance = constructModule(this.container, plain(this.source), undefined)
      .instance as InputSource;
    for (const module of this.modules) {
      if (module.plugin.concurrency === "stream") continue;
      const { instance, registration } = constructModule(this.container, plain(module), undefined);
      const { label, type, plugin } = module;
      this.mainInstances.set(label, {
        label,
        type,
        plugin,
        instances: [instance],
        registrations: [registration],
      });
    }
  }

  async #initializeGlobalCache({ label, type, plugin, parameters }: JobModule): Promise<unknown> {
    const make = (plugin as unknown as { initializeGlobalCache?: (pset: ParameterSet) => unknown })
      .initializeGlobalCache;
    if (!make) return undefined;
    const cache = await loadingFor(label, () => make.call(plugin, new ParameterSet(parameters)));
    toPosted(cache, `module '${label}' (${type})`);
    return cache;
  }

  /** Opens the input. @throws FileOpenError, FileReadError. */
  async openSource(): Promise<void> {
    await whileConstructing(this.source, () => this.sourceInstance.open());
  }

  /** The posted form of every cache, for worker threads. */
  postedCaches(): Record<string, unknown> {
    return Object.fromEntries([...this.caches].map(([label, cache]) => [label, toPosted(cache, label)]));
  }

  /** The shared counter of each limited module, and of each one:: producer or filter: those may return promises too. */
  limits(): Record<string, Int32Array> {
    const limited = this.modules.filter(
      ({ plugin }) => ["limited", "one"].includes(plugin.concurrency) && !isDeferred(plugin),
    );
    return Object.fromEntries(
      limited.map(({ label, parameters }) => [
        label,
        Semaphore.shared(Number(parameters.concurrencyLimit?.value ?? 1)),
      ]),
    );
  }

  /** Receivers of globalEndJob: the stream modules whose cache was made. */
  withCache(): JobLevel[] {
    return this.jobLevel().filter(({ module }) => this.caches.has(module.label));
  }

  /** Receivers of the global transitions, in the order of the config. */
  jobLevel(): JobLevel[] {
    return this.modules.flatMap((module): JobLevel[] => {
      const { label, plugin } = module;
      if (plugin.concurrency === "stream")
        return [{ module, target: plugin, cache: [this.caches.get(label)] }];
      const target = this.mainInstances.get(label)?.instances[0];
      return target && plugin.concurrency !== "one" ? [{ module, target, cache: [] }] : [];
    });
  }
}

async function whileConstructing<T>(component: JobModule, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw Exception.from(error).addContext(constructionContext(component)).addContext(constructing);
  }
}

export function plain({ label, type, parameters }: JobModule): PlainComponent {
  return { label, type, parameters: toPlain(parameters) };
}

const kindOf: { readonly [kind: string]: string } = { Source: "Source", Service: "Service" };

async function loadModule(
  component: ComponentDescription,
  plugins: PluginManager,
  throwIfIllegal: boolean,
): Promise<JobModule> {
  const { kind, type, label, where } = component;
  const user = `${kind} '${label.startsWith("@") ? type : label}'`;
  const plugin = await plugins.load(type, user, where).catch((error: unknown) => {
    throw Exception.from(error).addContext(constructing);
  });
  const expected = kindOf[kind] ?? kind;
  if (plugin.kind !== expected) {
    throw new Exception(
      "Configuration",
      `${user}: plugin '${type}' is a ${plugin.kind}; write cms.${plugin.kind}("${type}", …)${where()}`,
    ).addContext(constructing);
  }
  const name =
    kind === "Source"
      ? `source '${type}'`
      : kind === "Service"
        ? `service '${type}'`
        : `module '${label}' (${type})`;
  try {
    const parameters = validateParameters(
      { name, where },
      plugin.description,
      component.parameters,
      throwIfIllegal,
    );
    return { label, type, plugin, parameters };
  } catch (error) {
    const context = `Validating configuration of module: class=${type} label='${label}'`;
    throw Exception.from(error).addContext(context).addContext(constructing);
  }
}

function noEventSetup(modules: readonly ComponentDescription[]): Exception {
  const [first] = modules;
  const what = `${first?.kind} '${first?.label}' (${first?.type})`;
  return new Exception(
    "UnimplementedFeature",
    `${what}: this release has no EventSetup; remove it from the config${first?.where() ?? ""}`,
  ).addContext(constructing);
}
