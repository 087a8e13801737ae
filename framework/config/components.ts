/** What a config attaches to a process: modules, sources, services, EventSetup modules. Mutable until the job starts. */
import { suggestion } from "../base/didYouMean.js";
import { Exception } from "../base/errors.js";
import { convert, type PlainKind } from "../parameters/kinds.js";
import { checkedParameters, makeValue, type Parameters, TypedValue } from "../parameters/values.js";
import { Origin } from "./origin.js";

export type ModuleKind = "EDProducer" | "EDFilter" | "EDAnalyzer" | "OutputModule";
export type ComponentKind = ModuleKind | "Source" | "Service" | "ESProducer" | "ESSource";

/** Changes for clone: a plain value keeps the declared type, null removes, an object descends into a PSet. */
export type Changes = { readonly [name: string]: unknown };

/**
 * A plugin with its parameters. Parameters are readable and assignable as properties: `module.threshold = 0.7` keeps
 * the declared type, a new name needs a cms type.
 */
export class Component {
  // biome-ignore lint/suspicious/noExplicitAny: parameters as properties, checked at run time by the proxy
  [parameter: string]: any;
  readonly kind_!: ComponentKind;
  readonly type_!: string;
  readonly origin_!: Origin;
  readonly parameters_!: Record<string, TypedValue>;

  constructor(kind: ComponentKind, type: string, parameters: object = {}, origin = new Origin()) {
    const values: Record<string, TypedValue> = { ...checkedParameters(parameters) };
    const fixed = { kind_: kind, type_: type, origin_: origin, parameters_: values };
    for (const [name, value] of Object.entries(fixed)) Object.defineProperty(this, name, { value });
    const owner = () => `${kind} '${type}'`;
    // biome-ignore lint/correctness/noConstructorReturn: a component is seen through its proxy
    return withParameters(this, values, owner);
  }

  /** A deep copy under no label yet, with changes. */
  clone(changes: Changes = {}): Component {
    return new Component(this.kind_, this.type_, changed(this.parameters_, changes, `${this.kind_} '${this.type_}'`));
  }

  copy(): Component {
    return this.clone();
  }
  parameterNames_(): string[] {
    return Object.keys(this.parameters_);
  }
  hasParameter(name: string): boolean {
    return name in this.parameters_;
  }
}

/** A view of `target` on which the entries of `values` are properties. */
export function withParameters<T extends object>(target: T, values: Record<string, TypedValue>, owner: () => string): T {
  return new Proxy(target, {
    get(object, name, receiver) {
      if (typeof name === "symbol" || name in object) return Reflect.get(object, name, receiver);
      const value = values[name];
      if (value?.kind !== "PSet") return value;
      return withParameters(value, value.value as Record<string, TypedValue>, () => `${owner()}: PSet '${name}'`);
    },
    set(_object, name, input: unknown) {
      assign(values, String(name), input, owner());
      return true;
    },
    has: (object, name) => name in object || name in values,
    deleteProperty: (_object, name) => delete values[String(name)],
    ownKeys: (object) => [...new Set([...Reflect.ownKeys(object), ...Object.keys(values)])],
  });
}

function assign(values: Record<string, TypedValue>, name: string, input: unknown, owner: string): void {
  if (input instanceof TypedValue) {
    values[name] = input;
    return;
  }
  const declared = values[name];
  if (!declared) {
    throw new Exception(
      "Configuration",
      `${owner}: '${name}' does not already exist, so it can only be set to a cms type${suggestion(name, Object.keys(values))}`,
    );
  }
  values[name] = converted(declared, input, `${owner}: parameter '${name}'`);
}

function converted(declared: TypedValue, input: unknown, what: string): TypedValue {
  const { kind, tracked } = declared;
  if (kind === "PSet" || kind === "VPSet" || kind === "SecSource") {
    throw new Exception("Configuration", `${what} is a ${declared.typeName}; assign one.`);
  }
  if (convert(kind as PlainKind, input) === undefined) {
    throw new Exception("Configuration", `${what} is a ${declared.typeName}; ${String(input)} does not fit.`);
  }
  return makeValue(kind as PlainKind, tracked, input);
}

function changed(parameters: Parameters, changes: Changes, owner: string): Record<string, TypedValue> {
  const values: Record<string, TypedValue> = {};
  for (const [name, value] of Object.entries(parameters)) values[name] = deepCopy(value);
  for (const [name, change] of Object.entries(changes)) {
    const declared = values[name];
    if (change === null) delete values[name];
    else if (declared?.kind === "PSet" && isPlainObject(change)) {
      const nested = changed(declared.value as Parameters, change, `${owner}: PSet '${name}'`);
      values[name] = new TypedValue("PSet", declared.tracked, nested);
    } else if (declared?.kind === "VPSet" && isPlainObject(change)) {
      const elements = [...(declared.value as readonly Parameters[])];
      for (const [index, nested] of Object.entries(change)) {
        elements[Number(index)] = changed(elements[Number(index)] ?? {}, nested as Changes, `${owner}: VPSet '${name}'[${index}]`);
      }
      values[name] = new TypedValue("VPSet", declared.tracked, elements);
    } else assign(values, name, change, owner);
  }
  return values;
}

function deepCopy(value: TypedValue): TypedValue {
  if (value.kind === "PSet") return new TypedValue("PSet", value.tracked, changed(value.value as Parameters, {}, ""));
  if (value.kind !== "VPSet") return value;
  return new TypedValue("VPSet", value.tracked, (value.value as readonly Parameters[]).map((p) => changed(p, {}, "")));
}

function isPlainObject(value: unknown): value is Changes {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
