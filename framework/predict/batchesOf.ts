/** Cuts arrays of a whole sample into batches, for InferenceRunner. */
import { Exception } from "../base/errors.js";
import { type DType, newData, type TensorData } from "../tensorflow/dtypes.js";
import { Tensor, type TensorLike } from "../tensorflow/Tensor.js";
import type { NamedTensors } from "./Inferencer.js";

/**
 * Batches of `batchSize` rows, the last one with what is left; may be iterated over as often as wanted.
 * @throws InvalidTensor for tensors of different numbers of rows; LogicError for a batch size that is none
 */
export function batchesOf(sample: NamedTensors, batchSize: number): Iterable<NamedTensors> {
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new Exception("LogicError", `batchesOf: a batch cannot have ${batchSize} rows.`);
  const counts = Object.entries(sample).map(([name, { shape }]) => ({ name, rows: shape[0] }));
  const rows = counts[0]?.rows ?? 0;
  const odd = counts.find((count) => count.rows !== rows);
  if (odd)
    throw new Exception(
      "InvalidTensor",
      `batchesOf: '${odd.name}' has ${odd.rows ?? "no"} rows, '${counts[0]?.name}' ${rows}.`,
    );
  return {
    *[Symbol.iterator]() {
      for (let from = 0; from < rows; from += batchSize) {
        const to = Math.min(rows, from + batchSize);
        yield Object.fromEntries(
          Object.entries(sample).map(([name, tensor]) => [name, rowsOf(tensor, from, to)]),
        );
      }
    },
  };
}

function rowsOf({ dtype, shape, data }: TensorLike, from: number, to: number): Tensor {
  const [, ...rest] = shape;
  const size = rest.reduce((product, length) => product * length, 1);
  const part = data.slice(from * size, to * size) as TensorData;
  return new Tensor<DType>(dtype, [to - from, ...rest], part.length === 0 ? newData(dtype, 0) : part);
}
