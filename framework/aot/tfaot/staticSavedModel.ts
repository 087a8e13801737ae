/** A SavedModel whose signatures have static shapes, one a batch size: what cmsml_compile_tf_graph writes. */
import { dtypeNumber } from "../../tensorflow/dtypes.js";
import type { GraphDef, PartialShape, SignatureTensor } from "../../tensorflow/GraphDef.js";
import { graphDefType } from "../../tensorflow/proto/graphDefSchema.js";
import { savedModelType } from "../../tensorflow/proto/savedModelSchema.js";
import { encodeGraphDef, servingTag } from "../../tensorflow/proto/encodeGraph.js";
import type { ServingSignature } from "./ServingSignature.js";

/** "serving_default_bs2"; in a pattern {} stands for the batch size. */
export function staticKey(pattern: string, batchSize: number): string {
  return pattern.replaceAll("{}", String(batchSize));
}

/**
 * The bytes of saved_model.pb: variables are constants, so there is no other file.
 * @throws InvalidMetaGraphDef when the model was saved for another batch size
 */
export function encodeStaticModel(
  graph: GraphDef,
  signature: ServingSignature,
  batchSizes: readonly number[],
  keyPattern: string,
): Uint8Array {
  const entries = batchSizes.map((batchSize) => {
    const feeds = signature.feeds(batchSize);
    const inputs = Object.keys(graph.signature?.inputs ?? {}).map((key, i) => [key, tensorInfo(feeds[i]!)]);
    const outputs = Object.entries(graph.signature?.outputs ?? {}).map(([key, tensor]) => [
      key,
      tensorInfo({ ...tensor, shape: withBatch(tensor.shape, batchSize) }),
    ]);
    const definition = {
      inputs: Object.fromEntries(inputs),
      outputs: Object.fromEntries(outputs),
      method_name: "tensorflow/serving/predict",
    };
    return [staticKey(keyPattern, batchSize), definition];
  });
  const metaGraph = {
    meta_info_def: { tags: [servingTag] },
    graph_def: graphDefType().decode(encodeGraphDef(graph)),
    signature_def: Object.fromEntries(entries),
  };
  return savedModelType()
    .encode({ saved_model_schema_version: 1, meta_graphs: [metaGraph] })
    .finish();
}

function tensorInfo({ name, dtype, shape }: SignatureTensor): object {
  const tensor_shape = shape === null ? { unknown_rank: true } : { dim: shape.map((size) => ({ size })) };
  return { name, dtype: dtype === undefined ? 0 : dtypeNumber(dtype), tensor_shape };
}

function withBatch(shape: PartialShape, batchSize: number): PartialShape {
  return shape?.[0] === -1 ? [batchSize, ...shape.slice(1)] : shape;
}
