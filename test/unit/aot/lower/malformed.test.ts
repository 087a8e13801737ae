/** Nodes whose shapes, dtypes, attributes or inputs do not fit: refused with a reason, and never a bug of ours. */
import { expect, it } from "vitest";
import { lowerings } from "../../../../framework/aot/lower/table.js";
import { Exception } from "../../../../framework/base/errors.js";
import type { AttrValue, NodeDef } from "../../../../framework/tensorflow/GraphDef.js";
import { evaluateNode } from "../../../../framework/tensorflow/reference/evaluateNode.js";
import { findOp, isSupported } from "../../../../framework/tensorflow/reference/ops.js";
import type { TensorLike } from "../../../../framework/tensorflow/Tensor.js";
import { expectSame, Fixed, type Input, list, lowered, nodeOf, Unsupported } from "./lowerNode.js";
import { integer, oneOf, shape, tensor, times } from "./random.js";

function anyAttributes(): Record<string, AttrValue> {
  const all: Record<string, AttrValue> = {
    DstT: { type: oneOf(1, 3, 9, 10, 19) },
    T: { type: 1 },
    axis: { i: integer(-3, 3) },
    batch_dims: { i: integer(-2, 2) },
    block_size: { i: 2 },
    data_format: { s: oneOf("NHWC", "NCHW") },
    equation: { s: oneOf("ij,jk->ik", "ii->i", "...a->...", "ab->c", "ab,bc->", "a") },
    is_training: { b: oneOf(true, false) },
    keep_dims: { b: true },
    ksize: list(oneOf([1, 2, 2, 1], [1, 1, 3, 1], [2, 1, 1, 1], [])),
    mode: { s: oneOf("REFLECT", "SYMMETRIC") },
    num: { i: integer(1, 3) },
    num_split: { i: integer(1, 3) },
    padding: { s: oneOf("SAME", "VALID", "EXPLICIT") },
    seq_dim: { i: integer(-1, 2) },
    shrink_axis_mask: { i: integer(0, 3) },
    strides: list(oneOf([1, 1, 1, 1], [1, 2, 1, 1], [1, 2, 2, 1], [1, 0, 1, 1], [])),
  };
  return Object.fromEntries(Object.entries(all).filter(() => integer(0, 3) > 0));
}

function anyInputs(node: NodeDef): Input[] {
  const arity = isSupported(node) ? findOp(node).arity : ([0, 4] as const);
  const [least, most] = typeof arity === "number" ? [arity, arity] : arity;
  return Array.from({ length: integer(least, Math.min(4, most)) }, () => {
    const dtype = oneOf("float32", "float32", "int32", "int32", "int64", "bool");
    const dims = oneOf(shape(integer(0, 4), 3, 0), shape(integer(0, 2), 3), [integer(0, 4)]);
    const given = tensor(dims, dtype, dtype === "float32" ? -3 : -2, 4);
    return integer(0, 1) ? given : new Fixed(given);
  });
}

/** What a lowering gives, or undefined where it refuses or the run faults. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    const { message } = error as Error;
    const isRefused =
      error instanceof Unsupported || (error instanceof Exception && error.category !== "LogicError");
    // Faults of the run: positions outside, and the slow machine's division of whole numbers.
    if (
      isRefused ||
      / is outside of |is more than|NaN or infinite|Division by zero|must be (non-negative|positive)/.test(
        message,
      )
    )
      return undefined;
    throw error;
  }
}

it.each(Object.keys(lowerings))("%s", (op) => {
  times(60, () => {
    const node = nodeOf(op, anyAttributes());
    const inputs = anyInputs(node);
    const result = attempt(() => lowered(node, inputs));
    if (!result || !isSupported(node)) return;
    const tensors = inputs.map((input) => (input instanceof Fixed ? input.tensor : input));
    // Of nothing, TensorFlow's extremes of whole numbers are the lowest and highest; the reference engine has none.
    if (/^(Max|Min)$/.test(op) && tensors.some(({ data }) => data.length === 0)) return;
    let expected: TensorLike[];
    try {
      expected = evaluateNode(node, tensors);
    } catch {
      return;
    }
    for (const [i, output] of result.outputs.entries())
      expectSame(output, expected[i] as TensorLike, 1e-5, `${op} ${JSON.stringify(node.attrs)}`);
    expect(result.outputs.length).toBe(expected.length);
  });
});
