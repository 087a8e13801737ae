/** The validated parameters of one module as its plugin reads them, with their ParameterSetID. */
import { createHash } from "node:crypto";
import { suggestion } from "../base/didYouMean.js";
import { Exception } from "../base/errors.js";
import type { ParameterDescription, ParameterOf, ParameterSetDescription } from "./description.js";
import { fullPath } from "./fileInPath.js";
import { ESInputTag, InputTag } from "./InputTag.js";
import { valueText } from "./kinds.js";
import { isPSet, type Parameters, TypedValue } from "./values.js";

type Names<D, Tracked extends boolean> = {
  [K in keyof D]: D[K] extends ParameterDescription ? (D[K]["tracked"] extends Tracked ? K : never) : never;
}[keyof D] &
  string;

/** Parameters by name; the static type of each value follows from the plugin's description. */
export class ParameterSet<D = ParameterSetDescription> {
  readonly #values: Parameters;

  /** `values` are already validated (validateParameters). */
  constructor(values: Parameters) {
    this.#values = values;
  }

  /** The tracked parameter `name`. A FileInPath comes as the full path of the file found. */
  getParameter<K extends Names<D, true>>(name: K): ParameterOf<D[K]> {
    return this.#read(name, true) as ParameterOf<D[K]>;
  }

  /** The untracked parameter `name`. */
  getUntrackedParameter<K extends Names<D, false>>(name: K): ParameterOf<D[K]> {
    return this.#read(name, false) as ParameterOf<D[K]>;
  }

  get parameterNames(): string[] {
    return Object.keys(this.#values);
  }

  /** MD5 of the canonical text of the tracked parameters, 32 hex digits: untracked ones never change it. */
  get id(): string {
    return parameterSetID(this.#values);
  }

  #read(name: string, tracked: boolean): unknown {
    const found = Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
    if (found === undefined) return undefined;
    if (found.tracked !== tracked) {
      const right = found.tracked ? "getParameter" : "getUntrackedParameter";
      throw new Exception(
        "Configuration",
        `parameter '${name}' is ${found.typeName}; read it with ${right}('${name}').`,
      );
    }
    return readValue(found);
  }

  /** What worker threads are sent; see fromPlain. */
  toPlain(): PlainParameters {
    return toPlain(this.#values);
  }

  static fromPlain<D>(plain: PlainParameters): ParameterSet<D> {
    return new ParameterSet<D>(fromPlain(plain));
  }
}

function readValue({ kind, value }: TypedValue): unknown {
  if (isPSet(kind)) return new ParameterSet(value as Parameters);
  if (kind === "VPSet") return (value as readonly Parameters[]).map((p) => new ParameterSet(p));
  if (kind === "FileInPath") return fullPath(value as string);
  return value;
}

/** MD5 over `name=kind:value` of the tracked parameters in name order, nested sets by their own text. */
export function parameterSetID(values: Parameters): string {
  return createHash("md5").update(canonicalText(values)).digest("hex");
}

function canonicalText(values: Parameters): string {
  const names = Object.keys(values).sort();
  const parts: string[] = [];
  for (const name of names) {
    const parameter = values[name];
    if (parameter?.tracked) parts.push(`${name}=${parameter.kind}:${text(parameter)}`);
  }
  return `{${parts.join(";")}}`;
}

function text({ kind, value }: TypedValue): string {
  if (isPSet(kind)) return canonicalText(value as Parameters);
  if (kind === "VPSet") return `[${(value as readonly Parameters[]).map(canonicalText).join(",")}]`;
  return valueText(value);
}

/** Structured-cloneable form of Parameters: class instances (InputTag …) as their text. */
export interface PlainParameters {
  readonly [name: string]: {
    readonly kind: TypedValue["kind"];
    readonly tracked: boolean;
    readonly value: unknown;
  };
}

export function toPlain(values: Parameters): PlainParameters {
  return Object.fromEntries(
    Object.entries(values).map(([name, { kind, tracked, value }]) => [
      name,
      { kind, tracked, value: plainValue(kind, value) },
    ]),
  );
}

function plainValue(kind: TypedValue["kind"], value: unknown): unknown {
  if (isPSet(kind)) return toPlain(value as Parameters);
  if (kind === "VPSet") return (value as readonly Parameters[]).map(toPlain);
  if (kind === "InputTag" || kind === "ESInputTag") return String(value);
  if (kind === "VInputTag" || kind === "VESInputTag") return (value as readonly unknown[]).map(String);
  return value;
}

function fromPlain(plain: PlainParameters): Parameters {
  return Object.fromEntries(
    Object.entries(plain).map(([name, { kind, tracked, value }]) => [
      name,
      new TypedValue(kind, tracked, revived(kind, value)),
    ]),
  );
}

function revived(kind: TypedValue["kind"], value: unknown): unknown {
  if (isPSet(kind)) return fromPlain(value as PlainParameters);
  if (kind === "VPSet") return (value as readonly PlainParameters[]).map(fromPlain);
  if (kind === "InputTag") return InputTag.parse(value as string);
  if (kind === "ESInputTag") return ESInputTag.parse(value as string);
  if (kind === "VInputTag") return (value as readonly string[]).map(InputTag.parse);
  if (kind === "VESInputTag") return (value as readonly string[]).map(ESInputTag.parse);
  return value;
}

/** "; did you mean 'x'?" among the parameters of a description. */
export function parameterSuggestion(name: string, description: ParameterSetDescription): string {
  return suggestion(name, Object.keys(description));
}
