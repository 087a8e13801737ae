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
/** CMSSW's spelling: vstring, but VInputTag. */
type VectorOf<S extends string> = S extends Uncapitalize<S> ? `v${S}` : `V${S}`;
export type VectorKind = VectorOf<Exclude<ScalarKind, "FileInPath">>;
/** A vector kind's element kind, e.g. vint32 → int32. */
export type ElementKind<K extends VectorKind> = K extends `${"v" | "V"}${infer S extends ScalarKind}`
  ? S
  : never;
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
  typeof input === "number" && Number.isInteger(input) && input >= low && input <= high
    ? input + 0
    : undefined;

const bigInteger = (low: bigint, high: bigint) => (input: unknown) => {
  const isWhole = typeof input === "bigint" || (typeof input === "number" && Number.isSafeInteger(input));
  const value = isWhole ? BigInt(input as number | bigint) : undefined;
  return value !== undefined && value >= low && value <= high ? value : undefined;
};

const maxUint32 = 2 ** 32 - 1;
const maxEvent = Number.MAX_SAFE_INTEGER;

/** Reads `run:…`, one number a limit; after the run also the words MIN (1) and MAX (the limit). */
function numbers(text: string, limits: readonly number[]): number[] | undefined {
  const parts = text.split(":");
  const values = parts.map((part, index) => {
    const limit = limits[index] ?? -1;
    if (index > 0 && /^min$/i.test(part)) return 1;
    if (index > 0 && /^max$/i.test(part)) return limit;
    return /^\d+$/.test(part) && Number(part) <= limit ? Number(part) : Number.NaN;
  });
  return parts.length !== limits.length || values.some(Number.isNaN) ? undefined : values;
}

const eventID: Convert<"EventID"> = (input) => {
  if (typeof input !== "string")
    return isObject(input) ? eventID(`${input.run}:${input.luminosityBlock}:${input.event}`) : undefined;
  const short = numbers(input, [maxUint32, maxEvent]);
  if (short) return { run: short[0] ?? 0, luminosityBlock: 0, event: short[1] ?? 0 };
  const [run, luminosityBlock = 0, event = 0] = numbers(input, [maxUint32, maxUint32, maxEvent]) ?? [];
  return run === undefined ? undefined : { run, luminosityBlock, event };
};

const luminosityBlockID: Convert<"LuminosityBlockID"> = (input) => {
  if (typeof input !== "string")
    return isObject(input) ? luminosityBlockID(`${input.run}:${input.luminosityBlock}`) : undefined;
  const [run, luminosityBlock = 0] = numbers(input, [maxUint32, maxUint32]) ?? [];
  return run === undefined ? undefined : { run, luminosityBlock };
};

/** `first-last`, or one ID for a range of one; both ends written alike, the first not after the last. */
function range<T extends LuminosityBlockID>(
  input: unknown,
  end: (input: unknown) => T | undefined,
): { first: T; last: T } | undefined {
  const ends =
    typeof input === "string" ? input.split("-") : isObject(input) ? [input.first, input.last] : [];
  const [from, to = from] = ends;
  const first = end(from);
  const last = end(to);
  const isAlike =
    typeof from !== "string" || typeof to !== "string" || from.split(":").length === to.split(":").length;
  if (!first || !last || ends.length > 2 || !isAlike) return undefined;
  return isAfter(first, last) ? undefined : { first, last };
}

function isAfter(
  a: LuminosityBlockID & { event?: number },
  b: LuminosityBlockID & { event?: number },
): boolean {
  return (a.run - b.run || a.luminosityBlock - b.luminosityBlock || (a.event ?? 0) - (b.event ?? 0)) > 0;
}

function isObject(input: unknown): input is { readonly [name: string]: unknown } {
  return typeof input === "object" && input !== null;
}

/** The check and conversion of each scalar kind. */
export const converters: { readonly [K in ScalarKind]: Convert<K> } = {
  bool: (input) => (typeof input === "boolean" ? input : undefined),
  int32: integer(-(2 ** 31), 2 ** 31 - 1),
  uint32: integer(0, maxUint32),
  int64: bigInteger(-(2n ** 63n), 2n ** 63n - 1n),
  uint64: bigInteger(0n, 2n ** 64n - 1n),
  double: (input) => (typeof input === "number" ? input : undefined),
  string: (input) => (typeof input === "string" ? input : undefined),
  InputTag: (input) =>
    typeof input === "string" ? InputTag.parse(input) : input instanceof InputTag ? input : undefined,
  ESInputTag: (input) =>
    typeof input === "string" ? ESInputTag.parse(input) : input instanceof ESInputTag ? input : undefined,
  FileInPath: (input) => (typeof input === "string" && input !== "" ? input : undefined),
  EventID: eventID,
  LuminosityBlockID: luminosityBlockID,
  LuminosityBlockRange: (input) => range(input, luminosityBlockID),
  EventRange: (input) => range(input, eventID),
};

export const scalarKinds = Object.keys(converters) as ScalarKind[];
export const vectorKinds = scalarKinds
  .filter((kind) => kind !== "FileInPath")
  .map((kind) => `${/^[a-z]/.test(kind) ? "v" : "V"}${kind}`) as VectorKind[];

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
