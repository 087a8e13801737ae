/** The run-time check of a module's parameters against its plugin's description: says the same as the editor does. */
import { nearest } from "../base/didYouMean.js";
import { Exception } from "../base/errors.js";
import type { ParameterDescription, ParameterSetDescription } from "./description.js";
import { fullPath } from "./fileInPath.js";
import { valueText } from "./kinds.js";
import { parameterSuggestion } from "./ParameterSet.js";
import { type Parameters, TypedValue, typeName } from "./values.js";

/** Whose parameters these are, for messages. */
export interface ParameterOwner {
  /** For example: module 'scores' (TFScoreProducer). */
  readonly name: string;
  /** ` (configs/score_cfg.ts:9)` of the parameter, or of the owner when the parameter is not in the config; or "". */
  readonly where: (parameter?: string) => string;
}

/**
 * Gives the parameters with defaults inserted, in description order. The name `*` in a description
 * describes parameters of any other name.
 * @throws Configuration for an unknown, missing, mistyped or wrongly tracked parameter or a value not allowed;
 *   FileInPathError for a file that is not there.
 */
export function validateParameters(
  owner: ParameterOwner,
  description: ParameterSetDescription,
  given: Parameters,
  throwIfIllegal = true,
): Parameters {
  const { "*": free, ...named } = description;
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(named, name) && !free);
  if (unknown.length > 0 && throwIfIllegal) throw illegal(owner, description, unknown);
  const values: Record<string, TypedValue> = {};
  for (const [name, expected] of Object.entries(named)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined) {
      if (expected.presence === "required") throw missing(owner, name, expected, description, given);
      if (expected.presence === "default") values[name] = defaultOf(owner, name, expected, throwIfIllegal);
      continue;
    }
    values[name] = checked(owner, name, expected, value, throwIfIllegal);
  }
  for (const [name, value] of Object.entries(given)) {
    if (free && !Object.hasOwn(named, name)) values[name] = checked(owner, name, free, value, throwIfIllegal);
  }
  return values;
}

function illegal(owner: ParameterOwner, description: ParameterSetDescription, unknown: string[]): Exception {
  const sentences = unknown.map((name) => {
    const hint = parameterSuggestion(name, description).replace("there is none", "it takes no parameters");
    return `${owner.name}: unknown parameter '${name}'${hint}${owner.where(name)}`;
  });
  return new Exception("Configuration", sentences.join("\n"));
}

function missing(
  owner: ParameterOwner,
  name: string,
  expected: ParameterDescription,
  description: ParameterSetDescription,
  given: Parameters,
): Exception {
  const misspelt = nearest(
    name,
    Object.keys(given).filter((g) => !Object.hasOwn(description, g)),
  );
  const hint = misspelt ? `did you mean it by '${misspelt}'?` : `add ${name}: ${example(expected)}`;
  return new Exception(
    "Configuration",
    `${owner.name}: missing required parameter '${name}' (${typeName(expected)}); ${hint}${owner.where()}`,
  );
}

const example = (expected: ParameterDescription) => `${typeName(expected)}(…)`;

function defaultOf(
  owner: ParameterOwner,
  name: string,
  expected: ParameterDescription,
  throwIfIllegal: boolean,
): TypedValue {
  if (expected.kind === "PSet") {
    const empty = new TypedValue("PSet", expected.tracked, {});
    return checked(owner, name, expected, empty, throwIfIllegal);
  }
  return new TypedValue(expected.kind, expected.tracked, expected.defaultValue);
}

function checked(
  owner: ParameterOwner,
  name: string,
  expected: ParameterDescription,
  value: TypedValue,
  throwIfIllegal: boolean,
): TypedValue {
  if (value.kind !== expected.kind || value.tracked !== expected.tracked) {
    const problem = value.kind === expected.kind ? "tracked-ness" : "type";
    const text = `parameter '${name}' has the wrong ${problem}: it is ${value.typeName}; use ${example(expected)}`;
    throw new Exception("Configuration", `${owner.name}: ${text}${owner.where(name)}`);
  }
  const nestedOwner = { name: `${owner.name}: PSet '${name}'`, where: owner.where };
  if (expected.kind === "PSet") {
    const nested = expected.nested as ParameterSetDescription;
    const values = validateParameters(nestedOwner, nested, value.value as Parameters, throwIfIllegal);
    return new TypedValue("PSet", value.tracked, values);
  }
  if (expected.kind === "VPSet") {
    const elements = (value.value as readonly Parameters[]).map((element, index) =>
      validateParameters(
        { name: `${owner.name}: VPSet '${name}'[${index}]`, where: owner.where },
        expected.nested as ParameterSetDescription,
        element,
        throwIfIllegal,
      ),
    );
    return new TypedValue("VPSet", value.tracked, elements);
  }
  if (expected.allowed) mustBeAllowed(owner, name, expected.allowed, value);
  if (expected.kind === "FileInPath") mustExist(owner, name, value.value as string);
  return value;
}

function mustBeAllowed(
  owner: ParameterOwner,
  name: string,
  allowed: readonly unknown[],
  { value }: TypedValue,
): void {
  const texts = allowed.map(valueText);
  const offending = (Array.isArray(value) ? value : [value]).find(
    (element) => !texts.includes(valueText(element)),
  );
  if (offending === undefined) return;
  const near = typeof offending === "string" ? nearest(offending, allowed.map(String)) : undefined;
  const hint = near ? `did you mean '${near}'? ` : "";
  throw new Exception(
    "Configuration",
    `${owner.name}: parameter '${name}' is ${valueText(offending)}; ${hint}Allowed: ${texts.join(", ")}${owner.where(name)}`,
  );
}

function mustExist(owner: ParameterOwner, name: string, path: string): void {
  try {
    fullPath(path);
  } catch (error) {
    const cause = error as Exception;
    throw new Exception(
      cause.category,
      `${owner.name}: parameter '${name}': ${cause.message}${owner.where(name)}`,
    );
  }
}
