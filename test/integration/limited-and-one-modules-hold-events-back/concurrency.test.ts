import { describe, expect, it } from "vitest";
import { cmsrunConfig, tagged } from "../run.js";

const source = "process.source.eventsPerRange = cms.untracked.uint32(5); process.maxEvents.input = 60;";

describe.each([
  [1, 4],
  [2, 4],
  [4, 4],
])("on %i threads with %i streams", (threads, streams) => {
  it.each([1, 2, 3])("a limited module lets %i events in at once, and as many as it may", async (limit) => {
    const outcome = await cmsrunConfig(
      `${source}
       process.scores = cms.EDProducer("LimitedProducer", { concurrencyLimit: cms.untracked.uint32(${limit}) });
       process.recorder = cms.EDAnalyzer("JobRecorder");
       process.p = cms.Path(process.scores, process.recorder);`,
      ["-n", String(threads), "--streams", String(streams)],
    );
    expect(outcome.code).toBe(0);
    expect(tagged(outcome, "Limited")).toEqual([String(limit)]);
    const analyzed = tagged(outcome, "Job").filter((line) => line.startsWith("analyze"));
    expect(analyzed).toEqual(
      Array.from({ length: 60 }, (_, i) => `analyze 1:1:${i + 1} ordinal=${i} scores=${i + 1}`),
    );
  });
});

describe("a one:: producer", () => {
  const body = `${source} process.scores = cms.EDProducer("OneProducer"); process.p = cms.Path(process.scores);`;

  it("has one event at a time inside, with any number of streams", async () => {
    const outcome = await cmsrunConfig(body, ["--streams", "4"]);
    expect(outcome.code).toBe(0);
    expect(tagged(outcome, "One")).toEqual(["1"]);
  });

  it("makes the job single-threaded, which the job says", async () => {
    const outcome = await cmsrunConfig(body, ["-n", "2"]);
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toContain(
      "The job runs single-threaded: other modules wait for the one:: modules OneProducer/'scores'. Make them stream:: or global:: to use 2 threads.\n",
    );
    expect(outcome.stdout).toContain("on 1 thread and 2 streams");
  });
});

it("a one:: analyzer that reads a product which cannot change threads is told so", async () => {
  const body = `process.thing = cms.EDProducer("FunctionProducer");
    process.reader = cms.EDAnalyzer("FunctionReader");
    process.p = cms.Path(process.thing, process.reader);`;
  const env = { CMSRUN_PLUGIN_PATH: `${import.meta.dirname}/plugins` };
  expect((await cmsrunConfig(body, [], { env })).code).toBe(0);
  const outcome = await cmsrunConfig(body, ["-n", "2"], { env });
  expect(outcome.code).toBe(8010 & 0xff);
  expect(outcome.stderr).toContain(
    "a one:: analyzer reads a product that cannot go from one thread to another",
  );
  expect(outcome.stderr).not.toMatch(/^ +at /m);
});
