/** Data points ↔ batches: tensors stacked along a new first axis, and taken apart again. */
import { Exception } from "../base/errors.js";
import { type DataOf, type DType, newData } from "../tensorflow/dtypes.js";
import { showShape, Tensor, type TensorLike } from "../tensorflow/Tensor.js";

/** Equal dtypes and shapes [a, …] become one tensor [n, a, …]. */
export function stackRows(rows: readonly TensorLike[]): Tensor {
  const { dtype, shape, data: first } = rows[0] as TensorLike;
  const data = newData(dtype, first.length * rows.length);
  for (const [i, row] of rows.entries()) {
    if (Array.isArray(data)) data.splice(i * first.length, first.length, ...(row.data as Uint8Array[]));
    else (data as Float32Array).set(row.data as Float32Array, i * first.length);
  }
  return new Tensor(dtype, [rows.length, ...shape], data as DataOf[DType]);
}

/** A tensor [n, a, …] as n tensors [a, …], with memory of their own. @throws InvalidRun when it has not `count` rows */
export function unstackRows({ dtype, shape, data }: TensorLike, count: number, name: string): Tensor[] {
  if (shape[0] !== count) {
    throw new Exception(
      "InvalidRun",
      `output '${name}' has the shape ${showShape(shape)} for a batch of ${count}: it has no row for each input; ` +
        "predict it with OfflinePredictor.",
    );
  }
  const rowLength = data.length / Math.max(count, 1);
  return Array.from(
    { length: count },
    (_, i) =>
      new Tensor<DType>(
        dtype,
        shape.slice(1),
        data.slice(i * rowLength, (i + 1) * rowLength) as DataOf[DType],
      ),
  );
}

/** Whether the tensors of two data points can be rows of one batch. */
export function canShareBatch(a: readonly TensorLike[], b: readonly TensorLike[]): boolean {
  return a.every((tensor, i) => {
    const other = b[i] as TensorLike;
    return tensor.dtype === other.dtype && showShape(tensor.shape) === showShape(other.shape);
  });
}
