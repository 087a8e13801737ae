/** wantSummary's report: CMSSW's TrigReport and TimeReport. */
import type { CompiledSchedule } from "./compileSchedule.js";
import { flag } from "./compileSchedule.js";
import type { ThreadSummary } from "./summaryCounts.js";

export interface SummaryTimes {
  readonly loopSeconds: number;
  readonly cpuSeconds: number;
  readonly threads: number;
}

const right = (value: number | string, width = 10) => String(value).padStart(width);
const seconds = (value: number, width = 10) => value.toFixed(6).padStart(width);

export function formatSummary(
  counts: ThreadSummary,
  schedule: CompiledSchedule,
  times: SummaryTimes,
): string {
  const lines = [
    ...trigReport(counts, schedule),
    ...timeReport(counts, schedule, times),
    "",
    "T---Report end!",
    "",
  ];
  return lines.join("\n");
}

type PathKind = "Path" | "EndPath";
const isEnd = (kind: string) => kind !== "Path";

/** Indices of the (end) paths. */
function pathsOf(schedule: CompiledSchedule, kind: PathKind): number[] {
  return schedule.paths.flatMap((path, index) => (isEnd(path.kind) === (kind === "EndPath") ? [index] : []));
}

/** Indices of the steps that stand on a path itself, on-demand ones left out. */
function stepsOf(schedule: CompiledSchedule, path: number): number[] {
  return [...schedule.stepPath].flatMap((p, step) =>
    p === path && !((schedule.stepFlags[step] ?? 0) & flag.onDemand) ? [step] : [],
  );
}

function trigReport(counts: ThreadSummary, schedule: CompiledSchedule): string[] {
  const { events, eventsPassed } = counts;
  const lines = [
    "",
    "TrigReport ---------- Event  Summary ------------",
    `TrigReport Events total = ${events} passed = ${eventsPassed} failed = ${events - eventsPassed}`,
  ];
  for (const kind of ["Path", "EndPath"] as const) {
    const title =
      kind === "Path" ? "---------- Path   Summary ------------" : "-------End-Path   Summary ------------";
    lines.push("", `TrigReport ${title}`, `TrigReport ${header("Executed")}`);
    for (const [bit, path] of pathsOf(schedule, kind).entries()) {
      const [executed = 0, passed = 0, failed = 0, exception = 0] = counts.paths[path] ?? [];
      lines.push(trigRow(kind, bit, [executed, passed, failed, exception], schedule.paths[path]?.name ?? ""));
    }
  }
  for (const kind of ["Path", "EndPath"] as const) {
    for (const [bit, path] of pathsOf(schedule, kind).entries()) {
      const name = schedule.paths[path]?.name ?? "";
      const title = kind === "Path" ? "---------- Modules in Path:" : "------ Modules in End-Path:";
      lines.push("", `TrigReport ${title} ${name} ------------`, `TrigReport ${header("Visited")}`);
      for (const step of stepsOf(schedule, path)) {
        const [visited = 0, failed = 0] = counts.steps[step] ?? [];
        const worker = schedule.stepWorker[step] ?? 0;
        lines.push(
          trigRow(
            kind,
            bit,
            [visited, visited - failed, failed, counts.workers[worker]?.exception ?? 0],
            schedule.workers[worker] ?? "",
          ),
        );
      }
    }
  }
  lines.push("", "TrigReport ---------- Module Summary ------------");
  lines.push(
    `TrigReport ${["Visited", "Executed", "Passed", "Failed", "Error"].map((h) => right(h)).join(" ")} Name`,
  );
  for (const [worker, label] of schedule.workers.entries()) {
    const { executed = 0, passed = 0, failed = 0, exception = 0 } = counts.workers[worker] ?? {};
    const values = [visits(counts, schedule, worker), executed, passed, failed, exception];
    lines.push(`TrigReport ${values.map((v) => right(v)).join(" ")} ${label}`);
  }
  return lines;
}

const header = (first: string) =>
  `${["Trig Bit#", first, "Passed", "Failed", "Error"].map((h) => right(h)).join(" ")} Name`;

