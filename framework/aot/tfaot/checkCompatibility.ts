/** Whether a model can be compiled ahead of time, decided by compiling it: what it says is what happens. */
import { Exception } from "../../base/errors.js";
import type { GraphDef, NodeDef } from "../../tensorflow/GraphDef.js";
import { FunctionInliner } from "../../tensorflow/savedmodel/FunctionInliner.js";
import { prune } from "../../tensorflow/savedmodel/inlineNodes.js";
import { loadMetaGraphDef, loadSavedModel } from "../../tensorflow/savedmodel/SavedModel.js";
import { type CompileGraph, compileOne } from "./compileModel.js";
import { ServingSignature } from "./ServingSignature.js";

export interface Compatibility {
  /** The ops of the serving function, calls written out, variables still variables. */
  readonly ops: ReadonlyMap<string, boolean>;
  /** Why it cannot be compiled: names the node and the op. Undefined when it can. */
  readonly problem: string | undefined;
  /** Branches that cannot be compiled in a model that otherwise can: a run that takes one fails. */
  readonly uncompiled: readonly string[];
}

/** Where the compiler could find that a batch size makes a difference: 1 is special to many ops. */
const triedBatchSizes = [1, 2];
/** cmsml leaves out what is no computation; a variable is a captured argument of the function. */
const silentOps = new Set(["NoOp", "Placeholder", "VarHandleOp"]);

/** @throws InvalidMetaGraphDef for what is no SavedModel or has no such signature */
export function checkCompatibility(
  path: string,
  servingKey: string,
  compileGraph: CompileGraph,
  supportedOps: ReadonlySet<string>,
): Compatibility {
  const graph = loadSavedModel(path, { signature: servingKey });
  const nodes = servingNodes(path, graph);
  const { problem, uncompiled } = attempt(graph, compileGraph);
  const atFault =
    problem === undefined
      ? undefined
      : faultyOp(
          problem,
          [...nodes, ...graph.nodes].filter(({ op }) => !silentOps.has(op)),
        );
  const isFine = (op: string) => problem === undefined || (op !== atFault && supportedOps.has(op));
  const found = new Set(nodes.map(({ op }) => op).filter((op) => !silentOps.has(op)));
  if (atFault !== undefined) found.add(atFault);
  return { ops: new Map([...found].map((op) => [op, isFine(op)])), problem, uncompiled };
}

/** The last line: `cpu: all ops compatible` or which are not. */
export function verdict({ ops, problem }: Compatibility): string {
  if (problem === undefined) return "cpu: all ops compatible";
  const failed = [...ops].filter(([, isFine]) => !isFine).map(([op]) => op);
  // An op can be fine and its use not: a shape that is not known, an index that is computed.
  if (failed.length === 0) return `cpu: not compatible: ${problem}`;
  return `cpu: not compatible, ${failed.length} incompatible ops: ${failed.sort().join(",")}`;
}

function servingNodes(path: string, { signature }: GraphDef): NodeDef[] {
  const metaGraph = loadMetaGraphDef(path);
  const tensors = [...Object.values(signature?.outputs ?? {}), ...Object.values(signature?.inputs ?? {})];
  const roots = tensors.map(({ name }) => name).filter((name) => name !== "");
  return prune(new FunctionInliner(metaGraph).inlineGraph(metaGraph.graph.nodes, roots), roots);
}

function attempt(graph: GraphDef, compileGraph: CompileGraph): Omit<Compatibility, "ops"> {
  try {
    const signature = new ServingSignature(graph);
    const codes = signature
      .batchSizesToTry(triedBatchSizes)
      .map((batchSize) => compileOne(graph, signature, batchSize, "wasm", compileGraph));
    const uncompiled = new Set(codes.flatMap(({ layout }) => layout.uncompiled));
    return { problem: undefined, uncompiled: [...uncompiled] };
  } catch (error) {
    // Another Error is a bug of ours, and no answer.
    if (!(error instanceof Exception) || error.foreignStack !== undefined) throw error;
    return { problem: error.message, uncompiled: [] };
  }
}

/** The op of the node that the sentence names. */
function faultyOp(problem: string, nodes: readonly NodeDef[]): string | undefined {
  const byName = new Map(nodes.map(({ name, op }) => [name, op]));
  const quoted = [...problem.matchAll(/'([^']+)'/g)].map(([, name]) => name as string);
  const node = quoted.find((name) => byName.has(name));
  if (node !== undefined) return byName.get(node);
  const ops = new Set(nodes.map(({ op }) => op));
  return problem.match(/\w+/g)?.find((word) => ops.has(word));
}
