/** Services of one thread: one instance each, bound so that modules and other services can ask for them by class. */
import type { Container } from "inversify";
import { Exception } from "../base/errors.js";
import { construct } from "../modules/PluginFactory.js";
import type { ServiceHooks } from "../modules/ServiceHooks.js";
import { ParameterSet } from "../parameters/ParameterSet.js";
import { pluginOf } from "./threadModules.js";
import type { PlainComponent } from "./threadPlan.js";

/** @param shared what the main thread's instances give to this thread's, in order */
export function bindServices(
  container: Container,
  services: readonly PlainComponent[],
  shared: readonly unknown[] = [],
): ServiceHooks[] {
  return services.map(({ type, parameters }, index) => {
    const plugin = pluginOf(type);
    try {
      const instance = construct<ServiceHooks>(
        container,
        plugin,
        ParameterSet.fromPlain(parameters),
        undefined,
      );
      if (shared[index] !== undefined) instance.adopt?.(shared[index]);
      container.bind(plugin).toConstantValue(instance as object);
      return instance;
    } catch (error) {
      throw Exception.from(error)
        .addContext(`Constructing service of type ${type}`)
        .addContext("Initializing default service configurations");
    }
  });
}
