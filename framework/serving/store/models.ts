/** `models`: the model store as users have it, in the manner of bentoml.models and bentoml.tensorflow. */
import { setModelStoreRoot } from "../../base/modelPath.js";
import type { ConcreteFunction } from "../../tensorflow/ConcreteFunction.js";
import type { Model } from "./Model.js";
import { ModelStore } from "./ModelStore.js";
import { saveModel } from "./saveModel.js";
import type { Tag } from "./Tag.js";
import { exportModel, importModel } from "./transferModel.js";

const get = (tag: Tag | string): Model => new ModelStore().get(tag);

/** All act on one store: CMSRUN_MODEL_STORE in cmsrun and the tools, otherwise ~/.cmsrun/models, or what use() says. */
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
  /** Writes a model as one file, and gives its path. @throws as exportModel */
  exportModel: (tag: Tag | string, path?: string): Promise<string> =>
    exportModel(new ModelStore(), tag, path),
  /** Takes what exportModel or BentoML wrote. @throws as importModel */
  importModel: (path: string): Promise<Model> => importModel(new ModelStore(), path),
  tensorflow: {
    save: saveModel,
    get,
    /** The function of a method, to run, freeze or export. @throws ModelNotFound, InvalidMetaGraphDef */
    async load(tag: Tag | string, method?: string): Promise<ConcreteFunction> {
      return get(tag).concreteFunction(method);
    },
  },
};
