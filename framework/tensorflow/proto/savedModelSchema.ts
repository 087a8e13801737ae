/**
 * The messages of SavedModels and checkpoints beyond their graphs, with the field numbers of TensorFlow's public .proto
 * files (saved_model.proto, meta_graph.proto, saver.proto, variable.proto, fingerprint.proto, tensor_bundle.proto,
 * tensor_slice.proto, checkpoint_state.proto, trackable_object_graph.proto, saved_object_graph.proto, struct.proto).
 */
import type { INamespace, Type } from "protobufjs/light.js";
import { schemaRoot } from "./graphDefSchema.js";

const field = (id: number, type: string) => ({ id, type });
const repeated = (id: number, type: string) => ({ id, type, rule: "repeated" });
const map = (id: number, type: string) => ({ id, type, keyType: "string" });

const messages: NonNullable<INamespace["nested"]> = {
  SavedModel: {
    fields: { saved_model_schema_version: field(1, "int64"), meta_graphs: repeated(2, "MetaGraphDef") },
  },
  MetaGraphDef: {
    fields: {
      meta_info_def: field(1, "MetaInfoDef"),
      graph_def: field(2, "GraphDef"),
      saver_def: field(3, "SaverDef"),
      collection_def: map(4, "CollectionDef"),
      signature_def: map(5, "SignatureDef"),
      asset_file_def: repeated(6, "AssetFileDef"),
    },
  },
  // What of it is needed is known when it is read: a graph by its tags, a function when it is called.
  StoredSavedModel: { fields: { meta_graphs: repeated(2, "StoredMetaGraph") } },
  StoredMetaGraph: {
    fields: {
      meta_info_def: field(1, "MetaInfoDef"),
      graph_def: field(2, "bytes"),
      saver_def: field(3, "SaverDef"),
      collection_def: map(4, "CollectionDef"),
      signature_def: map(5, "SignatureDef"),
      asset_file_def: repeated(6, "AssetFileDef"),
    },
  },
  StoredGraph: {
    fields: {
      node: repeated(1, "NodeDef"),
      library: field(2, "StoredLibrary"),
      versions: field(4, "VersionDef"),
    },
  },
  StoredLibrary: { fields: { function: repeated(1, "bytes"), gradient: repeated(2, "GradientDef") } },
  MetaInfoDef: {
    fields: {
      stripped_op_list: field(2, "OpList"),
      tags: repeated(4, "string"),
      tensorflow_version: field(5, "string"),
    },
  },
  OpList: { fields: { op: repeated(1, "OpDef") } },
  SaverDef: {
    fields: {
      filename_tensor_name: field(1, "string"),
      save_tensor_name: field(2, "string"),
      restore_op_name: field(3, "string"),
      version: field(7, "CheckpointFormatVersion"),
    },
  },
  CheckpointFormatVersion: { values: { LEGACY: 0, V1: 1, V2: 2 } },
  /** Messages of their own kind for each collection, as bytes; names of nodes and tensors. */
  CollectionDef: {
    oneofs: { kind: { oneof: ["node_list", "bytes_list", "any_list"] } },
    fields: {
      node_list: field(1, "NodeList"),
      bytes_list: field(2, "BytesList"),
      any_list: field(5, "AnyList"),
    },
  },
  NodeList: { fields: { value: repeated(1, "string") } },
  BytesList: { fields: { value: repeated(1, "bytes") } },
  AnyList: { fields: { value: repeated(1, "Any") } },
  Any: { fields: { type_url: field(1, "string"), value: field(2, "bytes") } },
  AssetFileDef: { fields: { tensor_info: field(1, "TensorInfo"), filename: field(2, "string") } },
  VariableDef: {
    fields: {
      variable_name: field(1, "string"),
      initializer_name: field(2, "string"),
      snapshot_name: field(3, "string"),
      is_resource: field(5, "bool"),
      initial_value_name: field(6, "string"),
      trainable: field(7, "bool"),
    },
  },
  FingerprintDef: {
    fields: {
      saved_model_checksum: field(1, "uint64"),
      graph_def_program_hash: field(2, "uint64"),
      signature_def_hash: field(3, "uint64"),
      saved_object_graph_hash: field(4, "uint64"),
      checkpoint_hash: field(5, "uint64"),
      version: field(6, "VersionDef"),
    },
  },
  SignatureDef: {
    fields: {
      inputs: map(1, "TensorInfo"),
      outputs: map(2, "TensorInfo"),
      method_name: field(3, "string"),
    },
  },
  TensorInfo: {
    oneofs: { encoding: { oneof: ["name"] } },
    fields: {
      name: field(1, "string"),
      dtype: field(2, "DataType"),
      tensor_shape: field(3, "TensorShapeProto"),
    },
  },
  BundleHeaderProto: {
    fields: { num_shards: field(1, "int32"), endianness: field(2, "int32"), version: field(3, "VersionDef") },
  },
  BundleEntryProto: {
    fields: {
      dtype: field(1, "DataType"),
      shape: field(2, "TensorShapeProto"),
      shard_id: field(3, "int32"),
      offset: field(4, "int64"),
      size: field(5, "int64"),
      crc32c: field(6, "fixed32"),
      slices: repeated(7, "TensorSliceProto"),
    },
  },
  CheckpointState: {
    fields: {
      model_checkpoint_path: field(1, "string"),
      all_model_checkpoint_paths: repeated(2, "string"),
    },
  },
  TrackableObjectGraph: { fields: { nodes: repeated(1, "TrackableObject") } },
  TrackableObject: { fields: { attributes: repeated(2, "SerializedTensor") } },
  SerializedTensor: {
    fields: {
      name: field(1, "string"),
      full_name: field(2, "string"),
      checkpoint_key: field(3, "string"),
    },
  },
  TensorSliceProto: { fields: { extent: repeated(1, "Extent") } },
  Extent: {
    oneofs: { has_length: { oneof: ["length"] } },
    fields: { start: field(1, "int64"), length: field(2, "int64") },
  },
};

