/** One batch by its rule: rows into the compiled code's buffers, run, results out, size after size. */
import { copyData, type TensorData } from "../../tensorflow/dtypes.js";
import type { Slot } from "../Unit.js";
import type { BatchRule } from "./BatchRule.js";
import { elementsPerRow, isBatched, type TensorDescription } from "./descriptor.js";
import { type Argument, readElements, readFlat, readRows, writeRows, writeWhole } from "./rows.js";
import type { Wrapper } from "./Wrapper.js";

/** Takes `rows` rows of an output, the first of which is row `first` of the batch. */
type Collect<R> = (
  result: R,
  data: TensorData,
  output: TensorDescription,
  first: number,
  rows: number,
) => void;

/**
 * Runs checked inputs by a rule of compiled sizes.
 * @throws FailedRun
 */
export function runRule<R>(
  wrapper: Wrapper,
  { batchSize, sizes }: BatchRule,
  inputs: readonly Argument[],
  results: readonly R[],
  collect: Collect<R>,
): void {
  const { descriptor } = wrapper;
  for (let step = 0, first = 0; step < sizes.length; step++) {
    const size = sizes[step] as number;
    const rows = Math.min(size, batchSize - first);
    const unit = wrapper.unit(size);
    for (let i = 0; i < inputs.length; i++) {
      const input = descriptor.inputs[i] as TensorDescription;
      const { data } = unit.inputs[i]!;
      const given = inputs[i] as Argument;
      if (isBatched(input)) writeRows(data, input, given, first, rows, size);
      else writeWhole(data, input.dtype, given);
    }
    wrapper.run(size);
    for (let i = 0; i < results.length; i++) {
      const { data } = unit.outputs[i]!;
      collect(results[i] as R, data, descriptor.outputs[i] as TensorDescription, first, rows);
    }
    first += rows;
  }
}

/**
 * A batch that one compiled size holds, in arrays of all its elements, which have been checked: nothing to put together.
 * @throws FailedRun
 */
export function runWhole(
  wrapper: Wrapper,
  batchSize: number,
  inputs: readonly Argument[],
  results: readonly TensorData[],
): void {
  const unit = wrapper.unit(batchSize);
  for (let i = 0; i < inputs.length; i++) copyData(inputs[i] as TensorData, (unit.inputs[i] as Slot).data);
  wrapper.run(batchSize);
  for (let i = 0; i < results.length; i++) copyData((unit.outputs[i] as Slot).data, results[i] as TensorData);
}

/** Into a typed array of the whole batch. */
export const collectFlat: Collect<TensorData> = (result, data, output, first, rows) => {
  const count = elementsPerRow(output);
  if (isBatched(output)) readFlat(data, result, first * count, rows * count);
  else readFlat(data, result, 0, count);
};

/** Behind the rows that are there. */
export const collectNested: Collect<unknown[]> = (result, data, output, _first, rows) => {
  const count = elementsPerRow(output);
  const read = isBatched(output)
    ? readRows(data, output.dtype, count, rows)
    : readElements(data, output.dtype, 0, count);
  for (const value of read) result.push(value);
};
