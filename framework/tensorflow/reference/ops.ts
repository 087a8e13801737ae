/** The reference engine's table of ops: each name leads to a short kernel in kernels/. */
import { Exception } from "../../base/errors.js";
import type { NodeDef } from "../GraphDef.js";
import type { GraphIndex } from "../GraphIndex.js";
import { activationOps } from "./kernels/activation.js";
import { arithmeticOps } from "./kernels/arithmetic.js";
import { castOps } from "./kernels/cast.js";
import { comparisonOps } from "./kernels/comparison.js";
import { gatherOps } from "./kernels/gather.js";
import { joinOps } from "./kernels/join.js";
import { makeOps } from "./kernels/make.js";
import { matmulOps } from "./kernels/matmul.js";
import { normalizeOps } from "./kernels/normalize.js";
import { passOps } from "./kernels/pass.js";
import { reduceOps } from "./kernels/reduce.js";
import { rearrangeOps } from "./kernels/rearrange.js";
import { shapeOps } from "./kernels/shape.js";
import { sliceOps } from "./kernels/slice.js";
import { unaryOps } from "./kernels/unary.js";
import type { Op, OpTable } from "./op.js";

const table: OpTable = {
  ...activationOps,
  ...arithmeticOps,
  ...castOps,
  ...comparisonOps,
  ...gatherOps,
  ...joinOps,
  ...makeOps,
  ...matmulOps,
  ...normalizeOps,
  ...passOps,
  ...rearrangeOps,
  ...reduceOps,
  ...shapeOps,
  ...sliceOps,
  ...unaryOps,
};
const ops = new Map(Object.entries(table));

/** The names of all ops that the reference engine runs, sorted. */
export function supportedOps(): string[] {
  return [...ops.keys()].sort();
}

/** The op of a node that checkOps has seen. */
export function findOp(node: NodeDef): Op {
  const op = ops.get(node.op);
  if (!op) throw new Exception("LogicError", `op ${node.op} of node '${node.name}' was not checked at load.`);
  return op;
}

/** @throws InvalidSession naming every unsupported op with its nodes, or the first node with impossible inputs. */
export function checkOps(index: GraphIndex): void {
  const unsupported = new Map<string, string[]>();
  for (const node of index.graph.nodes) {
    const op = ops.get(node.op);
    if (!op) unsupported.set(node.op, [...(unsupported.get(node.op) ?? []), node.name]);
    else checkInputs(index, node, op);
  }
  if (unsupported.size === 0) return;
  const list = [...unsupported].map(([op, nodes]) => {
    const shown = nodes
      .slice(0, 3)
      .map((name) => `'${name}'`)
      .join(", ");
    return `${op} (${nodes.length > 3 ? `${shown} and ${nodes.length - 3} more` : shown})`;
  });
  throw new Exception(
    "InvalidSession",
    "error while attaching graphDef to session: the reference engine does not have the " +
      `op${list.length > 1 ? "s" : ""} ${list.join(", ")} of '${index.graph.origin}'; ` +
      "choose another engine or freeze the graph without training nodes.",
  );
}

function checkInputs(index: GraphIndex, node: NodeDef, op: Op): void {
  const inputs = index.inputs(node).filter((input) => !input.isControl);
  const [least, most] = typeof op.arity === "number" ? [op.arity, op.arity] : op.arity;
  const expected = least === most ? `${least}` : `${least} to ${most}`;
  const fault =
    inputs.length < least || inputs.length > most
      ? `has ${inputs.length} inputs and needs ${expected}`
      : inputs
          .filter(({ node: name, port }) => port >= outputCount(index.node(name)))
          .map(({ node: name, port }) => `reads output ${port} of '${name}', which has fewer outputs`)[0];
  if (fault === undefined) return;
  throw new Exception(
    "InvalidSession",
    `error while attaching graphDef to session: node '${node.name}' (${node.op}) ${fault}.`,
  );
}

/** Outputs of a node; of an unsupported op, which is reported elsewhere, any number. */
function outputCount(node: NodeDef | undefined): number {
  const op = node && ops.get(node.op);
  return op ? (op.outputs?.(node) ?? 1) : Number.POSITIVE_INFINITY;
}
