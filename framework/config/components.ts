/** What a config attaches to a process: modules, sources, services, EventSetup modules. Mutable until the job starts. */
import { type Changes, changedParameters } from "../parameters/changedParameters.js";
import { checkedParameters } from "../parameters/makers.js";
import { parameterView } from "../parameters/parameterView.js";
import type { TypedValue } from "../parameters/values.js";
import { Origin } from "./origin.js";

export type ModuleKind = "EDProducer" | "EDFilter" | "EDAnalyzer" | "OutputModule";
export type ComponentKind = ModuleKind | "Source" | "Service" | "ESProducer" | "ESSource";

/**
 * A plugin with its parameters. Parameters are readable and assignable as properties: `module.threshold = 0.7` keeps
 * the declared type, a new name needs a cms type.
 */
export class Component {
  // biome-ignore lint/suspicious/noExplicitAny: parameters as properties, checked at run time by the proxy
  [parameter: string]: any;
  readonly kind_!: ComponentKind;
  readonly type_!: string;
  readonly parameters_!: Record<string, TypedValue>;
  readonly places_!: Places;

  constructor(kind: ComponentKind, type: string, parameters: object = {}, places = new Places()) {
    const values = checkedParameters(parameters);
    const fixed = { kind_: kind, type_: type, parameters_: values, places_: places };
    for (const [name, value] of Object.entries(fixed)) Object.defineProperty(this, name, { value });
    // biome-ignore lint/correctness/noConstructorReturn: a component is seen through its view
    return parameterView(this, values, {
      name: () => `${kind} '${type}'`,
      assigned: (name) => places.assigned(name),
    });
  }

  /** A deep copy under no label yet, with changes. @throws Configuration for a change that does not fit. */
  clone(changes: Changes = {}): Component {
    const parameters = changedParameters(this.parameters_, changes, `${this.kind_} '${this.type_}'`);
    return new Component(this.kind_, this.type_, parameters, new Places(this.places_));
  }

  copy(): Component {
    return this.clone();
  }
  parameterNames_(): string[] {
    return Object.keys(this.parameters_);
  }
  hasParameter(name: string): boolean {
    return Object.hasOwn(this.parameters_, name);
  }
}

/** Where a config made a component and gave each of its parameters; a clone also knows its original's places. */
export class Places {
  readonly #made: readonly Origin[];
  readonly #assigned: Map<string, Origin>;

  constructor(original?: Places) {
    this.#made = [new Origin(), ...(original ? original.#made : [])];
    this.#assigned = new Map(original ? original.#assigned : []);
  }

  /** Called while the config assigns the parameter. */
  assigned(parameter: string): void {
    this.#assigned.set(parameter, new Origin());
  }

  /** ` (configs/score_cfg.ts:9)` of the parameter, or of the component when no line names the parameter. */
  where(parameter?: string): string {
    const assigned = parameter === undefined ? undefined : this.#assigned.get(parameter);
    if (assigned) return assigned.where(parameter);
    const origin =
      this.#made.find((made) => parameter !== undefined && made.names(parameter)) ?? this.#made[0];
    return origin?.where(parameter) ?? "";
  }
}
