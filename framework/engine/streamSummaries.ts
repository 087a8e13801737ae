/** What the streams of a stream module found, on its way to the class's globalEndJobSummary. */
import { Exception } from "../base/errors.js";
import type { StreamSummary, ThreadSummary } from "./summaryCounts.js";
import type { ThreadModule } from "./threadModules.js";

/**
 * Calls endStreamSummary of every module that has one, for the thread's streams. In a one-thread job too the result is a
 * copy, so that what cannot cross threads fails with any number of them.
 * @throws what a module throws; LogicError for a summary that is not plain data
 */
export function summarise(modules: readonly ThreadModule[], streams: readonly number[]): StreamSummary[] {
  const summaries: StreamSummary[] = [];
  for (const [position, streamID] of streams.entries()) {
    for (const { label, type, plugin, instances } of modules) {
      const instance = instances[position] as { endStreamSummary?(): unknown };
      if (plugin.concurrency !== "stream" || !instance.endStreamSummary) continue;
      try {
        summaries.push({ label, streamID, summary: copyOf(instance.endStreamSummary()) });
      } catch (error) {
        throw Exception.from(error)
          .addContext(`Calling method for module ${type}/'${label}'`)
          .addContext("Calling endStreamSummary");
      }
    }
  }
  return summaries;
}

function copyOf(summary: unknown): unknown {
  try {
    return structuredClone(summary);
  } catch (error) {
    throw new Exception(
      "LogicError",
      `endStreamSummary returned what cannot go from one thread to another: ${(error as Error).message}. ` +
        "Return plain objects, arrays, typed arrays, numbers and texts.",
    );
  }
}

/** The summaries of one module, in the order of its streams. */
export function streamOrder(label: string, threads: readonly ThreadSummary[]): unknown[] {
  return threads
    .flatMap(({ modules }) => modules)
    .filter((found) => found.label === label)
    .sort((a, b) => a.streamID - b.streamID)
    .map(({ summary }) => summary);
}
