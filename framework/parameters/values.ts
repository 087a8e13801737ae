/** Typed values as configs write them: a kind of the table in kinds.ts, tracked or not, and the value. */
import { Exception } from "../base/errors.js";
import { convert, type PlainKind, type ValueOf, valueText } from "./kinds.js";

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
    return typeName(this);
  }
}

export function typeName({ kind, tracked }: { readonly kind: Kind; readonly tracked: boolean }): string {
  return `cms.${tracked ? "" : "untracked."}${kind}`;
}

/** The parameters of a PSet by name. */
export type Parameters = { readonly [name: string]: TypedValue };

/** Kinds whose value is a set of parameters; a SecSource holds its type as the parameter `@module_type`. */
export function isPSet(kind: Kind): kind is "PSet" | "SecSource" {
  return kind === "PSet" || kind === "SecSource";
}

export type Scalar<K extends PlainKind, Tracked extends boolean> = TypedValue<K, Tracked, ValueOf<K>>;
export type PSetValue<P, Tracked extends boolean> = TypedValue<"PSet", Tracked, P> & Named<P>;
export type VPSetValue<P, Tracked extends boolean> = TypedValue<"VPSet", Tracked, readonly P[]> & Named<P>;
/** Exists for the compiler only: makes a misspelt parameter of a nested PSet an error. */
export interface Named<P> {
  readonly names_?: NamesOf<P>;
}
type NamesOf<P> = P extends unknown ? ("*" extends keyof P ? PropertyKey : keyof P) : never;
export type SecSourceValue<Tracked extends boolean> = TypedValue<"SecSource", Tracked, Parameters>;

/** Makes one checked value. @throws Configuration naming the kind and the offending input. */
export function makeValue(kind: PlainKind, tracked: boolean, input: unknown): TypedValue {
  const value = convert(kind, input);
  if (value === undefined) {
    const text = `${typeName({ kind, tracked })}: ${inputText(input)} is not a ${kind}${expectation(kind)}`;
    throw new Exception("Configuration", text);
  }
  return new TypedValue(kind, tracked, value);
}

/** An input as error messages quote it. */
export function inputText(given: unknown): string {
  const input = behindView(given);
  if (input instanceof TypedValue) return `a ${input.typeName}`;
  if (input === undefined || typeof input === "function" || typeof input === "symbol") return String(input);
  if (typeof input !== "object" || input === null || Array.isArray(input)) return valueText(input);
  const { name } = input.constructor ?? Object;
  return name === "Object" ? "a plain object" : `a ${name}`;
}

const behind = new WeakMap<object, TypedValue>();

/** The value behind a view (parameterView.ts); anything else as it is. */
export function behindView<T>(value: T): T {
  return ((typeof value === "object" && value !== null && behind.get(value)) || value) as T;
}

export function setBehindView(view: object, value: TypedValue): void {
  behind.set(view, value);
}

const formats: { readonly [kind: string]: string } = {
  bool: "true or false",
  int32: "a whole number from -2147483648 to 2147483647",
  uint32: "a whole number from 0 to 4294967295",
  int64: "a whole number of 64 bits; write it as bigint beyond 2^53: 9007199254740993n",
  uint64: "a whole number of 64 bits, not negative; write it as bigint beyond 2^53: 9007199254740993n",
  double: "a number",
  string: "a text in quotes",
  EventID: "'run:event' or 'run:lumi:event'",
  LuminosityBlockID: "'run:lumi'",
  LuminosityBlockRange: "'run:lumi-run:lumi', the first not after the last",
  EventRange: "'run:lumi:event-run:lumi:event', the first not after the last",
  InputTag: "'label', 'label:instance' or 'label:instance:process'",
  ESInputTag: "'module:data'",
  FileInPath: "a path, not empty",
};

function expectation(kind: PlainKind): string {
  const format = formats[kind];
  return format ? ` (${format})` : ` (an array, each element ${formats[kind.slice(1)]})`;
}
