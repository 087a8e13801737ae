/** One call of a model for one request, entered into its statistics. */
import { isPromise } from "../../base/isPromise.js";
import type { TensorLike } from "../../tensorflow/Tensor.js";
import { addDuration, addExecution, type ModelStatistics } from "../ServedModel.js";
import { requestTimeout } from "../servingErrors.js";

type Outputs = readonly TensorLike[];

/** A promise only when the model gives one. @throws what the model throws, RequestTimeout */
export function countedRun(
  statistics: ModelStatistics,
  run: () => Outputs | Promise<Outputs>,
  deadlineMs = Number.POSITIVE_INFINITY,
): Outputs | Promise<Outputs> {
  const startMs = performance.now();
  try {
    if (startMs >= deadlineMs) throw late();
    const outputs = run();
    if (!isPromise(outputs)) return done(statistics, startMs, deadlineMs, outputs);
    return inTime(outputs, deadlineMs)
      .then((given) => done(statistics, startMs, deadlineMs, given))
      .catch((error: unknown) => {
        addDuration(statistics.fail, performance.now() - startMs);
        throw error;
      });
  } catch (error) {
    addDuration(statistics.fail, performance.now() - startMs);
    throw error;
  }
}

function done(statistics: ModelStatistics, startMs: number, deadlineMs: number, outputs: Outputs): Outputs {
  const nowMs = performance.now();
  if (nowMs >= deadlineMs) throw late();
  const tookMs = nowMs - startMs;
  addExecution(statistics, 1, tookMs);
  for (const duration of [statistics.success, statistics.computeInfer]) addDuration(duration, tookMs);
  for (const duration of [statistics.queue, statistics.computeInput, statistics.computeOutput])
    addDuration(duration, 0);
  statistics.inferenceCount++;
  return outputs;
}

async function inTime(outputs: Promise<Outputs>, deadlineMs: number): Promise<Outputs> {
  if (deadlineMs === Number.POSITIVE_INFINITY) return outputs;
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), Math.min(deadlineMs - performance.now(), 2 ** 31 - 1));
  });
  return Promise.race([outputs, over]).finally(() => clearTimeout(timer));
}

function late() {
  return requestTimeout("there was no answer in the time that the request allows.");
}
