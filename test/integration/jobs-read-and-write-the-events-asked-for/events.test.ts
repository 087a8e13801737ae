import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EventFileReader } from "#framework";
import { beforeAll, describe, expect, it } from "vitest";
import { cmsrunConfig, exceptionBlock, type Outcome, root, tagged, temporaryFolder } from "../run.js";

const folder = temporaryFolder();
const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

function eventsIn(path: string): number[] {
  const reader = new EventFileReader(path);
  const events = [...reader.clusters.keys()].flatMap((cluster) => [...reader.ids(cluster).event].map(Number));
  reader.close();
  return events;
}

const branchesIn = (path: string) => {
  const reader = new EventFileReader(path);
  const { branches } = reader.header;
  reader.close();
  return branches.map(
    ({ description: { type, label, instance, process } }) => `${type}_${label}_${instance}_${process}`,
  );
};

async function job(
  name: string,
  body: string,
  args: readonly string[] = [],
): Promise<Outcome & { cwd: string }> {
  const cwd = join(folder, name);
  mkdirSync(cwd);
  const outcome = await cmsrunConfig(body, args, { cwd });
  expect(exceptionBlock(outcome)).toBe("");
  expect(outcome.code).toBe(0);
  return { ...outcome, cwd };
}

const writer = (label: string, file: string, parameters = "") =>
  `process.${label} = cms.OutputModule("PoolOutputModule", { fileName: cms.untracked.string("${file}"), ${parameters} });`;
const select = (...specs: string[]) =>
  `SelectEvents: cms.untracked.PSet({ SelectEvents: cms.vstring(${specs.map((s) => `"${s}"`).join(", ")}) })`;
const commands = (...rules: string[]) =>
  `outputCommands: cms.untracked.vstring(${rules.map((r) => `"${r}"`).join(", ")})`;

beforeAll(async () => {
  for (const [name, first, count] of [
    ["a", 1, 25],
    ["b", 26, 3],
    ["c", 29, 1],
    ["d", 30, 21],
  ] as const) {
    await job(
      `make-${name}`,
      `process.source.firstEvent = cms.untracked.uint32(${first});
      process.source.eventsPerRange = cms.untracked.uint32(10);
      process.maxEvents.input = ${count};
      process.scores = cms.EDProducer("Adder");
      ${writer("out", `../${name}.edm`)}
      process.p = cms.Path(process.scores);
      process.e = cms.EndPath(process.out);`,
    );
  }
});

const reading = (parameters = "", maxEvents = -1) => `const process = new cms.Process("READ");
  process.MessageLogger.cerr.FwkReport.limit = 0;
  process.maxEvents.input = ${maxEvents};
  process.source = cms.Source("PoolSource", { fileNames: cms.untracked.vstring(${["a", "b", "c", "d"].map((f) => `"../${f}.edm"`)}), ${parameters} });
  process.recorder = cms.EDAnalyzer("JobRecorder", { src: cms.InputTag("scores") });
  process.p = cms.Path(process.recorder);`;
const read = (outcome: Outcome) => tagged(outcome, "Job").filter((line) => line.startsWith("analyze"));
const expected = (events: readonly number[]) =>
  events.map((event, ordinal) => `analyze 1:1:${event} ordinal=${ordinal} scores=${event}`);

