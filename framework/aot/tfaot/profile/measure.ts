/** Measures calls of a compiled model, warm and in turns, so that what else the machine does falls on all of them alike. */
import { newData, type TensorData } from "../../../tensorflow/dtypes.js";
import type { BatchedModel } from "../BatchedModel.js";
import { elementsOf } from "../checkArguments.js";
import type { ModelDescriptor, TensorDescription } from "../descriptor.js";

/** Short, so that on a busy machine most rounds run undisturbed. */
const roundMs = 1;
/** V8 optimises code on another thread: a call is warm when so many rounds in a row were not faster than those before. */
const stableRounds = 150;
const fasterBy = 0.03;
const longestWarmUpMs = 5000;

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

/** Runs calls until their code is optimised. */
export function warmUp(calls: readonly (() => void)[]): void {
  for (const call of calls) {
    const repeats = repeatsOf(call);
    const end = performance.now() + longestWarmUpMs;
    let best = Number.POSITIVE_INFINITY;
    for (let stable = 0; stable < stableRounds && performance.now() < end; stable++) {
      const us = timeOf(call, repeats);
      if (us > best * (1 - fasterBy)) continue;
      best = us;
      stable = 0;
    }
  }
}

/** µs of each call: the median of `rounds` rounds, each of which makes all calls in turns. */
export function medianMicroseconds(calls: readonly (() => void)[], rounds: number): number[] {
  const repeats = calls.map(repeatsOf);
  const times = calls.map(() => new Float64Array(rounds));
  for (let round = 0; round < rounds; round++) {
    for (const [i, call] of calls.entries()) times[i]![round] = timeOf(call, repeats[i]!);
  }
  return times.map((sorted) => sorted.sort()[rounds >> 1]!);
}

/** How many calls make a round. */
function repeatsOf(call: () => void): number {
  let count = 1;
  while (count < 1e6 && count * timeOf(call, count) < (1000 * roundMs) / 2) count *= 2;
  return count;
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
