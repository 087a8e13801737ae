/**
 * How a config sees parameters: `module.cuts.minPt = 30` and `module.steps[0].name` read and assign through views,
 * while everything else works on the plain records behind them. An assigned plain value keeps the declared type.
 */
import { Exception } from "../base/errors.js";
import { assign, noSuch } from "./assign.js";
import { type Changes, changedParameters } from "./changedParameters.js";
import { isPSet, type Parameters, setBehindView, TypedValue } from "./values.js";

/** Whose parameters they are, for messages, and who is told that one was assigned. */
export interface ViewOwner {
  readonly name: () => string;
  readonly assigned?: (parameter: string) => void;
}

type Values = Record<string, TypedValue>;

/** `target` with the entries of `values` as properties. */
export function parameterView<T extends object>(target: T, values: Values, owner: ViewOwner): T {
  const isParameter = (object: T, name: string | symbol): name is string =>
    !Object.hasOwn(object, name) && Object.hasOwn(values, name);
  const read = (name: string) => {
    const value = values[name] as TypedValue;
    return viewOf(value, { ...owner, name: () => `${owner.name()}: ${value.kind} '${name}'` });
  };
  return new Proxy(target, {
    get: (object, name) => (isParameter(object, name) ? read(name) : Reflect.get(object, name)),
    set(_object, name, input: unknown) {
      assign(values, String(name), input, owner.name());
      owner.assigned?.(String(name));
      return true;
    },
    has: (object, name) => name in object || Object.hasOwn(values, name),
    deleteProperty(_object, name) {
      if (!Object.hasOwn(values, name)) throw noSuch(String(name), values, owner.name());
      return delete values[String(name)];
    },
    ownKeys: (object) => [...new Set([...Reflect.ownKeys(object), ...Object.keys(values)])],
    getOwnPropertyDescriptor: (object, name) =>
      isParameter(object, name)
        ? { configurable: true, enumerable: true, writable: true, value: read(name) }
        : Reflect.getOwnPropertyDescriptor(object, name),
  });
}

/** A PSet's parameters as properties, a VPSet's elements by index; any other value as it is. */
export function viewOf<V extends TypedValue>(value: V, owner: ViewOwner = { name: () => value.kind }): V {
  if (!isPSet(value.kind) && value.kind !== "VPSet") return value;
  const view = value.kind === "VPSet" ? listView(value, owner) : setView(value, owner);
  setBehindView(view, value);
  return view as V;
}

function setView(pset: TypedValue, owner: ViewOwner): TypedValue {
  const { kind, tracked } = pset;
  const values = pset.value as Values;
  const clone = (changes: Changes = {}) =>
    viewOf(new TypedValue(kind, tracked, changedParameters(values, changes, owner.name())));
  // The target holds no parameter of its own, so that one called "value" or "kind" is seen.
  const target = Object.create(pset, { clone: { value: clone, configurable: true } });
  return parameterView(target as TypedValue, values, owner);
}

function listView(list: TypedValue, owner: ViewOwner): TypedValue {
  const elements = list.value as Parameters[];
  const at = (index: number) =>
    viewOf(new TypedValue("PSet", list.tracked, elements[index]), {
      ...owner,
      name: () => `${owner.name()}[${index}]`,
    });
  return new Proxy(Object.create(list) as TypedValue, {
    get(target, name) {
      if (name === "length") return elements.length;
      if (name === Symbol.iterator) return () => elements.map((_, index) => at(index)).values();
      return typeof name === "string" && /^\d+$/.test(name) && Number(name) < elements.length
        ? at(Number(name))
        : Reflect.get(target, name);
    },
    set(_target, name) {
      throw new Exception(
        "Configuration",
        `${owner.name()}: assign the parameters of its elements, or a new cms.VPSet, not '${String(name)}'`,
      );
    },
  });
}