describe.each([1, 2])("on %i threads", (threads) => {
  const args = ["-n", String(threads)];

  it.each([
    ["every event of several files", "", -1, upTo(1, 50)],
    ["maxEvents.input of them", "", 27, upTo(1, 27)],
    ["none", "", 0, []],
    ["from skipEvents on, over a file's end", "skipEvents: cms.untracked.uint32(26)", -1, upTo(27, 50)],
    ["skipEvents and maxEvents together", "skipEvents: cms.untracked.uint32(24)", 5, upTo(25, 29)],
    ["nothing when all is skipped", "skipEvents: cms.untracked.uint32(60)", -1, []],
  ])("PoolSource reads %s", async (what, parameters, maxEvents, events) => {
    const outcome = await job(
      `read-${threads}-${what.replaceAll(" ", "-")}`,
      reading(parameters, maxEvents),
      args,
    );
    expect(read(outcome)).toEqual(expected(events));
  });

  it("NanoAODSource reads several files, from skipEvents to maxEvents", async () => {
    const file = (name: string) => `"${join(root, "data/samples", name)}"`;
    const outcome = await job(
      `nano-${threads}`,
      `process.source = cms.Source("NanoAODSource", {
         fileNames: cms.untracked.vstring(${file("nano_dy.root")}, ${file("jets_heldout.root")}, ${file("nano_dy.root")}),
         skipEvents: cms.untracked.uint32(35), eventsPerRange: cms.untracked.uint32(7) });
       process.maxEvents.input = 1030;
       process.scores = cms.EDProducer("MyPlugin", { graphPath: cms.FileInPath("${root}/data/models/jet_btag/graph.pb") });
       process.recorder = cms.EDAnalyzer("JobRecorder");
       process.p = cms.Path(process.scores, process.recorder);`,
      args,
    );
    const lines = read(outcome);
    expect(lines).toHaveLength(1030);
    // The first file's last 5 events, all 1000 of the second, 25 of the third, which is the first again.
    const scores = lines.map((line) => line.replace(/ ordinal=\d+/, ""));
    expect(scores[0]?.startsWith("analyze 1:")).toBe(true);
    expect(new Set(scores.slice(0, 5)).size).toBe(5);
    const whole = await job(
      `nano-whole-${threads}`,
      `process.source = cms.Source("NanoAODSource", { fileNames: cms.untracked.vstring(${file("nano_dy.root")}) });
       process.maxEvents.input = -1;
       process.scores = cms.EDProducer("MyPlugin", { graphPath: cms.FileInPath("${root}/data/models/jet_btag/graph.pb") });
       process.recorder = cms.EDAnalyzer("JobRecorder");
       process.p = cms.Path(process.scores, process.recorder);`,
    );
    const alone = read(whole).map((line) => line.replace(/ ordinal=\d+/, ""));
    expect(scores.slice(0, 5)).toEqual(alone.slice(35));
    expect(scores.slice(1005)).toEqual(alone.slice(0, 25));
  });

  it("maxLuminosityBlocks ends the input behind so many, of any source", async () => {
    const recorder = `process.recorder = cms.EDAnalyzer("JobRecorder");`;
    const made = await job(
      `lumis-${threads}`,
      `process.source = cms.Source("EmptySource", {
         numberEventsInLuminosityBlock: cms.untracked.uint32(3), numberEventsInRun: cms.untracked.uint32(6),
         eventsPerRange: cms.untracked.uint32(5) });
       process.maxEvents.input = -1;
       process.maxLuminosityBlocks.input = 3;
       ${recorder}
       process.p = cms.Path(process.recorder);
       ${writer("out", "lumis.edm")}
       process.e = cms.EndPath(process.out);`,
      args,
    );
    const events = (outcome: Outcome) => read(outcome).map((line) => line.split(" ")[1]);
    const first = ["1:1:1", "1:1:2", "1:1:3", "1:2:4", "1:2:5", "1:2:6", "2:1:1", "2:1:2", "2:1:3"];
    expect(events(made)).toEqual(first);
    const again = (source: string, limit: number) =>
      job(
        `lumis-${source.slice(0, 4)}-${limit}-${threads}`,
        `const process = new cms.Process("AGAIN");
         process.MessageLogger.cerr.FwkReport.limit = 0;
         process.source = cms.Source(${source});
         process.maxEvents.input = -1;
         process.maxLuminosityBlocks.input = ${limit};
         ${recorder}
         process.p = cms.Path(process.recorder);`,
        args,
      ).then(events);
    const pool = `"PoolSource", { fileNames: cms.untracked.vstring("${join(made.cwd, "lumis.edm")}") }`;
    for (const [limit, count] of [
      [2, 6],
      [0, 0],
      [4, 9],
      [-1, 9],
    ] as const)
      expect(await again(pool, limit)).toEqual(first.slice(0, count));
    const file = join(root, "data/samples/jets_heldout.root");
    const nano = `"NanoAODSource", { fileNames: cms.untracked.vstring("${file}") }`;
    const [all, three] = [await again(nano, -1), await again(nano, 3)];
    expect(all.length).toBeGreaterThan(three.length);
    expect(three).toEqual(all.slice(0, three.length));
    const lumi = (event = "") => event.replace(/:\d+$/, "");
    expect(new Set(three.map(lumi)).size).toBe(3);
    expect(lumi(all[three.length])).not.toBe(lumi(three.at(-1)));
  });

  it("SelectEvents sends events to the outputs that want them", async () => {
    const { cwd } = await job(
      `select-${threads}`,
      `process.source.eventsPerRange = cms.untracked.uint32(4);
       process.maxEvents.input = 12;
       process.scores = cms.EDProducer("Adder");
       process.f2 = cms.EDFilter("ModuloFilter", { acceptValue: cms.uint32(2) });
       process.f3 = cms.EDFilter("ModuloFilter", { acceptValue: cms.uint32(3) });
       process.p2 = cms.Path(process.f2, process.scores);
       process.p3 = cms.Path(process.f3);
       ${writer("all", "all.edm")} ${writer("two", "two.edm", select("p2"))} ${writer("not3", "not3.edm", select("!p3"))}
       ${writer("any", "any.edm", select("p*"))} ${writer("none", "none.edm", select("!p*"))}
       ${writer("fifth", "fifth.edm")}
       process.f5 = cms.EDFilter("ModuloFilter", { acceptValue: cms.uint32(5) });
       process.e = cms.EndPath(process.all, process.two, process.not3, process.any, process.none);
       process.e5 = cms.EndPath(process.f5, process.fifth);`,
      args,
    );
    const events = (name: string) => eventsIn(join(cwd, `${name}.edm`));
    expect(events("all")).toEqual(upTo(1, 12));
    expect(events("two")).toEqual([2, 4, 6, 8, 10, 12]);
    expect(events("not3")).toEqual([1, 2, 4, 5, 7, 8, 10, 11]);
    expect(events("any")).toEqual([2, 3, 4, 6, 8, 9, 10, 12]);
    expect(events("none")).toEqual([1, 5, 7, 11]);
    expect(events("fifth")).toEqual([5, 10]);
  });

  it("maxEvents.output stops the job when every output has its number", async () => {
    const outcome = await job(
      `output-${threads}`,
      `process.source.eventsPerRange = cms.untracked.uint32(4);
       process.maxEvents.input = -1;
       process.maxEvents.output = cms.untracked.int32(5);
       process.f = cms.EDFilter("ModuloFilter", { acceptValue: cms.uint32(3) });
       process.p = cms.Path(process.f);
       ${writer("some", "some.edm", select("p"))} ${writer("all", "all.edm")}
       process.e = cms.EndPath(process.some, process.all);`,
      args,
    );
    expect(eventsIn(join(outcome.cwd, "some.edm"))).toEqual([3, 6, 9, 12, 15]);
    expect(eventsIn(join(outcome.cwd, "all.edm"))).toEqual([1, 2, 3, 4, 5]);
    expect(outcome.stdout).toContain("(stopped by output limit)");
  });
});

