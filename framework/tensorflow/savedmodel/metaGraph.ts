/** What a SavedModel holds for one set of tags: a graph with its functions, and the signatures that say how to call it. */
import { Exception } from "../../base/errors.js";
import { dtypeFromNumber } from "../dtypes.js";
import type { GraphDef, Signature, SignatureTensor } from "../GraphDef.js";
import type { OpOutput, OpOutputs } from "../opOutputs.js";
import { decodeGraph, type GraphMessage } from "../proto/decodeGraph.js";
import { decodeStoredGraph, type StoredGraphMessage } from "../proto/decodeStoredGraph.js";
import { assetFileType, storedGraphType } from "../proto/savedModelSchema.js";
import { decodeShape, type TensorShapeMessage } from "../proto/decodeTensor.js";

/** A file that the model reads: a vocabulary. */
export interface AssetFile {
  /** The tensor that is the file's path. */
  readonly tensor: string;
  /** Its name in the SavedModel's folder assets/. */
  readonly fileName: string;
}

/**
 * CMSSW's tensorflow::MetaGraphDef, as plain data. Variables are still variables: createSession restores them. Functions
 * that nothing in the graph calls, or only what saves it, are left out.
 */
export interface MetaGraphDef {
  readonly tags: readonly string[];
  readonly graph: GraphDef;
  readonly signatures: readonly Signature[];
  /** What the model says of the ops it has; those that it says nothing of are TensorFlow's. */
  readonly opOutputs: OpOutputs;
  /** The node that restores the variables; "" when there are none. */
  readonly restoreNode: string;
  /** The node that fills tables, which runs once after the variables are restored; "" when there is none. */
  readonly initNode: string;
  readonly assets: readonly AssetFile[];
}

interface AssetMessage {
  readonly filename: string;
  readonly tensor_info?: { readonly name: string } | null;
}

interface TensorInfoMessage {
  readonly name: string;
  readonly dtype: number;
  readonly tensor_shape?: TensorShapeMessage | null;
}

interface ArgMessage {
  readonly name: string;
  readonly number_attr: string;
  readonly type_list_attr: string;
}

export interface MetaGraphMessage {
  readonly meta_info_def?: {
    readonly tags: readonly string[];
    readonly stripped_op_list?: {
      readonly op: readonly { readonly name: string; readonly output_arg: readonly ArgMessage[] }[];
    } | null;
  } | null;
  /** Bytes in a binary file. */
  readonly graph_def?: GraphMessage | Uint8Array | null;
  readonly saver_def?: { readonly restore_op_name: string; readonly save_tensor_name?: string } | null;
  readonly collection_def?: Readonly<Record<string, CollectionMessage>>;
  readonly asset_file_def?: readonly AssetMessage[];
  readonly signature_def: Readonly<
    Record<string, { readonly inputs: TensorInfoMessages; readonly outputs: TensorInfoMessages }>
  >;
}

interface CollectionMessage {
  readonly node_list?: { readonly value: readonly string[] } | null;
  readonly any_list?: { readonly value: readonly { readonly value: Uint8Array }[] } | null;
}

type TensorInfoMessages = Readonly<Record<string, TensorInfoMessage>>;

/** @throws InvalidGraphDef naming a node that is damaged. */
export function decodeMetaGraph(message: MetaGraphMessage, origin: string): MetaGraphDef {
  const { meta_info_def, graph_def, saver_def, signature_def } = message;
  const signatures = Object.entries(signature_def).map(([key, { inputs, outputs }]) => ({
    key,
    inputs: decodeTensors(inputs),
    outputs: decodeTensors(outputs),
  }));
  const ops = meta_info_def?.stripped_op_list?.op ?? [];
  return {
    tags: [...(meta_info_def?.tags ?? [])],
    graph: decodeGraphOf(graph_def ?? { node: [] }, origin, nodeOf(saver_def?.save_tensor_name ?? "")),
    // The op that runs when TensorFlow loads the model is kept among the signatures; it computes nothing.
    signatures: signatures.filter(
      ({ outputs, key }) => key !== "__saved_model_init_op" && Object.keys(outputs).length > 0,
    ),
    opOutputs: new Map(ops.map(({ name, output_arg }) => [name, output_arg.map(decodeOutput)])),
    restoreNode: nodeOf(saver_def?.restore_op_name ?? ""),
    initNode: initNodeOf(message),
    assets: assetsOf(message),
  };
}

/** TensorFlow 2 keeps it among the signatures, TensorFlow 1 in a collection. */
function initNodeOf({ signature_def, collection_def = {} }: MetaGraphMessage): string {
  const [first] = Object.values(signature_def.__saved_model_init_op?.outputs ?? {});
  const kept = ["saved_model_main_op", "legacy_init_op"].map(
    (key) => collection_def[key]?.node_list?.value[0],
  );
  return (first?.name || kept[0] || kept[1] || "").replace(/:\d+$/, "");
}

/** TensorFlow 1 keeps them in a collection; a text file has that in a form that is not read: those are left out. */
function assetsOf({ asset_file_def = [], collection_def = {} }: MetaGraphMessage): AssetFile[] {
  const kept = collection_def.saved_model_assets?.any_list?.value ?? [];
  const messages =
    asset_file_def.length > 0
      ? asset_file_def
      : kept.map(({ value }) => assetFileType().decode(value) as unknown as AssetMessage);
  return messages.flatMap(({ filename, tensor_info }) =>
    tensor_info?.name ? [{ tensor: tensor_info.name, fileName: filename }] : [],
  );
}

function nodeOf(tensor: string): string {
  return tensor.replace(/:\d+$/, "");
}

function decodeGraphOf(graph: GraphMessage | Uint8Array, origin: string, savingNode: string): GraphDef {
  if (!(graph instanceof Uint8Array)) return decodeGraph(graph, origin);
  try {
    return decodeStoredGraph(
      storedGraphType().decode(graph) as unknown as StoredGraphMessage,
      origin,
      savingNode,
    );
  } catch (error) {
    if (error instanceof Exception) throw error;
    const what = `its graph does not parse (${(error as Error).message}); is the file complete?`;
    throw new Exception("InvalidGraphDef", what, { cause: error });
  }
}

function decodeTensors(messages: TensorInfoMessages): Record<string, SignatureTensor> {
  const entries = Object.entries(messages).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    entries.map(([key, { name, dtype, tensor_shape }]) => [
      key,
      { name, dtype: dtypeFromNumber(dtype), shape: decodeShape(tensor_shape) },
    ]),
  );
}

function decodeOutput({ name, number_attr, type_list_attr }: ArgMessage): OpOutput {
  return { name, numberAttr: number_attr, typeListAttr: type_list_attr };
}
