import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EventFileReader, JetScores } from "#framework";
import { expect, it } from "vitest";
import { cmsrun, exceptionBlock, temporaryFolder } from "../run.js";

const folder = temporaryFolder();
const batching = "configs/tensorflow_batching_cfg.ts";

async function job(
  name: string,
  config: string,
  threads: number,
  streams: number,
  args: readonly string[] = [],
) {
  const path = join(folder, `${name}.edm`);
  const n = ["-n", String(threads), "--streams", String(streams)];
  const outcome = await cmsrun([...n, config, `outputFile=${path}`, ...args]);
  const counts = /'scores': (\d+) events with (\d+) rows in (\d+) calls, ([\d.]+) rows a call/.exec(
    outcome.stderr,
  );
  const [events = 0, rows = 0, calls = 0, mean = 0] = (counts ?? []).slice(1).map(Number);
  return { path, outcome, events, rows, calls, mean };
}

function scoresIn(path: string): number[][] {
  const reader = new EventFileReader(path);
  const branch = reader.header.branches.findIndex(({ type }) => type.name === "JetScores");
  const scores = [...reader.clusters.entries()].flatMap(([cluster, { eventCount }]) => {
    const column = reader.column(cluster, branch, JetScores);
    return Array.from({ length: eventCount }, (_, event) => [...(column.get(event) as JetScores).score]);
  });
  reader.close();
  return scores;
}

it("leaves the same bytes with any number of threads and streams, and the scores of a call for each event", async () => {
  const alone = await job("alone", "configs/tensorflow_multi_threaded_cfg.ts", 1, 1);
  const expected = scoresIn(alone.path);
  const one = await job("1-1", batching, 1, 1);
  expect(one.outcome.code).toBe(0);
  expect([one.events, one.rows, one.calls]).toEqual([200, expected.flat().length, 200]);
  expect(scoresIn(one.path)).toEqual(expected);
  const bytes = readFileSync(one.path);
  const cases: [threads: number, streams: number, args: string[]][] = [
    [1, 2, []],
    [1, 8, []],
    [1, 8, ["maxLatencyMs=2"]],
    [1, 8, ["maxBatchSize=8"]],
    [2, 2, []],
    [2, 8, []],
  ];
  for (const [i, [threads, streams, args]] of cases.entries()) {
    const many = await job(`many-${i}`, batching, threads, streams, args);
    expect(many.outcome.code).toBe(0);
    expect(readFileSync(many.path).equals(bytes)).toBe(true);
    expect([many.events, many.rows]).toEqual([200, one.rows]);
    const perThread = streams / threads;
    if (perThread === 8 && args[0] !== "maxBatchSize=8") expect(many.calls).toBeLessThan(40);
    else if (perThread > 1 && args.length === 0) expect(many.calls).toBeLessThan((1.3 * 200) / perThread);
  }
}, 60_000);

it("the summary says how many rows went into a call", async () => {
  const { outcome, rows, calls, mean } = await job("summary", batching, 1, 8);
  expect(outcome.stderr).toContain("Inference: module 'scores': engine compiled");
  expect(mean).toBeCloseTo(rows / calls, 1);
  expect(mean).toBeGreaterThan(40);
});

it("a size that makes no sense names the module", async () => {
  const { outcome } = await job("wrong", batching, 1, 8, ["maxBatchSize=0"]);
  expect(outcome.code).not.toBe(0);
  const block = exceptionBlock(outcome);
  expect(block).toContain("class=BatchingTensorFlowProducer label='scores'");
  expect(block).toContain("maxBatchSize must be a whole number of at least 1, not 0.");
});

const odd = join(import.meta.dirname, "odd_cfg.ts");

it("leaves the same bytes behind a filter", async () => {
  const alone = await job("filtered-1", odd, 1, 1, ["acceptValue=3"]);
  expect(alone.outcome.code).toBe(0);
  expect(alone.events).toBeGreaterThan(20);
  expect(alone.events).toBeLessThan(180);
  for (const [threads, streams] of [
    [1, 8],
    [2, 8],
  ] as const) {
    const many = await job(`filtered-${threads}-${streams}`, odd, threads, streams, ["acceptValue=3"]);
    expect(many.outcome.code).toBe(0);
    expect(many.events).toBe(alone.events);
    expect(many.calls).toBeLessThan(alone.calls);
    expect(readFileSync(many.path).equals(readFileSync(alone.path))).toBe(true);
  }
}, 30_000);

it.each([
  ["an error", "no inputs for this one"],
  ["no tensor", "inputsOf gave 0 tensors; it must give one for each of: input."],
  ["two tensors", "inputsOf gave 2 tensors; it must give one for each of: input."],
  ["no dimension", "the same number of rows, in dimension 0; given are the shapes []"],
  ["columns", "input 'input' expects shape [?,5], given is"],
  ["no product", "no product of this one"],
])("the event that gives %s is named, not those that it goes with", async (gives, message) => {
  const { outcome } = await job(`odd-${gives}`, odd, 1, 8, [`gives=${gives}`]);
  expect(outcome.code).not.toBe(0);
  const block = exceptionBlock(outcome);
  expect(block).toMatch(/Processing {2}Event run: 1 lumi: \d+ event: 69374550 stream: \d/);
  expect(block).toContain("Calling method for module OddBatcher/'scores'");
  expect(block).toContain(message);
});

it("an event without rows has no outputs, and is not part of a call", async () => {
  const whole = await job("rows", odd, 1, 8);
  const { path, outcome, events } = await job("no-rows", odd, 1, 8, ["gives=no rows"]);
  expect([outcome.code, events]).toEqual([0, whole.events - 1]);
  const [found, expected] = [scoresIn(path), scoresIn(whole.path)];
  expect(found.filter((scores) => scores.length === 0)).toHaveLength(1);
  expect(found.filter((scores) => scores.length > 0).flat()).toHaveLength(expected.flat().length - 7);
});
