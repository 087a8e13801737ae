/**
 * CMSSW's parameter types: for each kind its TypeScript value, its check and its text form. Everything else about
 * parameters (cms.* in configs, descriptions in plugins, ParameterSet, ParameterSetID) is generated from this table.
 */
import { ESInputTag, InputTag } from "./InputTag.js";

/** The identity of an event; printed as run:lumi:event. Event numbers beyond 2^53 are refused by the sources. */
export interface EventID {
  readonly run: number;
  readonly luminosityBlock: number;
  readonly event: number;
}
export interface LuminosityBlockID {
  readonly run: number;
  readonly luminosityBlock: number;
}
/** Both ends included. */
export interface LuminosityBlockRange {
  readonly first: LuminosityBlockID;
  readonly last: LuminosityBlockID;
}
/** Both ends included. */
export interface EventRange {
  readonly first: EventID;
  readonly last: EventID;
}

/** The value a parameter of each scalar kind holds. A FileInPath holds the path as written in the config. */
export interface ScalarValues {
  bool: boolean;
  int32: number;
  uint32: number;
  int64: bigint;
  uint64: bigint;
  double: number;
  string: string;
  InputTag: InputTag;
  ESInputTag: ESInputTag;
  FileInPath: string;
  EventID: EventID;
  LuminosityBlockID: LuminosityBlockID;
  LuminosityBlockRange: LuminosityBlockRange;
  EventRange: EventRange;
}
/** What may be written in a config where the value is expected. */
export interface ScalarInputs {
  bool: boolean;
  int32: number;
  uint32: number;
  int64: number | bigint;
  uint64: number | bigint;
  double: number;
  string: string;
  InputTag: string | InputTag;
  ESInputTag: string | ESInputTag;
  FileInPath: string;
  EventID: string | EventID;
  LuminosityBlockID: string | LuminosityBlockID;
  LuminosityBlockRange: string | LuminosityBlockRange;
  EventRange: string | EventRange;
}

export type ScalarKind = keyof ScalarValues;
export type VectorKind = `v${Exclude<ScalarKind, "FileInPath">}`;
/** A vector kind's element kind, e.g. vint32 → int32. */
export type ElementKind<K extends VectorKind> = K extends `v${infer S extends ScalarKind}` ? S : never;
export type PlainKind = ScalarKind | VectorKind;

export type ValueOf<K extends PlainKind> = K extends ScalarKind
  ? ScalarValues[K]
  : K extends VectorKind
    ? readonly ScalarValues[ElementKind<K>][]
    : never;
export type InputOf<K extends PlainKind> = K extends ScalarKind
  ? ScalarInputs[K]
  : K extends VectorKind
    ? readonly ScalarInputs[ElementKind<K>][]
    : never;

/** Converts an input to the kind's value, or returns undefined when it is not one. */
type Convert<K extends ScalarKind> = (input: unknown) => ScalarValues[K] | undefined;

const integer = (low: number, high: number) => (input: unknown) =>
  typeof input === "number" && Number.isInteger(input) && input >= low && input <= high ? input : undefined;

const bigInteger = (low: bigint, high: bigint) => (input: unknown) => {
  const isWhole = typeof input === "bigint" || (typeof input === "number" && Number.isSafeInteger(input));
  const value = isWhole ? BigInt(input as number | bigint) : undefined;
  return value !== undefined && value >= low && value <= high ? value : undefined;
};

const numbers = (text: string, counts: readonly number[]): number[] | undefined => {
  const parts = text.split(":");
  if (!counts.includes(parts.length)) return undefined;
  const values = parts.map((part) => {
    if (part === "MIN") return 1;
    if (part === "MAX") return 2 ** 32 - 1;
    return /^\d+$/.test(part) ? Number(part) : Number.NaN;
  });
  return values.some(Number.isNaN) ? undefined : values;
};

const eventID: Convert<"EventID"> = (input) => {
  if (typeof input !== "string") return isRecordOf(input, ["run", "luminosityBlock", "event"]) as EventID | undefined;
  const v = numbers(input, [2, 3]);
  if (!v) return undefined;
  const [run = 0, second = 0, third] = v;
  return third === undefined
    ? { run, luminosityBlock: 0, event: second }
    : { run, luminosityBlock: second, event: third };
};

const luminosityBlockID: Convert<"LuminosityBlockID"> = (input) => {
  if (typeof input !== "string") return isRecordOf(input, ["run", "luminosityBlock"]) as LuminosityBlockID | undefined;
  const v = numbers(input, [2]);
  return v && { run: v[0] ?? 0, luminosityBlock: v[1] ?? 0 };
};

function range<T>(input: unknown, end: (input: unknown) => T | undefined): { first: T; last: T } | undefined {
  const ends = typeof input === "string" ? input.split("-") : [(input as { first?: T })?.first, (input as { last?: T })?.last];
  const first = end(ends[0]);
  const last = typeof input === "string" && ends.length === 1 ? first : end(ends[1]);
  return first !== undefined && last !== undefined && ends.length <= 2 ? { first, last } : undefined;
}

function isRecordOf(input: unknown, names: readonly string[]): unknown {
  const record = input as Record<string, unknown> | null | undefined;
  return typeof record === "object" && record !== null && names.every((n) => typeof record[n] === "number") ? input : undefined;
}

/** The check and conversion of each scalar kind. */
export const converters: { readonly [K in ScalarKind]: Convert<K> } = {
  bool: (input) => (typeof input === "boolean" ? input : undefined),
  int32: integer(-(2 ** 31), 2 ** 31 - 1),
  uint32: integer(0, 2 ** 32 - 1),
  int64: bigInteger(-(2n ** 63n), 2n ** 63n - 1n),
  uint64: bigInteger(0n, 2n ** 64n - 1n),
  double: (input) => (typeof input === "number" ? input : undefined),
  string: (input) => (typeof input === "string" ? input : undefined),
  InputTag: (input) => (typeof input === "string" ? InputTag.parse(input) : input instanceof InputTag ? input : undefined),
  ESInputTag: (input) =>
    typeof input === "string" ? ESInputTag.parse(input) : input instanceof ESInputTag ? input : undefined,
  FileInPath: (input) => (typeof input === "string" && input !== "" ? input : undefined),
  EventID: eventID,
  LuminosityBlockID: luminosityBlockID,
  LuminosityBlockRange: (input) => range(input, luminosityBlockID),
  EventRange: (input) => range(input, eventID),
};

export const scalarKinds = Object.keys(converters) as ScalarKind[];
export const vectorKinds = scalarKinds.filter((k) => k !== "FileInPath").map((k) => `v${k}`) as VectorKind[];

export function isVectorKind(kind: string): kind is VectorKind {
  return (vectorKinds as string[]).includes(kind);
}

/** Converts any input to the value of `kind`; undefined when it does not fit. */
export function convert<K extends PlainKind>(kind: K, input: unknown): ValueOf<K> | undefined {
  if (!isVectorKind(kind)) return converters[kind as ScalarKind](input) as ValueOf<K> | undefined;
  if (!Array.isArray(input)) return undefined;
  const element = converters[kind.slice(1) as ScalarKind] as (input: unknown) => unknown;
  const values: unknown[] = input.map((value) => element(value));
  return values.includes(undefined) ? undefined : (values as unknown as ValueOf<K>);
}

/** The canonical text of a value: what the ParameterSetID hashes and what worker threads are sent. */
export function valueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(valueText).join(",")}]`;
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (value instanceof InputTag || value instanceof ESInputTag) return JSON.stringify(value.toString());
  return JSON.stringify(value);
}
