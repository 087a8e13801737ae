/** Makes the store known to all that read models, so that "model:NAME:VERSION" may stand for a path. */
import { registerModelResolver } from "../../base/modelPath.js";
import { ModelStore } from "./ModelStore.js";

registerModelResolver({
  pathOf: (tag) => new ModelStore().pathOf(tag),
  tagOf: (path) => new ModelStore().tagOf(path),
});
