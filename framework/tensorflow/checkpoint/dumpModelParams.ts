/** tensorpack's dump-model-params: of a training's checkpoint the variables that the model itself has. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Exception } from "../../base/errors.js";
import { saveNpz } from "../numpy/npz.js";
import { metaGraphType, variableDefType } from "../proto/savedModelSchema.js";
import type { TensorLike } from "../Tensor.js";
import { isBookkeeping, isTrainingName } from "./trainingNames.js";
import { openSource, type ValueSource } from "./ValueSource.js";
import { writeCheckpoint } from "./writeCheckpoint.js";

/** The collections of a TensorFlow 1 graph that make a model. */
const modelCollections = ["trainable_variables", "model_variables"];

export interface Dumped {
  readonly kept: readonly string[];
  readonly leftOut: readonly string[];
  /** The meta graph whose collections decided; undefined where names did. */
  readonly meta: string | undefined;
}

/**
 * Writes the model's variables of `input` to `output`, an .npz file or the prefix of a checkpoint (whose folder's latest
 * one stays as it is). Which they are says a meta graph, `meta` or the one beside the checkpoint; without one all are
 * but those that are named as optimizers name theirs.
 * @throws InvalidSession for input without any of them, a damaged meta graph or one without such collections; as
 *   openSource, writeCheckpoint and saveNpz
 */
export function dumpModelParams(input: string, output: string, meta?: string): Dumped {
  const source = openSource(input);
  const metaPath = meta ?? metaBeside(input, source.origin);
  const wanted = metaPath === undefined ? undefined : modelVariables(metaPath, meta !== undefined);
  const keys = new Set(wanted ? wanted.map((name) => keyOf(source, name)) : source.names.filter(isOfModel));
  const kept = [...keys].map((key) => source.fullName(key));
  if (kept.length === 0) throw invalid(`'${input}' has no variable of the model.`);
  const values = new Map(
    [...keys].map((key): [string, TensorLike] => [source.fullName(key), source.read(key)]),
  );
  if (output.endsWith(".npz")) saveNpz(output, values);
  else writeCheckpoint(output.replace(/\.index$/, ""), values, { stateFile: false });
  const leftOut = source.names.filter((key) => !keys.has(key)).map((key) => source.fullName(key));
  return { kept, leftOut, meta: wanted && metaPath };

  function isOfModel(key: string): boolean {
    return [key, source.fullName(key)].every((name) => !isTrainingName(name) && !isBookkeeping(name));
  }
}

/** Of a part of a partitioned variable it is the whole variable's. */
function keyOf(source: ValueSource, name: string): string {
  if (source.has(name)) return source.describe(name).key;
  throw invalid(`variable '${name}' of the meta graph is not in '${source.origin}'.`);
}

/** A Saver writes it beside its checkpoint; tensorpack once a training, as graph-….meta. */
function metaBeside(input: string, prefix: string): string | undefined {
  if (existsSync(`${prefix}.meta`)) return `${prefix}.meta`;
  if (!statSync(input, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const newest = readdirSync(input)
    .filter((name) => /^graph-.*\.meta$/.test(name))
    .sort()
    .at(-1);
  return newest === undefined ? undefined : join(input, newest);
}

/** Undefined where a meta graph that nobody asked for does not say. */
function modelVariables(path: string, isAsked: boolean): string[] | undefined {
  let names: string[];
  try {
    const { collection_def } = metaGraphType().decode(readFileSync(path)) as unknown as CollectionsMessage;
    const values = modelCollections.flatMap((name) => collection_def[name]?.bytes_list?.value ?? []);
    names = values.map(
      (value) => (variableDefType().decode(value) as unknown as { variable_name: string }).variable_name,
    );
  } catch (error) {
    throw new Exception("InvalidSession", `'${path}' is no meta graph: ${(error as Error).message}.`);
  }
  if (names.length > 0) return [...new Set(names.map((name) => name.replace(/:0$/, "")))];
  if (!isAsked) return undefined;
  throw invalid(`'${path}' has no variables in its collections ${modelCollections.join(" and ")}.`);
}

interface CollectionsMessage {
  readonly collection_def: Readonly<
    Record<string, { readonly bytes_list?: { readonly value: readonly Uint8Array[] } | null }>
  >;
}

function invalid(what: string): Exception {
  return new Exception("InvalidSession", what);
}
