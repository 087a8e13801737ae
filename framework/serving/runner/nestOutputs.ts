/** Outputs as the function returned them: one tensor, a list, a dictionary; as tensors, or as nested arrays. */
import { plainElements, type PlainElement } from "../../tensorflow/elements.js";
import type { Structure } from "../../tensorflow/savedmodel/CallForm.js";
import { Tensor, type TensorLike } from "../../tensorflow/Tensor.js";

/** A tensor as nested arrays: a number for a scalar. What JSON has no number for is a string. */
export type NestedValue = PlainElement | NestedValue[];

/** `outputs` are in the order of the structure's tensors. */
export function nestOutputs<T>(
  structure: Structure,
  outputs: readonly TensorLike[],
  convert: (tensor: TensorLike) => T,
): unknown {
  let next = 0;
  const nest = (part: Structure): unknown => {
    if (typeof part === "string") {
      const output = outputs[next++];
      // A run without rows gives nothing.
      return output && convert(output);
    }
    if (Array.isArray(part)) return part.map(nest);
    return Object.fromEntries(Object.entries(part).map(([key, field]) => [key, nest(field)]));
  };
  return nest(structure);
}

export function toTensor({ dtype, shape, data }: TensorLike): Tensor {
  return new Tensor(dtype, shape, data as never);
}

export function toNestedArrays({ dtype, shape, data }: TensorLike): NestedValue {
  const elements = plainElements(dtype, data);
  let at = 0;
  const nest = (axis: number): NestedValue => {
    if (axis === shape.length) return elements[at++] as PlainElement;
    return Array.from({ length: shape[axis] as number }, () => nest(axis + 1));
  };
  return nest(0);
}
