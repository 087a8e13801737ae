import { describe, expect, it } from "vitest";
import { cmsrunConfig, tagged } from "../run.js";

const job = (parameters = "") => `process.found = cms.EDAnalyzer("EventCollector", {${parameters}});
process.source = cms.Source("EmptySource", { eventsPerRange: cms.untracked.uint32(2) });
process.maxEvents.input = 20;
process.p = cms.Path(process.found);`;
const all = Array.from({ length: 20 }, (_, i) => i + 1).join(",");

describe.each([
  [1, 1],
  [1, 3],
  [2, 4],
  [3, 5],
])("on %i threads with %i streams", (threads, streams) => {
  const args = ["-n", String(threads), "--streams", String(streams)];

  it("the job is given what each stream found, in the order of streams, after endStream and before globalEndJob", async () => {
    const outcome = await cmsrunConfig(job(), args);
    expect(outcome.code).toBe(0);
    const said = tagged(outcome, "Found");
    const ids = Array.from({ length: streams }, (_, id) => id);
    expect(said.slice(0, -2).sort()).toEqual(ids.map((id) => `endStream ${id}`));
    expect(said.slice(-2)).toEqual([`cache streams ${ids.join(",")} events ${all}`, "globalEndJob"]);
  });

  it("a job that fails is given nothing, and still ends what began", async () => {
    const outcome = await cmsrunConfig(job("throwIn: cms.untracked.uint32(11)"), args);
    expect(outcome.code).toBe(8001 & 0xff);
    const said = tagged(outcome, "Found");
    expect(said).toHaveLength(streams + 1);
    expect(said.at(-1)).toBe("globalEndJob");
  });
});

it("a module that nothing runs is not asked", async () => {
  const outcome = await cmsrunConfig(`${job()}
process.other = cms.EDAnalyzer("EventCollector");`);
  expect(tagged(outcome, "Found").filter((line) => line.includes("streams"))).toHaveLength(1);
});