describe("outputCommands", () => {
  it("decide the branches, and what is kept from a task is made", async () => {
    const { cwd } = await job(
      "commands",
      `process.a = cms.EDProducer("Adder"); process.b = cms.EDProducer("Adder", { instance: cms.string("x") });
       process.task = cms.Task(process.b);
       ${writer("all", "all.edm")} ${writer("one", "one.edm", commands("drop *", "keep *_a_*_*"))} ${writer("none", "none.edm", commands("drop *"))}
       process.p = cms.Path(process.a, process.task);
       process.e = cms.EndPath(process.all, process.one, process.none);`,
    );
    expect(branchesIn(join(cwd, "all.edm"))).toEqual([
      "JetScores_a__TEST",
      "JetScores_b_x_TEST",
      "TriggerResults_TriggerResults__TEST",
    ]);
    expect(branchesIn(join(cwd, "one.edm"))).toEqual(["JetScores_a__TEST"]);
    expect(branchesIn(join(cwd, "none.edm"))).toEqual([]);
    expect(eventsIn(join(cwd, "none.edm"))).toEqual(upTo(1, 10));
  });
});

/** CMSSW's matrix of final paths: who makes the product of a module in a task. */
describe("an output on a final path", () => {
  it.each([
    ["does not run a module in a task", "process.fp = cms.FinalPath(process.out);", 0],
    [
      "finds what a path made",
      "process.p = cms.Path(process.scores); process.fp = cms.FinalPath(process.out);",
      10,
    ],
    [
      "finds what an end path's reader demanded",
      'process.r = cms.EDAnalyzer("JobRecorder"); process.e = cms.EndPath(process.r); process.fp = cms.FinalPath(process.out);',
      10,
    ],
    [
      "finds it in the events whose filter passed",
      'process.f = cms.EDFilter("ModuloFilter", { acceptValue: cms.uint32(5) }); process.p = cms.Path(process.f, process.scores); process.fp = cms.FinalPath(process.out);',
      2,
    ],
  ])("%s", async (what, body, count) => {
    const { cwd } = await job(
      `final-${what.replaceAll(/\W/g, "-")}`,
      `process.scores = cms.EDProducer("Adder");
       process.task = cms.Task(process.scores);
       ${writer("out", "out.edm")}
       process.empty = cms.Path(process.task);
       ${body}`,
    );
    expect(eventsIn(join(cwd, "out.edm"))).toEqual(upTo(1, 10));
    writeFileSync(join(cwd, "ignored"), "");
    const outcome = await cmsrunConfig(
      `const process = new cms.Process("CHECK");
       process.source = cms.Source("PoolSource", { fileNames: cms.untracked.vstring("out.edm") });
       process.recorder = cms.EDAnalyzer("JobRecorder", { src: cms.InputTag("scores::TEST") });
       process.p = cms.Path(process.recorder);`,
      [],
      { cwd },
    );
    expect(outcome.code).toBe(0);
    expect(read(outcome).filter((line) => !line.endsWith("scores=none"))).toHaveLength(count);
  });
});

