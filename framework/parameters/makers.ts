/** `cms.double(0.5)`, `cms.untracked.vstring([...])`, `cms.PSet({...})`: what makes typed values in a config. */
import { Exception } from "../base/errors.js";
import {
  convert,
  type InputOf,
  isVectorKind,
  type PlainKind,
  type ScalarKind,
  scalarKinds,
  type VectorKind,
  vectorKinds,
} from "./kinds.js";
import { viewOf } from "./parameterView.js";
import {
  behindView,
  inputText,
  isPSet,
  type Kind,
  makeValue,
  type Parameters,
  type PSetValue,
  type Scalar,
  TypedValue,
  typeName,
  type VPSetValue,
} from "./values.js";

type Input<K extends PlainKind> = K extends "InputTag"
  ? [labelOrTag: InputOf<K>, instance?: string, process?: string]
  : K extends VectorKind
    ? [values: InputOf<K>] | (InputOf<K> extends readonly (infer E)[] ? E[] : never)
    : [value: InputOf<K>];

export type ValueMakers<Tracked extends boolean> = {
  readonly [K in PlainKind]: (...input: Input<K>) => Scalar<K, Tracked>;
} & {
  PSet<P extends object = Record<never, never>>(parameters?: P): PSetValue<P, Tracked> & Assignable;
  VPSet<T extends readonly TypedValue<"PSet", boolean, object>[]>(
    ...psets: T
  ): VPSetValue<ParametersIn<T[number]>, Tracked> & Assignable;
};
/** Those of any of the PSets: each may have other parameters. */
type ParametersIn<S> = S extends TypedValue<"PSet", boolean, infer P> ? P : never;
/** Parameters as properties: `cuts.minPt = 30`. */
// biome-ignore lint/suspicious/noExplicitAny: checked at run time by the view
type Assignable = { [parameter: string]: any };

function maker(kind: PlainKind, tracked: boolean) {
  return (...input: unknown[]) => {
    if (kind === "InputTag" && input.length > 1) return makeValue(kind, tracked, input.join(":"));
    const isSpread = isVectorKind(kind) && !(input.length === 1 && Array.isArray(input[0]));
    return makeValue(kind, tracked, isSpread ? input : input[0]);
  };
}

function makers<Tracked extends boolean>(tracked: Tracked): ValueMakers<Tracked> {
  const plain = [...scalarKinds, ...vectorKinds].map((kind) => [kind, maker(kind, tracked)]);
  return {
    ...Object.fromEntries(plain),
    PSet: (parameters: object = {}) => viewOf(new TypedValue("PSet", tracked, checkedParameters(parameters))),
    VPSet: (...psets: unknown[]) => viewOf(new TypedValue("VPSet", tracked, elements(psets, tracked))),
  };
}

function elements(psets: readonly unknown[], tracked: boolean): Parameters[] {
  const list = psets.length === 1 && Array.isArray(psets[0]) ? (psets[0] as unknown[]) : psets;
  return list.map((given) => {
    const pset = behindView(given);
    if (pset instanceof TypedValue && isPSet(pset.kind)) return pset.value as Parameters;
    throw new Exception(
      "Configuration",
      `${typeName({ kind: "VPSet", tracked })} holds cms.PSet({…}) only, not ${inputText(pset)}`,
    );
  });
}

/** A copy of `parameters`; refuses plain values, because a parameter's type belongs into the config. */
export function checkedParameters(parameters: object): Record<string, TypedValue> {
  const checked: Record<string, TypedValue> = {};
  for (const [name, given] of Object.entries(parameters)) {
    const value: unknown = behindView(given);
    if (!(value instanceof TypedValue)) {
      const text = `parameter '${name}' must be a cms type, got ${inputText(value)}`;
      throw new Exception("Configuration", `${text}; write for example ${name}: cms.${guess(value)}`);
    }
    checked[name] = value;
  }
  return checked;
}

function guess(value: unknown): string {
  if (Array.isArray(value)) return `v${guess(value[0] ?? "").replace(/\(.*/s, "")}(${inputText(value)})`;
  if (typeof value === "object" && value !== null) return "PSet({…})";
  const kinds: readonly ScalarKind[] = ["bool", "int32", "int64", "double", "string"];
  const kind = kinds.find((candidate) => convert(candidate, value) !== undefined) ?? "string";
  return `${kind}(${value === undefined ? "…" : inputText(value)})`;
}

export const trackedMakers = makers(true);

/** The same value, untracked. */
function untracked<K extends Kind, P>(given: TypedValue<K, boolean, P>): TypedValue<K, false, P> {
  const { kind, value } = behindView(given);
  return viewOf(new TypedValue(kind, false, value));
}

/** `cms.untracked.double(0.5)` and `cms.untracked(cms.double(0.5))`. */
export const untrackedMakers = Object.assign(untracked, makers(false));
