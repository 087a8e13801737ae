/** bentoml.tensorflow.save_model: anything that can be saved, as a SavedModel under a tag. */
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suggestion } from "../../base/didYouMean.js";
import { contentHash } from "../../base/contentHash.js";
import { Exception } from "../../base/errors.js";
import { resolveModelPath } from "../../base/modelPath.js";
import { ownPackageRoot } from "../../modules/PluginManager.js";
import { loadConcreteFunction, loadMetaGraphs } from "../../tensorflow/savedmodel/SavedModel.js";
import { expandPath } from "../../tensorflow/saving/expandPath.js";
import { exportServing, type Signatures } from "../../tensorflow/saving/exportServing.js";
import type { Saveable } from "../../tensorflow/saving/toConcreteFunction.js";
import { TensorSpec } from "../../tensorflow/TensorSpec.js";
import { concreteFunction, type TraceableFunction } from "../../tensorflow/trace/concreteFunction.js";
import { checkCustomObjects, type CustomObjects, writeCustomObjects } from "./customObjects.js";
import {
  checkSignatures,
  defaultSignatures,
  type MethodOptions,
  type MethodSignatures,
  signatureKey,
} from "../runner/methodSignatures.js";
import { customObjectsFolder, type Model } from "./Model.js";
import { infoFile, type ModelInfo, printInfo, tensorflowModule } from "./ModelInfo.js";
import { ModelStore } from "./ModelStore.js";
import { newVersion, nowUs } from "./newVersion.js";
import { checkLabels, checkMetadata, type Metadata } from "./plainValues.js";
import { Tag } from "./Tag.js";

export interface SaveModelOptions {
  /** Method → whether and how it is batched; otherwise {__call__: {batchable: false}}. */
  readonly signatures?: Readonly<Record<string, MethodOptions>> | undefined;
  /**
   * The signatures of the SavedModel: keys of those to keep; what computes each, by their keys; or, of a function in
   * TypeScript, what it takes. Otherwise all of a SavedModel, serving_default of anything else.
   */
  readonly tfSignatures?: readonly string[] | Signatures | readonly TensorSpec[] | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Plain values, nested as they like. BentoML refuses a model with a null in them. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** Files kept with the model. */
  readonly customObjects?: CustomObjects | undefined;
  /** In place of one that the store makes. */
  readonly version?: string | undefined;
  /** Of a frozen graph or a training: its outputs; otherwise what no node reads. */
  readonly outputNames?: readonly string[] | undefined;
  /** Of a graph with variables: their values. */
  readonly checkpoint?: string | undefined;
  readonly store?: ModelStore | undefined;
}

const optionNames = [
  "signatures",
  "tfSignatures",
  "labels",
  "metadata",
  "customObjects",
  "version",
  "outputNames",
  "checkpoint",
  "store",
];
const defaultKey = "serving_default";
/** What lies in the folder of a stored model beside its SavedModel. */
const ownFiles = [infoFile, customObjectsFolder, "custom_objects.pkl"];

/**
 * Saves a SavedModel (copied as it is), or whatever toConcreteFunction takes (written as a SavedModel, and compared with
 * its source). Gives the model with its new tag, which is the latest of its name from then on.
 * @throws InvalidTag, ModelExists; Configuration for options that are wrong; what exportServing throws
 */
export async function saveModel(
  object: Saveable,
  name: string,
  options: SaveModelOptions = {},
): Promise<Model> {
  const where = `saving model '${name}'`;
  if (typeof options !== "object" || options === null)
    throw wrong(where, "the options must be an object: {signatures: …}");
  const unknown = Object.keys(options).find((option) => !optionNames.includes(option));
  if (unknown !== undefined)
    throw new Exception(
      "Configuration",
      `${where}: unknown option '${unknown}'${suggestion(unknown, optionNames)}`,
    );
  const { store = new ModelStore(), tfSignatures } = options;
  const creationTimeUs = nowUs();
  const tag = newTag(name, options.version, creationTimeUs);
  const signatures = options.signatures ? checkSignatures(options.signatures, where) : defaultSignatures;
  const labels = checkLabels(options.labels ?? {}, where);
  const metadata = checkMetadata(options.metadata ?? {}, where);
  const customObjects = checkCustomObjects(options.customObjects ?? {}, where);
  const directory = savedModelDirectory(object);
  return store.register(tag, creationTimeUs, async (folder) => {
    if (directory !== undefined && tfSignatures === undefined) copySavedModel(directory, folder);
    else {
      const functions = await chooseSignatures(object, directory, tfSignatures, where);
      const { outputNames, checkpoint } = options;
      await exportServing(folder, functions, { outputNames, checkpoint });
    }
    checkMethods(signatures, folder, where);
    writeCustomObjects(customObjects, folder);
    const info: ModelInfo = {
      tag,
      module: tensorflowModule,
      labels,
      options: {},
      metadata,
      context: context(),
      signatures,
      apiVersion: "v1",
      creationTimeUs,
      contentHash: contentHash(folder),
    };
    writeFileSync(join(folder, infoFile), printInfo(info));
  });
}

