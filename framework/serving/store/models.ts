/** `models`: the model store as users have it, in the manner of bentoml.models and bentoml.tensorflow. */
import { setModelStoreRoot } from "../../base/modelPath.js";
import type { ConcreteFunction } from "../../tensorflow/ConcreteFunction.js";
import type { Saveable } from "../../tensorflow/saving/toConcreteFunction.js";
import type { Model } from "./Model.js";
import { ModelStore } from "./ModelStore.js";
import type { SaveModelOptions } from "./saveModel.js";
import type { Tag } from "./Tag.js";

const get = (tag: Tag | string): Model => new ModelStore().get(tag);

/**
 * All act on one store: what use() says, otherwise CMSRUN_MODEL_STORE, otherwise ~/.cmsrun/models. What
 * writes is loaded when it is first asked for: a job that reads a model does without.
 */
export const models = {
  /** From now on another folder is the store of this thread. */
  use(root: string): void {
    setModelStoreRoot(root);
  },
  /** A model by its tag: name, name:latest, name:version or the beginning of a version. @throws ModelNotFound */
  get,
  /** All models, or those of a name, in the order of tags. @throws ModelNotFound for a name that no model has */
  list: (tag?: Tag | string): Model[] => new ModelStore().list(tag),
  /** Removes a model, or all of a name. Gives the tags of what was removed. @throws ModelNotFound */
  delete: (tag: Tag | string): Tag[] => new ModelStore().delete(tag),
  /** Writes a model as one file, .tar.gz or .tar, and gives its path. @throws ModelNotFound, FileWriteError */
  async exportModel(tag: Tag | string, path?: string): Promise<string> {
    const { exportModel } = await import("./transferModel.js");
    return exportModel(new ModelStore(), tag, path);
  },
  /** Takes a file or folder that exportModel or BentoML wrote. @throws ModelExists, InvalidModel, FileOpenError */
  async importModel(path: string): Promise<Model> {
    const { importModel } = await import("./transferModel.js");
    return importModel(new ModelStore(), path);
  },
  tensorflow: {
    /**
     * Saves a SavedModel, a graph, a function or a Layers model as the latest of its name.
     * @throws InvalidTag, ModelExists, Configuration for wrong options, what exportServing throws; nothing is saved then
     */
    async save(object: Saveable, name: string, options?: SaveModelOptions): Promise<Model> {
      const { saveModel } = await import("./saveModel.js");
      return saveModel(object, name, options);
    },
    get,
    /** The function of a method, to run, freeze or export. @throws ModelNotFound, InvalidMetaGraphDef */
    async load(tag: Tag | string, method?: string): Promise<ConcreteFunction> {
      return get(tag).concreteFunction(method);
    },
  },
};
