/** What a node gives for the examples that stand for a traced function's inputs: only dtypes and shapes are looked at. */
import { Exception } from "../../base/errors.js";
import type { NodeDef } from "../GraphDef.js";
import { evaluateNode } from "../reference/evaluateNode.js";
import { Tensor, type TensorLike } from "../Tensor.js";
import type { Traced } from "./Recorder.js";

/**
 * The node's outputs. Whole numbers made of examples may be no positions and no divisors, though those of real inputs are:
 * where they fail, zeros and then ones are taken in their place.
 * @throws InvalidRun where the inputs fail whatever their values
 */
export function exampleOutputs(node: NodeDef, inputs: readonly Traced[]): TensorLike[] {
  const values = inputs.map(({ value }) => value);
  try {
    return evaluateNode(node, values);
  } catch (error) {
    const isOpen = ({ value, isConstant }: Traced) => !isConstant && value.dtype === "int32";
    const isOfExamples = error instanceof Exception && error.category === "InvalidRun" && inputs.some(isOpen);
    if (!isOfExamples) throw error;
    for (const number of [0, 1]) {
      const others = inputs.map((x) => (isOpen(x) ? filled(x.value, number) : x.value));
      const outputs = attempt(node, others);
      if (outputs) return outputs;
    }
    throw error;
  }
}

function filled({ dtype, shape, data }: TensorLike, number: number): TensorLike {
  return new Tensor(dtype, shape, new Array<number>(data.length).fill(number));
}

function attempt(node: NodeDef, values: readonly TensorLike[]): TensorLike[] | undefined {
  try {
    return evaluateNode(node, values);
  } catch {
    // The first error is the one that is told.
    return undefined;
  }
}