/** @throws InvalidTag */
function newTag(name: string, version: string | undefined, timeUs: number): Tag {
  const given = Tag.parse(name);
  if (given.version !== undefined && version !== undefined)
    throw new Exception(
      "InvalidTag",
      `'${name}' has a version already; leave out the option version: '${version}'.`,
    );
  return new Tag(given.name, given.version ?? version ?? newVersion(timeUs));
}

function savedModelDirectory(object: Saveable): string | undefined {
  if (typeof object !== "string") return undefined;
  const path = expandPath(resolveModelPath(object));
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? path : undefined;
}

/** Symbolic links become what they mean. @throws InvalidMetaGraphDef when it is no SavedModel */
function copySavedModel(from: string, to: string): void {
  loadMetaGraphs(from);
  for (const name of readdirSync(from)) {
    if (ownFiles.includes(name)) continue;
    cpSync(join(from, name), join(to, name), { recursive: true, dereference: true });
  }
}

/** What each signature of the SavedModel computes. */
async function chooseSignatures(
  object: Saveable,
  directory: string | undefined,
  tfSignatures: SaveModelOptions["tfSignatures"],
  where: string,
): Promise<Signatures> {
  if (tfSignatures === undefined) return { [defaultKey]: object };
  if (Object.keys(tfSignatures).length === 0)
    throw wrong(where, "tfSignatures is empty; leave it out for all that there are");
  if (!isList(tfSignatures)) return tfSignatures;
  if (isSpecs(tfSignatures)) {
    if (typeof object === "function")
      return { [defaultKey]: await concreteFunction(object as TraceableFunction, tfSignatures) };
    throw wrong(where, "tfSignatures as a list of TensorSpecs is for a function; give the signatures' keys");
  }
  if (directory === undefined)
    throw wrong(where, "tfSignatures as a list of keys is for a SavedModel; give {key: what computes it}");
  const known = loadMetaGraphs(directory).flatMap(({ signatures }) => signatures.map(({ key }) => key));
  return Object.fromEntries(
    tfSignatures.map((signature) => {
      if (known.includes(signature)) return [signature, loadConcreteFunction(directory, { signature })];
      throw wrong(
        where,
        `tfSignatures: '${directory}' has no signature '${signature}'${suggestion(signature, known)}`,
      );
    }),
  );
}

function isList(
  given: NonNullable<SaveModelOptions["tfSignatures"]>,
): given is readonly string[] | readonly TensorSpec[] {
  return Array.isArray(given);
}

function isSpecs(list: readonly string[] | readonly TensorSpec[]): list is readonly TensorSpec[] {
  return list.some((entry) => entry instanceof TensorSpec);
}

/** Each method must be a signature of what was saved. */
function checkMethods(methods: MethodSignatures, folder: string, where: string): void {
  const keys = loadMetaGraphs(folder).flatMap(({ signatures }) => signatures.map(({ key }) => key));
  for (const method of Object.keys(methods)) {
    const key = signatureKey(keys, method) ?? keys[0];
    if (key === undefined || keys.includes(key)) continue;
    throw wrong(where, `signatures: the model has no signature '${method}'${suggestion(method, keys)}`);
  }
}

function context(): Metadata {
  const manifest = join(ownPackageRoot(import.meta.url), "package.json");
  const { version } = existsSync(manifest)
    ? (JSON.parse(readFileSync(manifest, "utf8")) as { version: string })
    : { version: "unknown" };
  return { framework_name: "tensorflow", framework_versions: {}, cmsrun_version: version };
}

function wrong(where: string, what: string): Exception {
  return new Exception("Configuration", `${where}: ${what.replace(/([^?.])$/, "$1.")}`);
}
