/** Outputs as the function returned them: one tensor, a list, a dictionary; as tensors, or as nested arrays. */
import type { Structure } from "../../tensorflow/savedmodel/CallForm.js";
import { Tensor, type TensorLike } from "../../tensorflow/Tensor.js";

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
