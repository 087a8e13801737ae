/** A graph → the bytes of a GraphDef, and of a SavedModel without variables around it: the form that TensorFlow loads. */
import { protobuf } from "../../base/protobuf.js";
import type { GraphDef } from "../GraphDef.js";
import { graphDefType } from "./graphDefSchema.js";
import { graphMessage } from "./graphMessages.js";

/** The tag under which the SavedModel's only graph is found. */
export const servingTag = "serve";

/** Protobuf's wire form of a length-delimited field. */
const delimited = (field: number) => (field << 3) | 2;
const varint = (field: number) => field << 3;

/** saved_model.pb: SavedModel { 1: schema version, 2: MetaGraphDef { 1: MetaInfoDef { 4: tags }, 2: GraphDef } }. */
export function encodeSavedModel(graph: GraphDef): Uint8Array {
  const { Writer } = protobuf();
  const info = Writer.create().uint32(delimited(4)).string(servingTag).finish();
  const meta = Writer.create()
    .uint32(delimited(1))
    .bytes(info)
    .uint32(delimited(2))
    .bytes(encodeGraphDef(graph))
    .finish();
  return Writer.create().uint32(varint(1)).uint32(1).uint32(delimited(2)).bytes(meta).finish();
}

export function encodeGraphDef(graph: GraphDef): Uint8Array {
  return graphDefType().encode(graphMessage(graph)).finish();
}
