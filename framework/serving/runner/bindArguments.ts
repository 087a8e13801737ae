/** A call's arguments → one value for each input: by position in the function's order, by name in a dictionary at the end. */
import { suggestion } from "../../base/didYouMean.js";
import { isTensor } from "../../tensorflow/asTensor.js";
import { badRequest } from "../servingErrors.js";
import type { Argument, CallForm, Structure } from "../../tensorflow/savedmodel/CallForm.js";

/** Input key → what was given for it. */
export type Bound = Map<string, unknown>;

/**
 * Binds what is given to a form's arguments; those of `fixed` are not to be given.
 * @throws BadRequest for too many, missing, unknown and doubly given arguments, naming those there are
 */
export function bindArguments(form: CallForm, given: readonly unknown[], fixed: Bound = new Map()): Bound {
  const free = ({ structure }: Argument) => typeof structure !== "string" || !fixed.has(structure);
  const positional = form.positional.filter(free);
  const all = [...positional, ...form.keywords.filter(free)];
  const { values, named } = splitNamed(positional, all, given);
  if (values.length > positional.length)
    throw badRequest(
      `${values.length} arguments are given, ${positional.length} are taken by position: ${show(all)}.`,
    );
  const bound: Bound = new Map();
  for (const [i, value] of values.entries())
    put((positional[i] as Argument).structure, value, bound, nameOf(positional[i] as Argument));
  for (const [name, value] of Object.entries(named)) {
    const argument = all.find(({ names }) => names.includes(name));
    if (!argument) throw badRequest(`there is no argument '${name}'${suggestion(name, all.map(nameOf))}`);
    if (values.length > positional.indexOf(argument) && positional.includes(argument))
      throw badRequest(`argument '${name}' is given twice, by position and by name.`);
    put(argument.structure, value, bound, name);
  }
  const missing = all.filter(
    (argument, i) => i >= values.length && !argument.names.some((name) => name in named),
  );
  if (missing.length > 0) throw badRequest(`${show(missing)} is missing; the arguments are ${show(all)}.`);
  return bound;
}

/** By name, for what a runner always gives. @throws BadRequest for an unknown name */
export function bindNamed(form: CallForm, named: Readonly<Record<string, unknown>>): Bound {
  const all = [...form.positional, ...form.keywords];
  const bound: Bound = new Map();
  for (const [name, value] of Object.entries(named)) {
    const argument = all.find(({ names }) => names.includes(name));
    if (!argument) throw badRequest(`there is no argument '${name}'${suggestion(name, all.map(nameOf))}`);
    put(argument.structure, value, bound, name);
  }
  return bound;
}

/** A plain object at the end gives arguments by name, unless it stands where a dictionary is an argument. */
function splitNamed(positional: readonly Argument[], all: readonly Argument[], given: readonly unknown[]) {
  const last = given.at(-1);
  const isValue = isDictionary(positional[given.length - 1]?.structure) && !isNamed(last, all);
  if (!isDictionary(last) || isValue) return { values: given, named: {} };
  return { values: given.slice(0, -1), named: last };
}

function isNamed(value: unknown, all: readonly Argument[]): boolean {
  return (
    isDictionary(value) && Object.keys(value).every((key) => all.some(({ names }) => names.includes(key)))
  );
}

function put(structure: Structure, value: unknown, bound: Bound, where: string): void {
  if (typeof structure === "string") {
    bound.set(structure, value);
  } else if (Array.isArray(structure)) {
    if (!Array.isArray(value) || value.length !== structure.length)
      throw badRequest(`argument '${where}' is a list of ${structure.length}.`);
    for (const [i, item] of structure.entries()) put(item, value[i], bound, `${where}[${i}]`);
  } else {
    const fields = Object.entries(structure);
    if (!isDictionary(value))
      throw badRequest(
        `argument '${where}' is a dictionary of ${fields.map(([key]) => `'${key}'`).join(", ")}.`,
      );
    for (const [key, field] of fields) {
      if (!(key in value)) throw badRequest(`'${key}' is missing in argument '${where}'.`);
      put(field, value[key], bound, `${where}.${key}`);
    }
  }
}

/** No tensor, no array. */
function isDictionary(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value) &&
    !isTensor(value)
  );
}

function nameOf({ names }: Argument, i = 0): string {
  return names[0] ?? `argument ${i}`;
}

function show(list: readonly Argument[]): string {
  return list.map((argument, i) => `'${nameOf(argument, i)}'`).join(", ") || "none";
}
