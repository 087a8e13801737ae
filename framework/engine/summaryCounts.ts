/** The counts that threads hand to the job for its report: plain data that adds up. */
import type { EngineUse } from "../tensorflow/inferenceReport.js";
import type { StreamSchedule } from "./StreamSchedule.js";

export interface WorkerCounts {
  executed: number;
  passed: number;
  failed: number;
  exception: number;
  realMs: number;
}

export interface ThreadSummary {
  events: number;
  eventsPassed: number;
  /** Per path: [executed, passed, failed, exception]. */
  readonly paths: number[][];
  /** Per step: [visited, failed]. */
  readonly steps: number[][];
  readonly workers: WorkerCounts[];
  /** What the thread's models were given to. */
  readonly engines: EngineUse[];
  /** What endStreamSummary gave, a module and stream. */
  readonly modules: StreamSummary[];
}

/** What a stream module's endStreamSummary returned. */
export interface StreamSummary {
  readonly label: string;
  readonly streamID: number;
  readonly summary: unknown;
}

export function gatherCounts(streams: readonly StreamSchedule[]): ThreadSummary {
  return mergeSummaries(
    streams.map(({ counts, workers }) => ({
      events: counts.events,
      eventsPassed: counts.eventsPassed,
      paths: rows(counts.pathExecuted, counts.pathPassed, counts.pathFailed, counts.pathException),
      steps: rows(counts.stepVisited, counts.stepFailed),
      workers: workers.map(({ executed, failed, exceptions, realMs }) => {
        return { executed, passed: executed - failed - exceptions, failed, exception: exceptions, realMs };
      }),
      engines: [],
      modules: [],
    })),
  );
}

function rows(...columns: Float64Array[]): number[][] {
  return Array.from(columns[0] ?? [], (_, row) => columns.map((column) => column[row] ?? 0));
}

/** Adds up the counts of all streams of a thread, or of all threads of the job. */
export function mergeSummaries(summaries: readonly ThreadSummary[]): ThreadSummary {
  const [first, ...others] = summaries;
  const nothing = { events: 0, eventsPassed: 0, paths: [], steps: [], workers: [], engines: [] };
  const total: ThreadSummary = structuredClone({ ...(first ?? nothing), modules: [] });
  for (const other of others) {
    total.events += other.events;
    total.eventsPassed += other.eventsPassed;
    addRows(total.paths, other.paths);
    addRows(total.steps, other.steps);
    total.engines.push(...other.engines);
    for (const [index, counts] of other.workers.entries())
      addCounts(total.workers[index] as WorkerCounts, counts);
  }
  return total;
}

function addRows(to: number[][], from: readonly number[][]): void {
  for (const [row, values] of from.entries()) {
    for (const [column, value] of values.entries())
      (to[row] as number[])[column] = (to[row]?.[column] ?? 0) + value;
  }
}

function addCounts(to: WorkerCounts, from: WorkerCounts): void {
  for (const name of Object.keys(from) as (keyof WorkerCounts)[]) to[name] += from[name];
}
