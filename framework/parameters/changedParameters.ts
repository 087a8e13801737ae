/** What clone does: a deep copy with changes. */
import { Exception } from "../base/errors.js";
import { assign, noSuch } from "./assign.js";
import { isPSet, type Parameters, TypedValue } from "./values.js";

/** A plain value keeps the declared type, null removes, an object descends into a PSet or, by index, into a VPSet. */
export type Changes = { readonly [name: string]: unknown };

/** @throws Configuration for a name that does not exist, a value that does not fit and an index beyond the list. */
export function changedParameters(
  parameters: Parameters,
  changes: Changes,
  owner: string,
): Record<string, TypedValue> {
  const values: Record<string, TypedValue> = {};
  for (const [name, value] of Object.entries(parameters)) values[name] = deepCopy(value);
  for (const [name, change] of Object.entries(changes)) {
    const declared = Object.hasOwn(values, name) ? values[name] : undefined;
    if (change === null) {
      if (!declared) throw noSuch(name, values, owner, ", so it cannot be removed");
      delete values[name];
    } else if (declared && isPlainObject(change) && (isPSet(declared.kind) || declared.kind === "VPSet")) {
      values[name] = descended(declared, change, `${owner}: ${declared.kind} '${name}'`);
    } else assign(values, name, change, owner);
  }
  return values;
}

function descended({ kind, tracked, value }: TypedValue, changes: Changes, owner: string): TypedValue {
  if (kind !== "VPSet")
    return new TypedValue(kind, tracked, changedParameters(value as Parameters, changes, owner));
  const elements = [...(value as readonly Parameters[])];
  for (const [index, nested] of Object.entries(changes)) {
    const element = elements[Number(index)];
    if (!element || !isPlainObject(nested)) {
      throw new Exception(
        "Configuration",
        `${owner} has ${elements.length} elements: change them as { index: { name: value } }, not by '${index}'`,
      );
    }
    elements[Number(index)] = changedParameters(element, nested, `${owner}[${index}]`);
  }
  return new TypedValue(kind, tracked, elements);
}

function deepCopy(value: TypedValue): TypedValue {
  const copy = (parameters: Parameters) => changedParameters(parameters, {}, "");
  if (isPSet(value.kind)) return new TypedValue(value.kind, value.tracked, copy(value.value as Parameters));
  if (value.kind !== "VPSet") return value;
  return new TypedValue("VPSet", value.tracked, (value.value as readonly Parameters[]).map(copy));
}

function isPlainObject(value: unknown): value is Changes {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
