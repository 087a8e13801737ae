/**
 * Any checkpoint of TensorFlow: a Saver's, tf.train.Checkpoint's, Keras' save_weights, the variables of a SavedModel.
 * A tensor is found under its key and under the name that its variable has in the graph.
 */
import { dirname, resolve } from "node:path";
import { suggestion } from "../../base/didYouMean.js";
import { Exception } from "../../base/errors.js";
import { objectGraphType } from "../proto/savedModelSchema.js";
import { FunctionInliner } from "../savedmodel/FunctionInliner.js";
import { restoredPlaces } from "../savedmodel/RestoredVariables.js";
import { isSavedModel, loadMetaGraphs } from "../savedmodel/SavedModel.js";
import type { Tensor } from "../Tensor.js";
import { checkpointPrefix } from "./checkpointPrefix.js";
import { type Extent, parseSliceSpec, resolveExtents } from "./slices.js";
import { type BundleEntry, VariablesBundle } from "./VariablesBundle.js";

/** Under this key an object-based checkpoint keeps which object each of its tensors belongs to. */
const objectGraphKey = "_CHECKPOINTABLE_OBJECT_GRAPH";

/** What is known of a stored tensor without reading it. */
export type StoredTensor = Omit<BundleEntry, "parts"> & {
  /** The name it is stored under. */
  readonly key: string;
};

/** A tensor, or a part of it. */
interface Place {
  readonly key: string;
  readonly part?: readonly Extent[] | undefined;
}

export class Checkpoint {
  /** What its files' paths begin with. */
  readonly prefix: string;
  /** The keys of its tensors, sorted. */
  readonly names: readonly string[];
  readonly #bundle: VariablesBundle;
  #fullNames: Map<string, string> | undefined;
  #places: ReadonlyMap<string, readonly Place[]> | undefined;

  /**
   * @param path the prefix of its files or one of them, the state file `checkpoint`, a folder (its latest one), or a
   *   SavedModel directory
   * @throws InvalidSession when there is none or its index is damaged
   */
  constructor(path: string) {
    this.prefix = checkpointPrefix(path);
    this.#bundle = new VariablesBundle(this.prefix);
    this.names = this.#bundle.names.filter((name) => name !== objectGraphKey);
  }

  /** The name in the graph of the variable stored under a key; the key itself where none or no single one is known. */
  fullName(key: string): string {
    if (!this.#fullNames) {
      this.#fullNames = new Map();
      for (const [name, [place, ...others]] of this.#placesByName()) {
        if (place && !place.part && others.length === 0 && !this.#fullNames.has(place.key))
          this.#fullNames.set(place.key, name);
      }
    }
    return this.#fullNames.get(key) ?? key;
  }

  has(name: string): boolean {
    return name !== objectGraphKey && (this.#bundle.has(name) || this.#placesByName().has(name));
  }

  /** @throws InvalidSession for a name that is not there, or that several tensors have */
  describe(name: string): StoredTensor {
    const { key, part } = this.#place(name);
    const { parts: _, ...entry } = this.#bundle.describe(key);
    if (!part) return { key, ...entry };
    const shape = resolveExtents(part, entry.shape).map(({ length }) => length);
    const count = (of: readonly number[]) => of.reduce((product, length) => product * length, 1);
    const sizeBytes = count(shape) === 0 ? 0 : (entry.sizeBytes / count(entry.shape)) * count(shape);
    return { key, ...entry, shape, sizeBytes };
  }

  /**
   * @param name a key or a variable's name, without ":0"; "w/part_0" is a part of the partitioned variable "w"
   * @throws InvalidSession as describe, and for a tensor that is damaged
   */
  read(name: string): Tensor {
    const { key, part } = this.#place(name);
    try {
      return this.#bundle.read(key, part);
    } catch (error) {
      if (!(error instanceof Exception)) throw error;
      throw new Exception("InvalidSession", `checkpoint '${this.prefix}': ${error.message}.`, {
        cause: error,
      });
    }
  }

  #place(name: string): Place {
    if (this.#bundle.has(name) && name !== objectGraphKey) return { key: name };
    const found = this.#placesByName().get(name) ?? [];
    const [first, ...others] = found;
    if (first && others.length === 0) return first;
    const keys = found.map(({ key }) => `'${key}'`).join(" and ");
    const known = [...this.#placesByName().keys(), ...this.names];
    const what = first
      ? `has several variables named '${name}'; name one by its key, ${keys}.`
      : `has no tensor '${name}'${suggestion(name, known)}`;
    throw new Exception("InvalidSession", `checkpoint '${this.prefix}' ${what}`);
  }

  #placesByName(): ReadonlyMap<string, readonly Place[]> {
    this.#places ??= this.#findPlaces();
    return this.#places;
  }

  /** What a SavedModel itself restores goes before what its objects are called: two of them may have one name. */
  #findPlaces(): Map<string, Place[]> {
    const places = new Map<string, Place[]>(this.#savedModelPlaces());
    const restored = new Set(places.keys());
    const objectNames = this.#readObjectNames();
    for (const key of this.names) {
      const name = objectNames.get(key);
      if (name !== undefined && !restored.has(name)) places.set(name, [...(places.get(name) ?? []), { key }]);
      // A partitioned variable is one tensor here and several variables in the graph.
      for (const [i, part] of inOrder(this.#bundle.describe(key).parts).entries())
        if (!restored.has(`${key}/part_${i}`)) places.set(`${key}/part_${i}`, [{ key, part }]);
    }
    return places;
  }

  #readObjectNames(): Map<string, string> {
    if (!this.#bundle.has(objectGraphKey)) return new Map();
    const [bytes] = this.#bundle.read(objectGraphKey).as("string");
    const { nodes } = objectGraphType().decode(bytes ?? new Uint8Array()) as unknown as ObjectGraphMessage;
    const named = nodes.flatMap(({ attributes }) => attributes.filter(({ full_name }) => full_name !== ""));
    return new Map(named.map(({ checkpoint_key, full_name }) => [checkpoint_key, full_name]));
  }

  #savedModelPlaces(): [string, Place[]][] {
    const exportDir = dirname(dirname(resolve(this.prefix)));
    const isItsOwn = resolve(this.prefix) === resolve(exportDir, "variables", "variables");
    if (!isItsOwn || !isSavedModel(exportDir)) return [];
    return loadMetaGraphs(exportDir).flatMap((metaGraph) => {
      const places = restoredPlaces(metaGraph, new FunctionInliner(metaGraph));
      return [...places].map(([name, { tensor, slice }]): [string, Place[]] => [
        name,
        [{ key: tensor, part: parseSliceSpec(slice) }],
      ]);
    });
  }
}

interface ObjectGraphMessage {
  readonly nodes: readonly {
    readonly attributes: readonly { readonly full_name: string; readonly checkpoint_key: string }[];
  }[];
}

/** As variables are partitioned: along one axis, from its beginning. */
function inOrder(parts: readonly (readonly Extent[])[]): (readonly Extent[])[] {
  const start = (part: readonly Extent[]) => part.reduce((sum, extent) => sum + extent.start, 0);
  return [...parts].sort((a, b) => start(a) - start(b));
}