/** What a SavedModel says of its functions' arguments and results; read apart from the graph, by who calls them. */
const objectMessages: NonNullable<INamespace["nested"]> = {
  SavedModelObjects: { fields: { meta_graphs: repeated(2, "MetaGraphObjects") } },
  MetaGraphObjects: {
    fields: { meta_info_def: field(1, "MetaInfoTags"), object_graph_def: field(7, "SavedObjectGraph") },
  },
  MetaInfoTags: { fields: { tags: repeated(4, "string") } },
  SavedObjectGraph: {
    fields: { nodes: repeated(1, "SavedObject"), concrete_functions: map(2, "SavedConcreteFunction") },
  },
  SavedObject: {
    fields: { children: repeated(1, "ObjectReference"), function: field(6, "SavedFunction") },
  },
  ObjectReference: { fields: { node_id: field(1, "int32"), local_name: field(2, "string") } },
  SavedFunction: {
    fields: { concrete_functions: repeated(1, "string"), function_spec: field(2, "FunctionSpec") },
  },
  FunctionSpec: { fields: { fullargspec: field(1, "StructuredValue") } },
  SavedConcreteFunction: {
    fields: {
      canonicalized_input_signature: field(3, "StructuredValue"),
      output_signature: field(4, "StructuredValue"),
    },
  },
  StructuredValue: {
    fields: {
      string_value: field(13, "string"),
      tensor_spec_value: field(33, "TensorSpecProto"),
      type_spec_value: field(34, "StructuredValues"),
      bounded_tensor_spec_value: field(35, "TensorSpecProto"),
      list_value: field(51, "StructuredValues"),
      tuple_value: field(52, "StructuredValues"),
      dict_value: field(53, "StructuredFields"),
      named_tuple_value: field(54, "StructuredPairs"),
    },
  },
  TensorSpecProto: { fields: { name: field(1, "string") } },
  StructuredValues: { fields: { values: repeated(1, "StructuredValue") } },
  StructuredFields: { fields: { fields: map(1, "StructuredValue") } },
  StructuredPairs: { fields: { values: repeated(2, "StructuredPair") } },
  StructuredPair: { fields: { key: field(1, "string"), value: field(2, "StructuredValue") } },
};

/** @throws when there is no message of that name. */
function messageType(name: string): Type {
  const root = schemaRoot();
  if (!root.get("SavedModel")) root.addJSON({ ...messages, ...objectMessages });
  return root.lookupType(name);
}

export const savedModelType = () => messageType("SavedModel");
export const assetFileType = () => messageType("AssetFileDef");
export const signatureType = () => messageType("SignatureDef");
export const fingerprintType = () => messageType("FingerprintDef");
/** SavedModel, MetaGraphDef and GraphDef as they are read: what is not needed stays bytes. */
export const storedSavedModelType = () => messageType("StoredSavedModel");
export const storedMetaGraphType = () => messageType("StoredMetaGraph");
export const storedGraphType = () => messageType("StoredGraph");
export const metaGraphType = () => messageType("MetaGraphDef");
export const bundleHeaderType = () => messageType("BundleHeaderProto");
export const bundleEntryType = () => messageType("BundleEntryProto");
export const variableDefType = () => messageType("VariableDef");
export const checkpointStateType = () => messageType("CheckpointState");
export const objectGraphType = () => messageType("TrackableObjectGraph");
export const savedModelObjectsType = () => messageType("SavedModelObjects");
