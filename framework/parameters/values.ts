/** Typed values as configs write them: `cms.double(0.5)`, `cms.untracked.vstring([...])`, `cms.PSet({...})`. */
import { Exception } from "../base/errors.js";
import { convert, type InputOf, type PlainKind, scalarKinds, type ValueOf, valueText, vectorKinds } from "./kinds.js";

export type Kind = PlainKind | "PSet" | "VPSet" | "SecSource";

/** A value with its declared kind; tracked values enter the ParameterSetID. */
export class TypedValue<K extends Kind = Kind, Tracked extends boolean = boolean, V = unknown> {
  constructor(
    readonly kind: K,
    readonly tracked: Tracked,
    readonly value: V,
  ) {}

  /** `cms.untracked.double`, as error texts and dumps write it. */
  get typeName(): string {
    return `cms.${this.tracked ? "" : "untracked."}${this.kind}`;
  }
}

/** The parameters of a PSet by name. */
export type Parameters = { readonly [name: string]: TypedValue };

export type Scalar<K extends PlainKind, Tracked extends boolean> = TypedValue<K, Tracked, ValueOf<K>>;
export type PSetValue<P, Tracked extends boolean> = TypedValue<"PSet", Tracked, P>;
export type VPSetValue<P, Tracked extends boolean> = TypedValue<"VPSet", Tracked, readonly P[]>;

type ScalarMaker<K extends PlainKind, Tracked extends boolean> = (
  ...input: K extends "InputTag"
    ? [labelOrTag: InputOf<K>, instance?: string, process?: string]
    : K extends `v${string}`
      ? [values: InputOf<K>] | (InputOf<K> extends readonly (infer E)[] ? E[] : never)
      : [value: InputOf<K>]
) => Scalar<K, Tracked>;

export type ValueMakers<Tracked extends boolean> = { readonly [K in PlainKind]: ScalarMaker<K, Tracked> } & {
  PSet<P extends object = Record<never, never>>(parameters?: P): PSetValue<P, Tracked>;
  VPSet<P extends object>(...psets: PSetValue<P, boolean>[]): VPSetValue<P, Tracked>;
};

/** Makes one checked value. @throws Configuration naming the kind and the offending input. */
export function makeValue(kind: PlainKind, tracked: boolean, input: unknown): TypedValue {
  const value = convert(kind, input);
  if (value === undefined) {
    const name = `cms.${tracked ? "" : "untracked."}${kind}`;
    throw new Exception("Configuration", `${name}: ${describe(input)} is not a ${kind}${expectation(kind)}.`);
  }
  return new TypedValue(kind, tracked, value);
}

function describe(input: unknown): string {
  return typeof input === "function" || input === undefined ? String(input) : valueText(input);
}

function expectation(kind: PlainKind): string {
  const expected: { readonly [kind: string]: string } = {
    int32: " (a whole number from -2147483648 to 2147483647)",
    uint32: " (a whole number from 0 to 4294967295)",
    EventID: " ('run:event' or 'run:lumi:event')",
    LuminosityBlockID: " ('run:lumi')",
    LuminosityBlockRange: " ('run:lumi-run:lumi')",
    EventRange: " ('run:lumi:event-run:lumi:event')",
    InputTag: " ('label', 'label:instance' or 'label:instance:process')",
    FileInPath: " (a path, not empty)",
  };
  return expected[kind] ?? (kind.startsWith("v") ? " (an array of values of its element type)" : "");
}

function scalarMaker(kind: PlainKind, tracked: boolean) {
  return (...input: unknown[]) => {
    if (kind === "InputTag" && input.length > 1) return makeValue(kind, tracked, input.join(":"));
    const isList = kind.startsWith("v") && !(input.length === 1 && Array.isArray(input[0]));
    return makeValue(kind, tracked, isList ? input : input[0]);
  };
}

function makers<Tracked extends boolean>(tracked: Tracked): ValueMakers<Tracked> {
  const scalars = [...scalarKinds, ...vectorKinds].map((kind) => [kind, scalarMaker(kind, tracked)]);
  return {
    ...(Object.fromEntries(scalars) as { [K in PlainKind]: ScalarMaker<K, Tracked> }),
    PSet: <P extends object>(parameters?: P) => new TypedValue("PSet", tracked, checkedParameters(parameters ?? {}) as P),
    VPSet: <P extends object>(...psets: PSetValue<P, boolean>[]) =>
      new TypedValue("VPSet", tracked, psets.map((pset) => pset.value)),
  };
}

/** Refuses plain values, because a parameter's type belongs into the config. */
export function checkedParameters(parameters: object): Parameters {
  for (const [name, value] of Object.entries(parameters)) {
    if (value instanceof TypedValue) continue;
    throw new Exception(
      "Configuration",
      `parameter '${name}' must be a cms type, got ${describe(value)}; write for example ${name}: cms.${guess(value)}`,
    );
  }
  return parameters as Parameters;
}

function guess(value: unknown): string {
  if (typeof value === "boolean") return `bool(${value})`;
  if (typeof value === "number") return Number.isInteger(value) ? `int32(${value})` : `double(${value})`;
  if (Array.isArray(value)) return `v${guess(value[0] ?? "").replace(/\(.*/s, "")}(${valueText(value)})`;
  if (typeof value === "object" && value !== null) return "PSet({…})";
  return `string(${JSON.stringify(String(value))})`;
}

export const trackedMakers = makers(true);
export const untrackedMakers = makers(false);
