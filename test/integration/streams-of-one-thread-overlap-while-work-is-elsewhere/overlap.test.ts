import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EventFileReader, JetScores } from "#framework";
import { expect, it } from "vitest";
import { cmsrun, exceptionBlock, tagged, temporaryFolder } from "../run.js";

const config = join(import.meta.dirname, "overlap_cfg.ts");
const folder = temporaryFolder();

async function job(name: string, threads: number, streams: number, args: readonly string[] = []) {
  const cwd = join(folder, name);
  mkdirSync(cwd);
  const outcome = await cmsrun(["-n", String(threads), "--streams", String(streams), config, ...args], {
    cwd,
  });
  return {
    outcome,
    read: (file: string) => readFileSync(join(cwd, file)),
    path: (file: string) => join(cwd, file),
  };
}

it("four streams of one thread work at once and leave the same files as one", async () => {
  const one = await job("one", 1, 1);
  const four = await job("four", 1, 4);
  const two = await job("two", 2, 4);
  for (const { outcome } of [one, four, two]) expect(outcome.code).toBe(0);
  expect(tagged(one.outcome, "Overlap")).toEqual(["1"]);
  expect(tagged(four.outcome, "Overlap")).toEqual(["4", "4", "4", "4"]);
  expect(tagged(two.outcome, "Overlap")).toEqual(["2", "2", "2", "2"]);
  for (const file of ["all.edm", "some.edm"]) {
    expect(four.read(file).equals(one.read(file))).toBe(true);
    expect(two.read(file).equals(one.read(file))).toBe(true);
  }
  expect(tagged(four.outcome, "Job")).toEqual(tagged(one.outcome, "Job"));
  expect(tagged(two.outcome, "Job")).toEqual(tagged(one.outcome, "Job"));
});

it("each event gets the result of its own work", async () => {
  const { outcome, path } = await job("own", 1, 4);
  expect(outcome.code).toBe(0);
  const reader = new EventFileReader(path("some.edm"));
  const branch = reader.header.branches.findIndex(({ description }) => description.label === "scores");
  const found: number[][] = [];
  for (const [cluster, { eventCount }] of reader.clusters.entries()) {
    const ids = reader.ids(cluster);
    const column = reader.column(cluster, branch, JetScores);
    for (let i = 0; i < eventCount; i++)
      found.push([Number(ids.event[i]), ...(column.get(i) as JetScores).score]);
  }
  reader.close();
  expect(found).toEqual(Array.from({ length: 20 }, (_, i) => [3 * i + 3, 3 * i + 3, 3 * i + 3]));
});

it("a limit on written events keeps the first ones, whichever finished first", async () => {
  const one = await job("limitOne", 1, 1, ["maxOutput=10"]);
  const four = await job("limitFour", 1, 4, ["maxOutput=10"]);
  expect([one.outcome.code, four.outcome.code]).toEqual([0, 0]);
  const reader = new EventFileReader(four.path("all.edm"));
  expect(reader.eventCount).toBe(10);
  const events = [...reader.clusters.keys()].flatMap((cluster) => [...reader.ids(cluster).event].map(Number));
  reader.close();
  expect(events).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(four.read("all.edm").equals(one.read("all.edm"))).toBe(true);
});

it("work that fails surfaces with its event and module", async () => {
  const { outcome } = await job("fails", 1, 4, ["failIn=23"]);
  expect(outcome.code).toBe(8036 & 0xff);
  const block = exceptionBlock(outcome).replace(/stream: \d/, "stream: S");
  expect(block).toContain(`   [0] Processing  Event run: 1 lumi: 2 event: 23 stream: S
   [1] Running path 'p'
   [2] Calling method for module SlowProducer/'scores'
Exception Message:
the server is gone.
`);
});
