/** Checks what a run is fed with against what the graph declares; on the hot path, so no strings unless it fails. */
import { Exception } from "../base/errors.js";
import { holds } from "./dtypes.js";
import type { PartialShape } from "./GraphDef.js";
import type { Placeholder } from "./GraphIndex.js";
import { elementCount, showShape, type TensorLike } from "./Tensor.js";

/** What one fed tensor has to be; dtype and shape are free where an inner tensor of the graph is fed. */
export interface FeedRule {
  readonly name: string;
  readonly declared: Placeholder | undefined;
}

/** @throws InvalidRun naming the tensor, what the graph expects and what is given. */
export function checkFeed(rule: FeedRule, tensor: TensorLike | undefined): asserts tensor is TensorLike {
  if (tensor === undefined) throw invalidRun(`input '${rule.name}' is not given`);
  const { declared } = rule;
  if (declared?.dtype !== undefined && declared.dtype !== tensor.dtype) {
    throw invalidRun(`input '${rule.name}' expects ${declared.dtype}, given is ${tensor.dtype}`);
  }
  if (declared && !fits(tensor.shape, declared.shape)) {
    throw invalidRun(
      `input '${rule.name}' expects shape ${showShape(declared.shape)}, given is ${showShape(tensor.shape)}`,
    );
  }
  if (!holds(tensor.dtype, tensor.data) || tensor.data.length !== elementCount(tensor.shape)) {
    const given = `a ${tensor.data.constructor.name} of ${tensor.data.length} elements`;
    throw invalidRun(
      `input '${rule.name}' is called ${tensor.dtype}${showShape(tensor.shape)}, but its data is ${given}`,
    );
  }
}

export function invalidRun(what: string): Exception {
  return new Exception("InvalidRun", `error while running session: ${what}.`);
}

function fits(shape: readonly number[], declared: PartialShape): boolean {
  if (declared === null) return true;
  if (shape.length !== declared.length) return false;
  for (let axis = 0; axis < shape.length; axis++) {
    const size = declared[axis] as number;
    if (size >= 0 && size !== shape[axis]) return false;
  }
  return true;
}
