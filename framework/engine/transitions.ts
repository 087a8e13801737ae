/** Calls the transition methods of modules, with CMSSW's context lines around what they throw. */
import { Exception } from "../base/errors.js";
import type { LuminosityBlock, Run } from "../data/Event.js";
import type { EventSetup } from "../data/EventSetup.js";
import { isDeferred, type ThreadModule } from "./threadModules.js";

export type StreamTransition =
  | "beginRun"
  | "endRun"
  | "beginLuminosityBlock"
  | "endLuminosityBlock"
  | "beginStream"
  | "endStream";

type Method = (...args: unknown[]) => unknown;

function methodOf(target: object, name: string): Method | undefined {
  const method = (target as Record<string, unknown>)[name];
  return typeof method === "function" ? (method as Method).bind(target) : undefined;
}

/** "Processing  stream begin Run run: 1", "Processing global end LuminosityBlock run: 1 luminosityBlock: 2" … */
export function transitionContext(
  scope: " stream" | "global",
  transition: string,
  id: Run | LuminosityBlock,
): string {
  const when = transition.toLowerCase().includes("begin") ? "begin" : "end";
  if (!("luminosityBlock" in id)) return `Processing ${scope} ${when} Run run: ${id.run}`;
  return `Processing ${scope} ${when} LuminosityBlock run: ${id.run} luminosityBlock: ${id.luminosityBlock}`;
}

/** Runs `call`; what it throws gets the module's context line and then the outer one. */
export async function withContext<T>(
  module: { type: string; label: string },
  outer: string,
  call: () => T | Promise<T>,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw Exception.from(error)
      .addContext(`Calling method for module ${module.type}/'${module.label}'`)
      .addContext(outer);
  }
}

/** One module's transition in one stream; undefined when the module has no such method. */
export function callStreamHook(
  module: ThreadModule,
  position: number,
  streamID: number,
  transition: StreamTransition,
  id: Run | LuminosityBlock | undefined,
  setup: EventSetup,
): Promise<unknown> | undefined {
  const { plugin } = module;
  if (isDeferred(plugin)) return undefined;
  const instance = module.instances[position] as object;
  const isShared = plugin.concurrency === "global" || plugin.concurrency === "limited";
  if (id === undefined) {
    if (plugin.concurrency === "one") return undefined;
    const method = methodOf(instance, transition);
    return method && withContext(module, `Calling ${transition}`, () => method(streamID));
  }
  if (plugin.concurrency === "one") {
    // A one:: producer or filter: one instance for all streams of the only thread.
    const method = position === 0 ? methodOf(instance, transition) : undefined;
    return (
      method && withContext(module, transitionContext("global", transition, id), () => method(id, setup))
    );
  }
  const name = isShared ? `stream${transition[0]?.toUpperCase()}${transition.slice(1)}` : transition;
  const method = methodOf(instance, name);
  if (!method) return undefined;
  const args = isShared ? [streamID, id, setup] : [id, setup];
  return withContext(module, transitionContext(" stream", transition, id), () => method(...args));
}

/** The receiver and first arguments of a module's job-level transitions: a class's statics, or an instance. */
export interface JobLevel {
  readonly module: { readonly type: string; readonly label: string };
  readonly target: object;
  /** The GlobalCache, passed last to a stream class's statics. */
  readonly cache: readonly unknown[];
}

/** A globalBegin… or globalEnd… transition, once a job. `made`: what the begin returned, for the end. */
export function callGlobalHook(
  { module, target, cache }: JobLevel,
  name: string,
  id: Run | LuminosityBlock,
  setup: EventSetup,
  made?: unknown,
): Promise<unknown> | undefined {
  const method = methodOf(target, name);
  return (
    method &&
    withContext(module, transitionContext("global", name, id), () => method(id, setup, ...cache, made))
  );
}

/** beginJob, endJob … with the GlobalCache last; undefined when the module has none. */
export function callJobHook(
  { module, target, cache }: JobLevel,
  name: string,
  activity: string,
  ...first: unknown[]
): Promise<unknown> | undefined {
  const method = methodOf(target, name);
  return method && withContext(module, activity, () => method(...first, ...cache));
}
