/** A SavedModel whose signatures have static shapes, one a batch size: what cmsml_compile_tf_graph writes. */
import { fromGraphDef } from "../../tensorflow/ConcreteFunction.js";
import type { GraphDef, PartialShape, Signature } from "../../tensorflow/GraphDef.js";
import { completeSignature } from "../../tensorflow/saving/completeSignature.js";
import { dropLostColocations } from "../../tensorflow/saving/dropLostColocations.js";
import { encodeSavedModel, metaGraphMessage } from "../../tensorflow/saving/metaGraphMessage.js";
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
  given: GraphDef,
  signature: ServingSignature,
  batchSizes: readonly number[],
  keyPattern: string,
): Uint8Array {
  const graph = dropLostColocations(completeSignature(fromGraphDef(given).graph));
  const signatures = batchSizes.map((batchSize): Signature => {
    const feeds = signature.feeds(batchSize);
    const inputs = Object.keys(graph.signature.inputs).map((key, i) => [key, feeds[i]]);
    const outputs = Object.entries(graph.signature.outputs).map(([key, tensor]) => [
      key,
      { ...tensor, shape: withBatch(tensor.shape, batchSize) },
    ]);
    return {
      key: staticKey(keyPattern, batchSize),
      inputs: Object.fromEntries(inputs),
      outputs: Object.fromEntries(outputs),
    };
  });
  const nothing = { saver: undefined, variableDefs: [], initialization: undefined };
  return encodeSavedModel(metaGraphMessage({ graph, signatures, tags: ["serve"], ...nothing }));
}

function withBatch(shape: PartialShape, batchSize: number): PartialShape {
  return shape?.[0] === -1 ? [batchSize, ...shape.slice(1)] : shape;
}
