/** tensorpack's export_compact: one frozen graph for inference, reduced and simplified, compared with its source. */
import { Exception } from "../../base/errors.js";
import { LogWarning } from "../../base/log.js";
import { replaceFile } from "../../base/replaceFile.js";
import { freeze, type SignedGraph } from "../ConcreteFunction.js";
import { isTextFile, parseGraphDef, parseTextGraphDef } from "../GraphDef.js";
import { encodeGraphDef } from "../proto/encodeGraph.js";
import { graphDefType } from "../proto/graphDefSchema.js";
import { graphMessage } from "../proto/graphMessages.js";
import { printTextFormat } from "../proto/printTextFormat.js";
import { checkGraph } from "./checkGraph.js";
import { compareGraphs, type Sample, verifyExport } from "./compareGraphs.js";
import { expandPath } from "./expandPath.js";
import { dropLostColocations } from "./dropLostColocations.js";
import { nameEndpoints } from "./nameEndpoints.js";
import { optimizeForInference, withFoldedBatchNorms } from "./optimize/optimizeForInference.js";
import { tocoGraph } from "./optimize/tocoGraph.js";
import { type ToConcreteFunctionOptions, type Saveable, toConcreteFunction } from "./toConcreteFunction.js";

export interface ExportCompactOptions extends ToConcreteFunctionOptions {
  /**
   * TensorFlow's optimize_for_inference: constants are folded, branches that are never taken and nodes that change nothing
   * left out, batch norms become part of the weights before them. Or a function of yours that rewrites the frozen graph.
   */
  readonly optimize?: boolean | ((graph: SignedGraph) => SignedGraph) | undefined;
  /** Without what TOCO, TensorFlow Lite's converter, does not take; needs `optimize`. */
  readonly tocoCompatible?: boolean | undefined;
  /** Input by the signature's keys to compare on, where random input means nothing to the model. */
  readonly sampleInputs?: Sample | undefined;
}

/**
 * Writes a frozen graph, as text by the file's name (.pb.txt, .pbtxt), else binary. Inputs and outputs are named as
 * saveFrozenGraph names them. What it writes has been run on random input beside its source; folding batch norms changes
 * the rounding, and is left out where the outputs would differ by more than 1e-6.
 * @throws InvalidExport where an output differs, or TOCO would refuse the graph; what toConcreteFunction throws;
 *   FileWriteError. No file is written then
 */
export async function exportCompact(
  file: string,
  object: Saveable,
  options: ExportCompactOptions = {},
): Promise<void> {
  const { optimize = true, tocoCompatible = false } = options;
  const target = expandPath(file);
  const what = `exporting to '${target}'`;
  if (tocoCompatible && optimize === false)
    throw new Exception(
      "InvalidExport",
      `${what} is refused: tocoCompatible needs optimize; leave optimize out.`,
    );
  const fn = await toConcreteFunction(object, options);
  checkGraph(fn.graph);
  const source = nameEndpoints(freeze(fn), options.outputNames !== undefined);
  const optimized =
    typeof optimize === "function"
      ? optimize(source)
      : optimize
        ? optimizeSafely(source, what, options.sampleInputs)
        : source;
  const graph = dropLostColocations(tocoCompatible ? tocoGraph(optimized, what) : optimized);
  const isText = isTextFile(target);
  const bytes = isText
    ? Buffer.from(printTextFormat(graphDefType(), graphMessage(graph)))
    : encodeGraphDef(graph);
  const written = isText ? parseTextGraphDef(bytes, target) : parseGraphDef(bytes, target);
  verifyExport(source, { ...written, signature: graph.signature }, what, options.sampleInputs);
  try {
    replaceFile(target, bytes);
  } catch (error) {
    throw new Exception("FileWriteError", `cannot write '${target}': ${(error as Error).message}.`, {
      cause: error,
    });
  }
}

/** With all passes where that changes nothing that matters and can be tried, else with those that change no rounding. */
function optimizeSafely(source: SignedGraph, what: string, sample: Sample | undefined): SignedGraph {
  const exact = optimizeForInference(source);
  const all = withFoldedBatchNorms(exact);
  if (all === exact) return exact;
  try {
    if (compareGraphs(source, all, what, sample) === undefined) return all;
  } catch (error) {
    if (!(error instanceof Exception)) throw error;
    LogWarning(
      "Export",
      `${what}: batch norms are not folded, because ${error.message.replace(/^.* is refused: |; nothing is written\.$/g, "")}.`,
    );
  }
  return exact;
}