function trigRow(kind: PathKind, bit: number, values: readonly number[], name: string): string {
  const first = kind === "Path" ? 1 : 0;
  return `TrigReport ${right(first, 5)}${right(bit, 5)} ${values.map((v) => right(v)).join(" ")} ${name}`;
}

/** Times a path reached the module, or a consumer asked for it. */
function visits(counts: ThreadSummary, schedule: CompiledSchedule, worker: number): number {
  let sum = 0;
  for (const [step, w] of schedule.stepWorker.entries())
    if (w === worker && !((schedule.stepFlags[step] ?? 0) & flag.onDemand))
      sum += counts.steps[step]?.[0] ?? 0;
  return Math.max(sum, counts.workers[worker]?.executed ?? 0);
}

function timeReport(counts: ThreadSummary, schedule: CompiledSchedule, times: SummaryTimes): string[] {
  const events = Math.max(1, counts.events);
  const { loopSeconds, cpuSeconds, threads } = times;
  const moduleSeconds = counts.workers.map(({ realMs }) => realMs / 1000);
  const streamSeconds = moduleSeconds.reduce((a, b) => a + b, 0);
  const efficiency = loopSeconds > 0 ? cpuSeconds / loopSeconds / threads : 0;
  const lines = [
    "",
    "TimeReport ---------- Event  Summary ---[sec]----",
    `TimeReport       event loop CPU/event = ${(cpuSeconds / events).toFixed(6)}`,
    `TimeReport      event loop Real/event = ${(loopSeconds / events).toFixed(6)}`,
    `TimeReport     sum Streams Real/event = ${(streamSeconds / events).toFixed(6)}`,
    `TimeReport efficiency CPU/Real/thread = ${efficiency.toFixed(6)}`,
  ];
  const table = (title: string, heads: string, rows: string[]) => {
    lines.push(
      "",
      `TimeReport ${title}`,
      `TimeReport ${heads}`,
      ...rows.map((row) => `TimeReport ${row}`),
      `TimeReport ${heads}`,
    );
  };
  for (const kind of ["Path", "EndPath"] as const) {
    const title =
      kind === "Path"
        ? "---------- Path   Summary ---[Real sec]----"
        : "-------End-Path   Summary ---[Real sec]----";
    const rows = pathsOf(schedule, kind).map((path) => {
      const sum = stepsOf(schedule, path).reduce(
        (a, step) => a + (moduleSeconds[schedule.stepWorker[step] ?? 0] ?? 0),
        0,
      );
      return `${seconds(sum / events)} ${seconds(sum / Math.max(1, counts.paths[path]?.[0] ?? 0), 12)} ${schedule.paths[path]?.name}`;
    });
    table(title, `${right("per event")} ${right("per exec", 12)} Name`, rows);
  }
  for (const kind of ["Path", "EndPath"] as const) {
    for (const path of pathsOf(schedule, kind)) {
      const title = kind === "Path" ? "---------- Modules in Path:" : "------ Modules in End-Path:";
      const rows = stepsOf(schedule, path).map((step) => {
        const worker = schedule.stepWorker[step] ?? 0;
        const sum = moduleSeconds[worker] ?? 0;
        return `${seconds(sum / events)} ${seconds(sum / Math.max(1, counts.steps[step]?.[0] ?? 0), 12)} ${schedule.workers[worker]}`;
      });
      table(
        `${title} ${schedule.paths[path]?.name} ---[Real sec]----`,
        `${right("per event")} ${right("per visit", 12)} Name`,
        rows,
      );
    }
  }
  const rows = schedule.workers.map((label, worker) => {
    const sum = moduleSeconds[worker] ?? 0;
    const executed = Math.max(1, counts.workers[worker]?.executed ?? 0);
    const visited = Math.max(1, visits(counts, schedule, worker));
    return `${seconds(sum / events)} ${seconds(sum / executed, 12)} ${seconds(sum / visited, 12)} ${label}`;
  });
  table(
    "---------- Module Summary ---[Real sec]----",
    `${right("per event")} ${right("per exec", 12)} ${right("per visit", 12)} Name`,
    rows,
  );
  return lines;
}