it("wantSummary prints CMSSW's report", async () => {
  const outcome = await job(
    "summary",
    `process.options.wantSummary = true;
     process.a = cms.EDProducer("Adder"); process.b = cms.EDProducer("Adder", { inputs: cms.VInputTag("t") });
     process.t = cms.EDProducer("Adder");
     process.f = cms.EDFilter("ModuloFilter", { acceptValue: cms.uint32(5) });
     ${writer("out", "out.edm")}
     process.p = cms.Path(process.a, process.f, process.b, cms.Task(process.t));
     process.q = cms.Path(cms.not(process.f), process.a);
     process.e = cms.EndPath(process.out);`
      .replace("cms.Task(process.t)", "process.task")
      .replace("process.p =", "process.task = cms.Task(process.t);\n process.p ="),
  );
  const report = outcome.stderr
    .split("\n")
    .filter((line) => !line.startsWith("TimeReport"))
    .join("\n")
    .replaceAll(/\n{2,}/g, "\n")
    .trim();
  expect(`${report}\n`).toBe(readFileSync(join(import.meta.dirname, "trigReport.txt"), "utf8"));
  const times = outcome.stderr.split("\n").filter((line) => line.startsWith("TimeReport"));
  const shape = times.map((line) => line.replaceAll(/\d+\.\d{6}/g, "0.000000")).join("\n");
  expect(`${shape}\n`).toBe(readFileSync(join(import.meta.dirname, "timeReport.txt"), "utf8"));
});
