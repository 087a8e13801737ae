/** What a SavedModel holds for one set of tags: a graph with its functions, and the signatures that say how to call it. */
import { Exception } from "../../base/errors.js";
import { dtypeFromNumber } from "../dtypes.js";
import type { GraphDef, Signature, SignatureTensor } from "../GraphDef.js";
import type { OpOutput, OpOutputs } from "../opOutputs.js";
import { decodeGraph, type GraphMessage } from "../proto/decodeGraph.js";
import { decodeStoredGraph, type StoredGraphMessage } from "../proto/decodeStoredGraph.js";
import { storedGraphType } from "../proto/savedModelSchema.js";
import { decodeShape, type TensorShapeMessage } from "../proto/decodeTensor.js";

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
  readonly signature_def: Readonly<
    Record<string, { readonly inputs: TensorInfoMessages; readonly outputs: TensorInfoMessages }>
  >;
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
  };
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
