/**
 * What saves, exports and traces models, for plugins, configs and scripts. Each is loaded when it is first called: a job
 * that only runs models needs none of it (100 kB, 8 ms of start-up).
 */
type Saving = typeof import("./saving/saveFrozenGraph.js");
type Opening = typeof import("./saving/toConcreteFunction.js");
type Tracing = typeof import("./trace/concreteFunction.js");

/** saving/saveFrozenGraph.ts: writes whatever is a model as a frozen graph, binary or text. */
export const saveFrozenGraph: Saving["saveFrozenGraph"] = async (...args) =>
  (await import("./saving/saveFrozenGraph.js")).saveFrozenGraph(...args);

/** saving/saveFrozenGraph.ts: reads a frozen graph, binary or text. */
export const loadFrozenGraph: Saving["loadFrozenGraph"] = async (...args) =>
  (await import("./saving/saveFrozenGraph.js")).loadFrozenGraph(...args);

/** saving/exportCompact.ts: a frozen, simplified graph for inference, compared with its source. */
export const exportCompact: typeof import("./saving/exportCompact.js").exportCompact = async (...args) =>
  (await import("./saving/exportCompact.js")).exportCompact(...args);

/** saving/exportServing.ts: a SavedModel, compared with its source. */
export const exportServing: typeof import("./saving/exportServing.js").exportServing = async (...args) =>
  (await import("./saving/exportServing.js")).exportServing(...args);

/** saving/toConcreteFunction.ts: whatever is a model, as the form that all of these begin with. */
export const toConcreteFunction: Opening["toConcreteFunction"] = async (...args) =>
  (await import("./saving/toConcreteFunction.js")).toConcreteFunction(...args);

/** trace/concreteFunction.ts: a function written in TensorFlow.js. */
export const concreteFunction: Tracing["concreteFunction"] = async (...args) =>
  (await import("./trace/concreteFunction.js")).concreteFunction(...args);

/** trace/fromLayersModel.ts: a Layers model, Keras in TypeScript. */
export const fromLayersModel: typeof import("./trace/fromLayersModel.js").fromLayersModel = async (...args) =>
  (await import("./trace/fromLayersModel.js")).fromLayersModel(...args);
