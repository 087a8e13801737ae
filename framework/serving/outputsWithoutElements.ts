/** The answer of a model that has nothing to compute from. */
import { newData } from "../tensorflow/dtypes.js";
import { elementCount, type TensorLike } from "../tensorflow/Tensor.js";
import type { ServedTensor } from "./ServedModel.js";
import { badRequest } from "./servingErrors.js";

/**
 * A graph is not run for an input without elements; what it would have given has none either. `rows` stand in
 * `dimension` where an output's size is not known.
 * @throws BadRequest for an output that would have elements
 */
export function outputsWithoutElements(
  model: string,
  outputs: readonly ServedTensor[],
  rows: number,
  dimension = 0,
): TensorLike[] {
  return outputs.map(({ name, dtype, shape }) => {
    const full = shape.map((size, axis) => (size >= 0 ? size : axis === dimension ? rows : 0));
    if (elementCount(full) > 0)
      throw badRequest(`an input without elements gives ${model} nothing to compute '${name}' from`);
    return { dtype, shape: full, data: newData(dtype, 0) };
  });
}
