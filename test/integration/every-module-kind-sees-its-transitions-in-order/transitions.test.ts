import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cmsrun, exceptionBlock, type Outcome, tagged } from "../run.js";

const config = join(import.meta.dirname, "transitions_cfg.ts");
const runs = Array.from({ length: 64 }, (_, i) => i + 1);
const streams = [0, 1, 2, 3];

/** What a stream sees of the job, without events. */
const wholeStream = [
  "beginStream",
  ...runs.flatMap((run) => [
    `beginRun ${run}`,
    ...[1, 2].flatMap((lumi) => [`beginLuminosityBlock ${run}:${lumi}`, `endLuminosityBlock ${run}:${lumi}`]),
    `endRun ${run}`,
  ]),
  "endStream",
];

/** Everything TransitionRecorder said, in the order of its clock. */
function history(outcome: Outcome): string[] {
  const said = tagged(outcome, "Transition").map((line) => line.split(/ (.*)/s));
  return said.sort((a, b) => Number(a[0]) - Number(b[0])).map(([, what = ""]) => what);
}

describe.each([1, 2, 4])("on %i threads with 4 streams", (threads) => {
  const job = cmsrun(["-n", String(threads), "--streams", "4", config]);

  it("a stream module sees each run and luminosity block begin and end once, in order, in every stream", async () => {
    const outcome = await job;
    expect(exceptionBlock(outcome)).toBe("");
    expect(outcome.code).toBe(0);
    const said = history(outcome);
    for (const stream of streams) {
      const own = said.filter((what) => what.startsWith(`stream${stream} `)).map((what) => what.slice(8));
      expect(own.filter((what) => !what.startsWith("produce"))).toEqual(wholeStream);
    }
    expect(said.filter((what) => what.includes(" produce "))).toHaveLength(512);
  });

  it("an event lies inside the run and luminosity block that its stream is in", async () => {
    for (const stream of streams) {
      let inside = "";
      for (const what of history(await job).filter((line) => line.startsWith(`stream${stream} `))) {
        const [, transition, id] = what.split(" ");
        if (transition === "beginLuminosityBlock") inside = id ?? "";
        else if (transition === "endLuminosityBlock") inside = "";
        else if (transition === "produce") expect(id).toBe(inside);
      }
    }
  });

  it("global transitions run once, begin before and end after those of every stream", async () => {
    const said = history(await job);
    const at = new Map(said.map((what, index) => [what.replace(/ events=.*/, ""), index]));
    const globals = said.filter((what) => what.startsWith("globalBegin") || what.startsWith("globalEnd"));
    expect(globals).toHaveLength(2 * 64 + 2 * 128 + 1);
    const check = (name: string, id: string | number) => {
      const begin = at.get(`globalBegin${name} ${id}`) as number;
      const end = at.get(`globalEnd${name} ${id}`) as number;
      for (const stream of streams) {
        expect(begin).toBeLessThan(at.get(`stream${stream} begin${name} ${id}`) as number);
        expect(end).toBeGreaterThan(at.get(`stream${stream} end${name} ${id}`) as number);
      }
    };
    for (const run of runs) {
      check("Run", run);
      for (const lumi of [1, 2]) check("LuminosityBlock", `${run}:${lumi}`);
    }
  });

  it("the caches of run and luminosity block are shared by all streams", async () => {
    const said = history(await job);
    expect(
      said.filter((what) => what.startsWith("globalEndRun")).every((what) => what.endsWith("events=8")),
    ).toBe(true);
    expect(
      said.filter((what) => what.startsWith("globalEndLumi")).every((what) => what.endsWith("events=4")),
    ).toBe(true);
  });

  it("the global cache is made before any constructor and ended after every stream", async () => {
    const said = history(await job);
    expect(said.slice(0, 5)).toEqual(["initializeGlobalCache", ...streams.map(() => "constructor")]);
    expect(said.slice(5, 9).sort()).toEqual(streams.map((s) => `stream${s} beginStream`));
    expect(said.slice(-5, -1).sort()).toEqual(streams.map((s) => `stream${s} endStream`));
    expect(said.at(-1)).toBe("globalEndJob");
  });

  it("a one:: analyzer sees every event in input order inside its run and luminosity block", async () => {
    const expected = ["beginJob"];
    for (const run of runs) {
      expected.push(`beginRun ${run}`);
      for (const lumi of [1, 2]) {
        expected.push(`beginLuminosityBlock ${run}:${lumi}`);
        for (let i = 4 * lumi - 3; i <= 4 * lumi; i++) {
          expected.push(`analyze ${run}:${lumi}:${i} ordinal=${8 * (run - 1) + i - 1} scores=${i}`);
        }
        expected.push(`endLuminosityBlock ${run}:${lumi}`);
      }
      expected.push(`endRun ${run}`);
    }
    expect(tagged(await job, "Job")).toEqual([...expected, "endJob"]);
  });

  it("a global module's job and global transitions run once a job, its events and stream transitions in every stream", async () => {
    const said = tagged(await job, "Global");
    const count = (start: string) => said.filter((what) => what.startsWith(start)).length;
    expect([count("beginJob"), count("endJob")]).toEqual([1, 1]);
    expect([count("globalBeginRun"), count("globalEndRun")]).toEqual([64, 64]);
    expect([count("globalBeginLuminosityBlock"), count("globalEndLuminosityBlock")]).toEqual([128, 128]);
    expect(said.filter((what) => / beginRun /.test(what))).toHaveLength(4 * 64);
    expect(said.filter((what) => / analyze /.test(what))).toHaveLength(512);
    expect(
      said.filter((what) => what.startsWith("globalEndRun")).every((what) => what.endsWith("events=8")),
    ).toBe(true);
  });

  it("runs follow one another, luminosity blocks overlap by no more than two", async () => {
    const said = history(await job);
    let lumisOpen = 0;
    let runsOpen = 0;
    for (const what of said) {
      if (what.startsWith("globalBeginRun")) expect(++runsOpen).toBe(1);
      else if (what.startsWith("globalEndRun")) runsOpen--;
      else if (what.startsWith("globalBeginLumi")) expect(++lumisOpen).toBeLessThanOrEqual(2);
      else if (what.startsWith("globalEndLumi")) lumisOpen--;
    }
    expect([runsOpen, lumisOpen]).toEqual([0, 0]);
  });
});

it("with one concurrent luminosity block, none begins before the one before it has ended", async () => {
  const said = history(await cmsrun(["-n", "2", "--streams", "4", config, "lumis=1"]));
  const lumis = said.filter((what) => what.startsWith("globalBeginLumi") || what.startsWith("globalEndLumi"));
  const inTurn = runs.flatMap((run) =>
    [1, 2].flatMap((lumi) => [
      `globalBeginLuminosityBlock ${run}:${lumi}`,
      `globalEndLuminosityBlock ${run}:${lumi} events=4`,
    ]),
  );
  expect(lumis).toEqual(inTurn);
});
