/** The message MetaGraphDef of a SavedModel that we write: graph, signatures, saver, and the collections of its variables. */
import { Exception } from "../../base/errors.js";
import type { Initialization } from "../ConcreteFunction.js";
import { dtypeNumber } from "../dtypes.js";
import type { GraphDef, Signature, SignatureTensor } from "../GraphDef.js";
import { graphMessage, shapeMessage } from "../proto/graphMessages.js";
import { opDefs } from "../proto/opDefs.js";
import { savedModelType, variableDefType } from "../proto/savedModelSchema.js";
import { serializeDeterministic } from "../proto/serializeDeterministic.js";
import { basename } from "node:path";
import type { FingerprintedGraph } from "./fingerprint.js";
import type { SaverDef, VariableDef } from "./saverNodes.js";

/** What wrote the model, as TensorFlow's tools show it: the version whose form this is. */
const tensorflowVersion = "2.15.1";
/** What kind of call a signature is for: saved_model_cli and serving systems ask for it. */
const predictMethod = "tensorflow/serving/predict";

export interface MetaGraphContents {
  readonly graph: GraphDef;
  readonly signatures: readonly Signature[];
  readonly tags: readonly string[];
  readonly saver: SaverDef | undefined;
  readonly variableDefs: readonly VariableDef[];
  readonly initialization: Initialization | undefined;
}

/** @throws InvalidMetaGraphDef for an input or output whose type no tensor here has */
export function metaGraphMessage(contents: MetaGraphContents): FingerprintedGraph {
  const { graph, signatures, tags, saver, initialization } = contents;
  const assets = initialization?.assets ?? [];
  return {
    meta_info_def: {
      stripped_op_list: { op: opDefs(opsOf(graph)) },
      tags,
      tensorflow_version: tensorflowVersion,
    },
    graph_def: graphMessage(graph),
    saver_def: saver,
    collection_def: collections(contents),
    signature_def: Object.fromEntries(
      signatures.map((signature) => [signature.key, signatureMessage(signature)]),
    ),
    asset_file_def: assets.map(({ tensor, path }) => ({
      tensor_info: { name: tensor },
      filename: basename(path),
    })),
  } as unknown as FingerprintedGraph;
}

function opsOf({ nodes, functions }: GraphDef): string[] {
  return [...nodes, ...functions.flatMap((definition) => definition.nodes)].map(({ op }) => op);
}

/** The bytes of a saved_model.pb that has one meta graph. */
export function encodeSavedModel(metaGraph: FingerprintedGraph): Uint8Array {
  return serializeDeterministic(savedModelType(), {
    saved_model_schema_version: 1,
    meta_graphs: [metaGraph],
  });
}

/** One signature. @throws as metaGraphMessage */
function signatureMessage({ key, inputs, outputs }: Signature): object {
  const side = (tensors: Signature["inputs"]) =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => [name, tensorInfo(key, name, tensor)]),
    );
  return { inputs: side(inputs), outputs: side(outputs), method_name: predictMethod };
}

function tensorInfo(signature: string, key: string, { name, dtype, shape }: SignatureTensor): object {
  if (dtype === undefined || name === "") {
    const what = name === "" ? "no plain tensor" : "of a type that holds no data here";
    throw new Exception(
      "InvalidMetaGraphDef",
      `'${key}' of signature '${signature}' is ${what}, and cannot be saved.`,
    );
  }
  return { name, dtype: dtypeNumber(dtype), tensor_shape: shapeMessage(shape) };
}

function collections({ variableDefs, initialization }: MetaGraphContents): Record<string, object> {
  const variables = (chosen: readonly VariableDef[]) => ({
    bytes_list: { value: chosen.map((variable) => serializeDeterministic(variableDefType(), variable)) },
  });
  const nodes = (value: readonly string[]) => ({ node_list: { value } });
  const trainable = variableDefs.filter((variable) => variable.trainable);
  const assets = initialization?.assets ?? [];
  return {
    ...(variableDefs.length > 0 ? { variables: variables(variableDefs) } : {}),
    ...(trainable.length > 0 ? { trainable_variables: variables(trainable) } : {}),
    ...(initialization?.op ? { saved_model_main_op: nodes([initialization.op]) } : {}),
    ...(assets.length > 0 ? { asset_filepaths: nodes(assets.map(({ tensor }) => tensor)) } : {}),
  };
}
