/** Measures calls of a compiled model, warm and in turns, so that what else the machine does falls on all of them alike. */
import { newData, type TensorData } from "../../../tensorflow/dtypes.js";
import type { BatchedModel } from "../BatchedModel.js";
import { elementsOf } from "../checkArguments.js";
import type { ModelDescriptor, TensorDescription } from "../descriptor.js";

const warmUpCalls = 20;
const warmUpMs = 20;
const roundMs = 2;

/** Makes calls of a batch size on made-up rows, into arrays that are made once. */
export function callOf(
  model: BatchedModel<ModelDescriptor>,
  { inputs, outputs }: ModelDescriptor,
  batchSize: number,
): () => void {
  const arrays = (tensors: readonly TensorDescription[]) =>
    tensors.map((tensor) => newData(tensor.dtype, elementsOf(tensor, batchSize)));
  const [given, results] = [arrays(inputs), arrays(outputs)];
  for (const data of given) fillFloats(data);
  return () => model.runInto(batchSize, given as never, results as never);
}

/** µs of each call: the median of `rounds` rounds, each of which makes all calls in turns. */
export function medianMicroseconds(calls: readonly (() => void)[], rounds: number): number[] {
  const repeats = calls.map(warmUp);
  const times = calls.map(() => new Float64Array(rounds));
  for (let round = 0; round < rounds; round++) {
    for (const [i, call] of calls.entries()) times[i]![round] = timeOf(call, repeats[i]!);
  }
  return times.map((sorted) => sorted.sort()[rounds >> 1]!);
}

/** Runs a call until its code is optimised; gives how many calls make a round. */
function warmUp(call: () => void): number {
  const end = performance.now() + warmUpMs;
  let calls = 0;
  for (; calls < warmUpCalls || performance.now() < end; calls++) call();
  const us = timeOf(call, Math.ceil(calls / 10));
  return Math.max(1, Math.round((1000 * roundMs) / us));
}

function timeOf(call: () => void, count: number): number {
  const start = performance.now();
  for (let i = 0; i < count; i++) call();
  return (1000 * (performance.now() - start)) / count;
}

/** Numbers from -1 to 1, the same in every run; integers and booleans stay 0, which every table has as an index. */
function fillFloats(data: TensorData): void {
  if (!(data instanceof Float32Array || data instanceof Float64Array)) return;
  let state = 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state / 2 ** 31 - 1;
  }
}
