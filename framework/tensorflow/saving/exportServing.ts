/** tensorpack's export_serving: a SavedModel to serve, compared with its source before it appears. */
import { Exception } from "../../base/errors.js";
import { type ConcreteFunction, freeze, type SignedGraph } from "../ConcreteFunction.js";
import type { Signature } from "../GraphDef.js";
import { loadSavedModel } from "../savedmodel/SavedModel.js";
import { checkGraph } from "./checkGraph.js";
import { type Sample, verifyExport } from "./compareGraphs.js";
import { completeSignature } from "./completeSignature.js";
import { expandPath } from "./expandPath.js";
import { type ToConcreteFunctionOptions, type Saveable, toConcreteFunction } from "./toConcreteFunction.js";
import { writeSavedModel } from "./writeSavedModel.js";

export interface ExportServingOptions extends ToConcreteFunctionOptions {
  readonly tags?: string | readonly string[] | undefined;
  /** The key of the only signature. tensorpack's is 'prediction_pipeline'. */
  readonly signatureName?: string | undefined;
  /** Inputs and outputs under the names of their tensors, "x:0", as tensorpack has them, in place of the signature's keys. */
  readonly tensorNamesAsKeys?: boolean | undefined;
  /** Input by the signature's keys to compare on, where random input means nothing to the model. */
  readonly sampleInputs?: Sample | undefined;
}

/** What becomes the signatures of one SavedModel, by their keys: they share the variables that are the same. */
export type Signatures = Readonly<Record<string, Saveable>>;

/**
 * Writes a SavedModel that TensorFlow 1 and 2 load (tf.saved_model.load, saved_model_cli, TensorFlow Serving). Each
 * signature is run on random input in the reference engine, beside its source; a model that does not run there is written
 * with a warning. "~" and variables of the environment in `exportDir` are expanded.
 * @throws FileWriteError where there is something already; InvalidExport where an output differs by more than 1e-6; what
 *   toConcreteFunction throws; nothing is written then
 */
export async function exportServing(
  exportDir: string,
  object: Saveable | Signatures,
  options: ExportServingOptions = {},
): Promise<void> {
  const target = expandPath(exportDir);
  const { tags = "serve", signatureName = "serving_default", tensorNamesAsKeys = false } = options;
  const given: Signatures = isSignatures(object) ? object : { [signatureName]: object };
  const functions: Record<string, ConcreteFunction> = {};
  for (const [key, one] of Object.entries(given)) {
    const fn = await toConcreteFunction(one, options);
    checkGraph(fn.graph);
    const graph = completeSignature(fn.graph);
    functions[key] = { ...fn, graph: tensorNamesAsKeys ? withTensorNames(graph) : graph };
  }
  const tagList = typeof tags === "string" ? [tags] : tags;
  writeSavedModel(target, functions, {
    tags: tagList,
    check(directory) {
      for (const [signature, fn] of Object.entries(functions)) {
        const exported = loadSavedModel(directory, { tag: tagList, signature });
        const what = `exporting signature '${signature}' to '${target}'`;
        verifyExport(freeze(fn), exported as SignedGraph, what, options.sampleInputs);
      }
    },
  });
}

/** A plain object that is none of what can be saved. */
function isSignatures(object: Saveable | Signatures): object is Signatures {
  if (typeof object !== "object" || Object.getPrototypeOf(object) !== Object.prototype) return false;
  return !["graph", "nodes", "layers"].some((member) => member in object);
}

function withTensorNames(graph: SignedGraph): SignedGraph {
  const { signature } = graph;
  const named = (side: Signature["inputs"]) =>
    Object.fromEntries(
      Object.values(side).map((tensor) => {
        if (tensor.name === "")
          throw new Exception(
            "InvalidMetaGraphDef",
            `'${graph.origin}' has a sparse or composite tensor, which cannot be saved.`,
          );
        return [tensor.name, tensor];
      }),
    );
  return {
    ...graph,
    signature: { ...signature, inputs: named(signature.inputs), outputs: named(signature.outputs) },
  };
}
