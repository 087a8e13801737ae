/** What a model.yaml says, in BentoML's form: read from it and written to it. */
import type { ScalarTag } from "yaml";
import { Exception } from "../../base/errors.js";
import {
  checkSignatures,
  defaultSignatures,
  isObject,
  type MethodSignatures,
} from "../runner/methodSignatures.js";
import { isoTime, parseIsoTime } from "./newVersion.js";
import { checkLabels, checkMetadata, type Labels, type Metadata } from "./plainValues.js";
import { Tag } from "./Tag.js";
import { yaml } from "./yaml.js";

export interface ModelInfo {
  readonly tag: Tag;
  /** What saved it and can load it: "bentoml.tensorflow", whoever of the two it was. */
  readonly module: string;
  readonly labels: Labels;
  readonly options: Metadata;
  readonly metadata: Metadata;
  /** framework_name, framework_versions, and the version of cmsrun or of BentoML. */
  readonly context: Metadata;
  readonly signatures: MethodSignatures;
  readonly apiVersion: string;
  /** Microseconds since 1970. */
  readonly creationTimeUs: number;
  /** Of all files but model.yaml itself; undefined in a model.yaml of BentoML's. */
  readonly contentHash: string | undefined;
}

export const infoFile = "model.yaml";
/** What models are that loadSavedModel reads; the name is BentoML's, whose tools then load ours. */
export const tensorflowModule = "bentoml.tensorflow";
const apiVersion = "v1";

/** The keys of model.yaml, in its order. */
export function toPlainInfo(info: ModelInfo): Record<string, unknown> {
  const signatures = Object.entries(info.signatures).map(([method, { batchable, batchDim }]) => {
    const isDefault = !batchable && batchDim.every((dim) => dim === 0);
    return [method, isDefault ? { batchable } : { batchable, batch_dim: [...batchDim] }];
  });
  return {
    name: info.tag.name,
    version: info.tag.version,
    module: info.module,
    labels: info.labels,
    options: info.options,
    metadata: info.metadata,
    context: info.context,
    signatures: Object.fromEntries(signatures),
    api_version: info.apiVersion,
    creation_time: isoTime(info.creationTimeUs),
    ...(info.contentHash === undefined ? {} : { content_hash: `sha256:${info.contentHash}` }),
  };
}

export function printInfo(info: ModelInfo): string {
  return yaml().stringify(toPlainInfo(info), {
    // Python's yaml reads the version 1.1, in which other texts need quotes, and takes 1e-7 for a text.
    version: "1.1",
    customTags: (tags) => [pythonsFloat, ...tags],
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
}

/** Numbers with an exponent and no point: 1.0e-7. */
const pythonsFloat: ScalarTag = {
  identify: (value) => typeof value === "number" && /^-?\d+e/.test(String(value)),
  tag: "tag:yaml.org,2002:float",
  default: true,
  test: /^[-+]?\d+\.\d+e[-+]\d+$/,
  resolve: Number,
  stringify: ({ value }) => String(value).replace("e", ".0e"),
};

/** Adds the hash to a model.yaml that has none, and leaves the rest of it as it was. */
export function withContentHash(text: string, contentHash: string): string {
  return `${text.replace(/\n*$/, "\n")}content_hash: sha256:${contentHash}\n`;
}

/** Keys that it does not know are left alone. @throws InvalidModel naming the file and what is wrong */
export function parseInfo(text: string, path: string): ModelInfo {
  const invalid = (what: string, cause?: unknown) =>
    new Exception("InvalidModel", `'${path}' is no model.yaml: ${what}.`, { cause });
  let parsed: unknown;
  try {
    parsed = yaml().parse(text);
  } catch (error) {
    throw invalid(firstLine(error), error);
  }
  if (!isObject(parsed)) throw invalid("it has no keys");
  const textOf = (key: string): string => {
    const value = (parsed as Record<string, unknown>)[key];
    if (typeof value === "string") return value;
    throw invalid(value === undefined ? `'${key}' is missing` : `'${key}' is no text; put it in quotes`);
  };
  const version = textOf("api_version");
  if (version !== apiVersion) throw invalid(`its api_version is '${version}'; only '${apiVersion}' is read`);
  const creationTimeUs = parseIsoTime(textOf("creation_time"));
  if (!Number.isFinite(creationTimeUs)) throw invalid("'creation_time' is no time");
  try {
    return {
      tag: new Tag(textOf("name"), textOf("version")),
      module: textOf("module"),
      labels: checkLabels(parsed.labels ?? {}, path),
      options: checkMetadata(parsed.options ?? {}, path),
      metadata: checkMetadata(parsed.metadata ?? {}, path),
      context: checkMetadata(parsed.context ?? {}, path),
      signatures: signaturesIn(parsed.signatures, path),
      apiVersion: version,
      creationTimeUs,
      contentHash: hashIn(parsed.content_hash, invalid),
    };
  } catch (error) {
    if (!(error instanceof Exception) || error.category === "InvalidModel") throw error;
    throw invalid(error.message.replace(`${path}: `, "").replace(/\.$/, ""), error);
  }
}

/** A model of BentoML's may have none: it is called as one that was saved without. */
function signaturesIn(given: unknown, path: string): MethodSignatures {
  const isNone =
    given === undefined || given === null || (isObject(given) && Object.keys(given).length === 0);
  return isNone ? defaultSignatures : checkSignatures(given, path);
}

function hashIn(given: unknown, invalid: (what: string) => Exception): string | undefined {
  if (given === undefined) return undefined;
  const hash = typeof given === "string" ? /^sha256:([0-9a-f]{64})$/.exec(given)?.[1] : undefined;
  if (hash === undefined) throw invalid("'content_hash' is not of the form sha256:64 hex digits");
  return hash;
}

function firstLine(error: unknown): string {
  return (error as Error).message.split("\n")[0]?.replace(/:$/, "") ?? "it does not parse";
}
