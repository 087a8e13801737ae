/** The reference engine's table of ops: each name leads to a short kernel in kernels/. */
import { Exception } from "../../base/errors.js";
import type { NodeDef } from "../GraphDef.js";
import type { GraphIndex } from "../GraphIndex.js";
import { activationOps } from "./kernels/activation.js";
import { arithmeticOps } from "./kernels/arithmetic.js";
import { bitwiseOps } from "./kernels/bitwise.js";
import { castOps } from "./kernels/cast.js";
import { combineOps } from "./kernels/combine.js";
import { comparisonOps } from "./kernels/comparison.js";
import { controlOps } from "./kernels/control.js";
import { convOps } from "./kernels/conv.js";
import { convTransposeOps } from "./kernels/convTranspose.js";
import { cumulativeOps } from "./kernels/cumulative.js";
import { depthwiseOps } from "./kernels/depthwise.js";
import { einsumOps } from "./kernels/einsum.js";
import { gatherOps } from "./kernels/gather.js";
import { joinOps } from "./kernels/join.js";
import { lrnOps } from "./kernels/lrn.js";
import { makeOps } from "./kernels/make.js";
import { matmulOps } from "./kernels/matmul.js";
import { mirrorOps } from "./kernels/mirror.js";
import { normalizeOps } from "./kernels/normalize.js";
import { passOps } from "./kernels/pass.js";
import { poolOps } from "./kernels/pool.js";
import { rearrangeOps } from "./kernels/rearrange.js";
import { reduceOps } from "./kernels/reduce.js";
import { resizeOps } from "./kernels/resize.js";
import { shapeOps } from "./kernels/shape.js";
import { sliceOps } from "./kernels/slice.js";
import { spaceBatchOps } from "./kernels/spaceBatch.js";
import { tensorArrayOps } from "./kernels/tensorArray.js";
import { tensorListOps } from "./kernels/tensorList.js";
import { unaryOps } from "./kernels/unary.js";
import { variableOps } from "./kernels/variable.js";
import { volumeOps } from "./kernels/volume.js";
import type { Op, OpTable } from "./op.js";

const table: OpTable = {
  ...activationOps,
  ...arithmeticOps,
  ...bitwiseOps,
  ...castOps,
  ...combineOps,
  ...comparisonOps,
  ...controlOps,
  ...convOps,
  ...convTransposeOps,
  ...cumulativeOps,
  ...depthwiseOps,
  ...einsumOps,
  ...gatherOps,
  ...joinOps,
  ...lrnOps,
  ...makeOps,
  ...matmulOps,
  ...mirrorOps,
  ...normalizeOps,
  ...passOps,
  ...poolOps,
  ...rearrangeOps,
  ...reduceOps,
  ...resizeOps,
  ...shapeOps,
  ...sliceOps,
  ...spaceBatchOps,
  ...tensorArrayOps,
  ...tensorListOps,
  ...unaryOps,
  ...variableOps,
  ...volumeOps,
};
const ops = new Map(Object.entries(table));

/** The names of all ops that the reference engine runs, sorted. */
export function supportedOps(): string[] {
  return [...ops.keys()].sort();
}

export function isSupported(node: NodeDef): boolean {
  return ops.has(node.op);
}

/** The op of a supported node. */
export function findOp(node: NodeDef): Op {
  const op = ops.get(node.op);
  if (!op) throw new Exception("LogicError", `op ${node.op} of node '${node.name}' was not checked.`);
  return op;
}

/** @throws InvalidSession naming every op among the nodes that is not supported, with its nodes. */
export function checkSupported(nodes: readonly NodeDef[], origin: string): void {
  const unsupported = new Map<string, string[]>();
  for (const node of nodes) {
    if (!ops.has(node.op)) unsupported.set(node.op, [...(unsupported.get(node.op) ?? []), `'${node.name}'`]);
  }
  if (unsupported.size === 0) return;
  const list = [...unsupported].map(([op, names]) => {
    const shown = names.slice(0, 3).join(", ");
    return `${op} (${names.length > 3 ? `${shown} and ${names.length - 3} more` : shown})`;
  });
  throw invalid(
    `the outputs need the op${list.length > 1 ? "s" : ""} ${list.join(", ")} of '${origin}', which the reference ` +
      "engine does not have; choose another engine or freeze the graph without training nodes",
  );
}

/** @throws InvalidSession naming the first node whose inputs are not possible. */
export function checkInputs(index: GraphIndex): void {
  for (const node of index.graph.nodes) {
    const op = ops.get(node.op);
    const fault = op && inputFault(index, node, op);
    if (fault) throw invalid(`node '${node.name}' (${node.op}) ${fault}`);
  }
}

function inputFault(index: GraphIndex, node: NodeDef, op: Op): string | undefined {
  const inputs = index.inputs(node).filter((input) => !input.isControl);
  const [least, most] = typeof op.arity === "number" ? [op.arity, op.arity] : op.arity;
  const expected = least === most ? `${least}` : `${least} to ${most}`;
  if (inputs.length < least || inputs.length > most)
    return `has ${inputs.length} inputs and needs ${expected}`;
  const wrong = inputs.find(({ node: name, port }) => port >= outputCount(index.node(name)));
  return wrong && `reads output ${wrong.port} of '${wrong.node}', which has fewer outputs`;
}

/** Outputs of a node; of an unsupported op, which is reported when it is needed, any number. */
function outputCount(node: NodeDef | undefined): number {
  const op = node && ops.get(node.op);
  return op ? (op.outputs?.(node) ?? 1) : Number.POSITIVE_INFINITY;
}

function invalid(what: string): Exception {
  return new Exception("InvalidSession", `error while attaching graphDef to session: ${what}.`);
}
