/**
 * CMSSW's fillDescriptions as a value: a plugin's `static readonly description = { threshold: double(0.5), … }`.
 * The run-time check and the types of getParameter and of the config both follow from it.
 */
import type { ESInputTag, InputTag } from "./InputTag.js";
import {
  convert,
  type ElementKind,
  type InputOf,
  type PlainKind,
  scalarKinds,
  type ValueOf,
  type VectorKind,
  vectorKinds,
} from "./kinds.js";
import type { ParameterSet } from "./ParameterSet.js";
import type { Kind, PSetValue, Scalar, SecSourceValue, VPSetValue } from "./values.js";

/** Whether a config may leave the parameter out, and what getParameter then gives. */
export type Presence = "required" | "default" | "optional";

export interface ParameterDescription<
  K extends Kind = Kind,
  Tracked extends boolean = boolean,
  P extends Presence = Presence,
  Nested = unknown,
> {
  readonly kind: K;
  readonly tracked: Tracked;
  readonly presence: P;
  readonly defaultValue?: unknown;
  /** The description of a PSet's or of each VPSet element's parameters. */
  readonly nested?: Nested;
  /** The only values allowed, when given; of a vector: of its elements. */
  readonly allowed?: readonly unknown[];
  readonly comment?: string;
}

export type ParameterSetDescription = { readonly [name: string]: ParameterDescription };

/** What getParameter returns: a FileInPath as the full path, a PSet as a ParameterSet. */
export type ParameterOf<D> =
  D extends ParameterDescription<infer K, boolean, infer P, infer N>
    ? ReadValue<K, N> | (P extends "optional" ? undefined : never)
    : never;
type ReadValue<K, N> = K extends "PSet"
  ? ParameterSet<N>
  : K extends "VPSet"
    ? readonly ParameterSet<N>[]
    : K extends "SecSource"
      ? ParameterSet
      : K extends PlainKind
        ? ValueOf<K>
        : never;

/** What a config writes for one parameter. */
type WrittenOf<D> =
  D extends ParameterDescription<infer K, infer T, Presence, infer N>
    ? K extends "PSet"
      ? PSetValue<ParametersOf<N> | Reference, T>
      : K extends "VPSet"
        ? VPSetValue<ParametersOf<N> | Reference, T>
        : K extends "SecSource"
          ? SecSourceValue<T>
          : K extends PlainKind
            ? Scalar<K, T>
            : never
    : never;
/** Stands for the parameters of a PSet at the top level of the process. */
interface Reference {
  readonly refToPSet_: Scalar<"string", boolean>;
}
type Required<D> = {
  [K in keyof D]: D[K] extends ParameterDescription<Kind, boolean, "required"> ? K : never;
}[keyof D];

/** The parameters object a config gives for a description; those with a default or optional may be left out. */
export type ParametersOf<D> = { readonly [K in Required<D>]: WrittenOf<D[K]> } & {
  readonly [K in Exclude<keyof D, Required<D>>]?: WrittenOf<D[K]>;
};

interface Details<K extends PlainKind> {
  /** The only values allowed; of a vector: of its elements. */
  readonly allowed?: readonly InputOf<K extends VectorKind ? ElementKind<K> : K>[];
  /** Shown by help. */
  readonly comment?: string;
}

interface PlainMaker<K extends PlainKind, Tracked extends boolean> {
  (defaultValue: InputOf<K>, details?: Details<K>): ParameterDescription<K, Tracked, "default">;
  (defaultValue?: undefined, details?: Details<K>): ParameterDescription<K, Tracked, "required">;
}
type Lower<S extends string> = S extends `ESI${infer R}` ? `esI${R}` : Uncapitalize<S>;
type Makers<Tracked extends boolean> = { readonly [K in PlainKind as Lower<K>]: PlainMaker<K, Tracked> } & {
  /** A PSet; a nested parameter named "*" describes parameters of any other name. */
  pset<N extends ParameterSetDescription>(nested: N): ParameterDescription<"PSet", Tracked, PresenceOf<N>, N>;
  vpset<N extends ParameterSetDescription>(nested: N): ParameterDescription<"VPSet", Tracked, "default", N>;
  /** A source that a module reads from on its own. */
  secSource(): ParameterDescription<"SecSource", Tracked, "required">;
};
/** A PSet may be left out when none of its parameters is required. */
type PresenceOf<N> = [Required<N>] extends [never] ? "default" : "required";
type OptionalMakers<Tracked extends boolean> = {
  readonly [K in PlainKind as Lower<K>]: () => ParameterDescription<K, Tracked, "optional">;
};

const lower = (kind: string) =>
  kind === "ESInputTag" ? "esInputTag" : kind[0]?.toLowerCase() + kind.slice(1);
const plainKinds: readonly PlainKind[] = [...scalarKinds, ...vectorKinds];

function plainMaker(kind: PlainKind, tracked: boolean) {
  return (defaultValue?: unknown, details: Details<PlainKind> = {}): ParameterDescription => {
    if (defaultValue === undefined) return { kind, tracked, presence: "required", ...details };
    const value = convert(kind, defaultValue);
    if (value === undefined)
      throw new Error(`description: ${String(defaultValue)} is no default for a ${kind}`);
    return { kind, tracked, presence: "default", defaultValue: value, ...details };
  };
}

function psetOf(tracked: boolean, nested: ParameterSetDescription): ParameterDescription {
  const isRequired = Object.values(nested).some(({ presence }) => presence === "required");
  if (isRequired) return { kind: "PSet", tracked, presence: "required", nested };
  return { kind: "PSet", tracked, presence: "default", defaultValue: {}, nested };
}

function makers<Tracked extends boolean>(tracked: Tracked): Makers<Tracked> {
  const plain = Object.fromEntries(plainKinds.map((kind) => [lower(kind), plainMaker(kind, tracked)]));
  return {
    ...plain,
    pset: (nested: ParameterSetDescription) => psetOf(tracked, nested),
    vpset: (nested: ParameterSetDescription) => ({
      kind: "VPSet",
      tracked,
      presence: "default",
      defaultValue: [],
      nested,
    }),
    secSource: () => ({ kind: "SecSource", tracked, presence: "required" }),
  } as unknown as Makers<Tracked>;
}

function optionalMakers<Tracked extends boolean>(tracked: Tracked): OptionalMakers<Tracked> {
  const entries = plainKinds.map((kind) => [lower(kind), () => ({ kind, tracked, presence: "optional" })]);
  return Object.fromEntries(entries) as OptionalMakers<Tracked>;
}

const tracked = makers(true);
export const untracked = makers(false);
/** Parameters that a config may leave out and that have no default: getParameter then gives undefined. */
export const optional = { ...optionalMakers(true), untracked: optionalMakers(false) };

export const { bool, int32, uint32, int64, uint64, double, string, inputTag, esInputTag, fileInPath } =
  tracked;
export const { eventID, luminosityBlockID, luminosityBlockRange, eventRange, pset, vpset, secSource } =
  tracked;
export const { vbool, vint32, vuint32, vint64, vuint64, vdouble, vstring, vInputTag, vESInputTag } = tracked;
export const { vEventID, vLuminosityBlockID, vLuminosityBlockRange, vEventRange } = tracked;
export type { ESInputTag, InputTag };
