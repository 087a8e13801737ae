/** Computes, once at load, every node whose inputs are all constant: batch-norm scales, shapes, casts of weights. */
import { Exception } from "../../base/errors.js";
import type { NodeDef } from "../GraphDef.js";
import type { GraphIndex } from "../GraphIndex.js";
import { tensorKey } from "../names.js";
import type { TensorLike } from "../Tensor.js";
import { Arena } from "./Arena.js";
import { Executor } from "./Executor.js";
import { findConditional } from "./guardedConstants.js";
import { makePlan } from "./makePlan.js";
import { findOp, isSupported } from "./ops.js";

/** A result that is larger than all its inputs together by more than this is left to the run (Fill, Tile, Range). */
const maxGrowthElements = 2 ** 20;

/**
 * All constants by full tensor name. Values that only folded nodes read are kept only where the graph has them. A
 * Const that a Switch may leave dead is one only if nobody asks whether it is (guardedConstants.ts).
 */
export function foldConstants(index: GraphIndex): Map<string, TensorLike> {
  const constants = new Map<string, TensorLike>();
  const order = index.order(index.nodeNames).filter(isSupported);
  const { mayDie, free } = findConditional(index, order);
  for (const node of order) {
    const tensor = node.op === "Const" ? node.attrs.value?.tensor : undefined;
    const isGuarded = index.inputs(node).some((input) => input.isControl && mayDie.has(input.node));
    if (tensor && (!isGuarded || free.has(node.name))) constants.set(`${node.name}:0`, tensor);
    else if (!tensor) foldNode(index, node, constants);
  }
  dropInner(index, order, constants);
  return constants;
}

function foldNode(index: GraphIndex, node: NodeDef, constants: Map<string, TensorLike>): void {
  const op = findOp(node);
  const inputs = index.inputs(node);
  const isFoldable =
    inputs.length > 0 && !op.isVolatile && inputs.every((input) => constants.has(tensorKey(input)));
  if (!isFoldable || inputs.some((input) => input.isControl)) return;
  const given = inputs.map((input) => constants.get(tensorKey(input)) as TensorLike);
  const names = Array.from({ length: op.outputs?.(node) ?? 1 }, (_, port) => ({
    node: node.name,
    port,
    isControl: false,
  }));
  const inputElements = given.reduce((sum, tensor) => sum + tensor.data.length, 0);
  try {
    const results = new Executor(
      makePlan(index, constants, [], names),
      new Arena(inputElements + maxGrowthElements),
    ).run([]);
    for (const [port, { dtype, shape, data }] of results.entries()) {
      const isShared = given.some((tensor) => tensor.data === data);
      constants.set(`${node.name}:${port}`, {
        dtype,
        shape: [...shape],
        data: isShared ? data : data.slice(),
      });
    }
  } catch (error) {
    // A node that cannot be computed is reported by the run that needs it: it may lie in a branch that none needs.
    if (!(error instanceof Exception) || error.category === "LogicError") throw error;
  }
}

/** Intermediate results: they can be computed again from the graph's own constants if they are ever fetched. */
function dropInner(index: GraphIndex, order: readonly NodeDef[], constants: Map<string, TensorLike>): void {
  const isConstant = (node: NodeDef) => constants.has(`${node.name}:0`);
  const readAtRun = new Set<string>();
  const read = new Set<string>();
  for (const node of order) {
    for (const input of index.inputs(node)) {
      if (input.isControl) continue;
      read.add(input.node);
      if (!isConstant(node)) readAtRun.add(input.node);
    }
  }
  for (const node of order) {
    if (node.op === "Const" || !read.has(node.name) || readAtRun.has(node.name)) continue;
    for (let port = 0; port < (findOp(node).outputs?.(node) ?? 1); port++)
      constants.delete(`${node.name}:${port}`);
  }
}
