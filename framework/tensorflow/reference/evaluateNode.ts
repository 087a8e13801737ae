/** Computes one node from known inputs, by the kernel that a run would use: how the compiler folds constants. */
import { Exception } from "../../base/errors.js";
import { type DType, newData, type TensorData } from "../dtypes.js";
import type { NodeDef } from "../GraphDef.js";
import { elementCount, type TensorLike } from "../Tensor.js";
import type { ElementList } from "./ElementList.js";
import type { Kernel, KernelCall } from "./op.js";
import { findOp, isSupported } from "./ops.js";

/** Whether a node's outputs follow from its inputs alone. */
export function isFoldable(node: NodeDef): boolean {
  return isSupported(node) && !findOp(node).isVolatile && node.op !== "Const";
}

/**
 * The node's outputs. `kernel`: made once by the caller for repeated calls.
 * @throws InvalidRun where a run would
 */
export function evaluateNode(
  node: NodeDef,
  inputs: readonly TensorLike[],
  kernel: Kernel = findOp(node).create(node),
): TensorLike[] {
  const call = new ConstantCall(inputs);
  kernel(call);
  return call.outputs;
}

class ConstantCall implements KernelCall {
  readonly outputs: TensorLike[] = [];

  constructor(readonly inputs: readonly TensorLike[]) {}

  output(index: number, dtype: DType, shape: readonly number[]): TensorData {
    const data = newData(dtype, elementCount(shape));
    this.outputs[index] = { dtype, shape: [...shape], data };
    return data;
  }

  alias(shape: readonly number[], output = 0, input = 0): void {
    const { dtype, data } = this.inputs[input] as TensorLike;
    this.outputs[output] = { dtype, shape: [...shape], data };
  }

  give(tensor: TensorLike): void {
    this.outputs[0] = { dtype: tensor.dtype, shape: [...tensor.shape], data: tensor.data };
  }

  isLive(): boolean {
    return true;
  }

  kill(): void {
    throw new Exception("LogicError", "a node with dead outputs is not folded.");
  }

  elements(): ElementList {
    throw new Exception("LogicError", "a node with lists is not folded.");
  }

  setElements(): void {
    throw new Exception("LogicError", "a node with lists is not folded.");
  }

  lasting(dtype: DType, count: number): TensorData {
    return newData(dtype, count);
  }
}
