/** The golden cases of the models beside the checkout, their rows put together to batches. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Tensor, type TensorLike } from "../../../../framework/tensorflow/Tensor.js";
import { type PlainTensor, toTensor } from "../../tensorflow/goldens.js";

export interface GoldenCase {
  readonly batch: number;
  readonly inputs: Readonly<Record<string, PlainTensor>>;
  readonly outputs: Readonly<Record<string, PlainTensor>>;
}

export function readJson<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(...path), "utf8")) as T;
}

/** Golden inputs and outputs of one row; a scalar belongs to all rows. */
export interface GoldenRow {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: Readonly<Record<string, Tensor>>;
}

export function goldenRows(...folder: string[]): readonly GoldenRow[] {
  const { cases } = readJson<{ cases: GoldenCase[] }>(...folder, "golden.json");
  return cases.flatMap(({ batch, inputs, outputs }) =>
    Array.from({ length: batch }, (_, at) => ({ inputs: rowsOf(inputs, at), outputs: rowsOf(outputs, at) })),
  );
}

function rowsOf(tensors: Readonly<Record<string, PlainTensor>>, at: number): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([key, plain]) => [key, row(toTensor(plain), at)]));
}

/** One row of a batch, as a batch of one. */
export function row(tensor: TensorLike, at: number): Tensor {
  const { dtype, shape, data } = tensor;
  if (shape.length === 0) return new Tensor(dtype, [], data.slice() as never);
  const width = data.length / (shape[0] as number);
  return new Tensor(dtype, [1, ...shape.slice(1)], data.slice(at * width, (at + 1) * width) as never);
}

/** `count` rows one under the other: the given ones, again and again. */
export function batchOf(rows: readonly Tensor[], count: number): Tensor {
  const first = rows[0] as Tensor;
  if (first.shape.length === 0) return first;
  const width = first.data.length;
  const batch = new Tensor(first.dtype, [count, ...first.shape.slice(1)]);
  const data = batch.data as Float32Array;
  for (let at = 0; at < count; at++)
    data.set((rows[at % rows.length] as Tensor).data as Float32Array, at * width);
  return batch;
}
