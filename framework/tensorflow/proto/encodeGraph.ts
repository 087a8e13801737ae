/** A graph → the bytes of a GraphDef, and of a SavedModel without variables around it: the form that TensorFlow loads. */
import type { GraphDef } from "../GraphDef.js";
import { graphDefType } from "./graphDefSchema.js";
import { graphMessage } from "./graphMessages.js";
import { savedModelType } from "./savedModelSchema.js";

/** The tag under which the SavedModel's only graph is found. */
export const servingTag = "serve";

/** saved_model.pb with nothing but a graph: for TensorFlow's loader, which is then told what to feed and fetch. */
export function encodeSavedModel(graph: GraphDef): Uint8Array {
  const metaGraph = { meta_info_def: { tags: [servingTag] }, graph_def: graphMessage(graph) };
  return savedModelType()
    .encode({ saved_model_schema_version: 1, meta_graphs: [metaGraph] })
    .finish();
}

export function encodeGraphDef(graph: GraphDef): Uint8Array {
  return graphDefType().encode(graphMessage(graph)).finish();
}
