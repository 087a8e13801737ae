import { describe, expect, it } from "vitest";
import { cmsrunConfig, exceptionBlock, tagged } from "../run.js";

const events = (...numbers: number[]) => numbers.map(String);
/** The events in which a module said that it ran. */
const ran = (lines: readonly string[], name: string) =>
  lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));

/** Runs `body`; gives what ran. */
async function job(body: string, args: readonly string[] = []) {
  const outcome = await cmsrunConfig(body, args);
  expect(exceptionBlock(outcome)).toBe("");
  expect(outcome.code).toBe(0);
  return { ...outcome, ran: tagged(outcome, "Ran") };
}

const filter = 'process.f = cms.EDFilter("ModuloFilter", { acceptValue: cms.uint32(3) });';
const adder = (label: string, parameters = "") =>
  `process.${label} = cms.EDProducer("Adder", { name: cms.untracked.string("${label}"), ${parameters} });`;
const inputs = (...labels: string[]) =>
  `inputs: cms.VInputTag(${labels.map((label) => `"${label}"`).join(", ")})`;
const analyzer = (label: string, src: string) =>
  `process.${label} = cms.EDAnalyzer("JobRecorder", { src: cms.InputTag("${src}") });`;

describe("a filter on a path", () => {
  it.each([
    ["process.f", events(3, 6, 9)],
    ["cms.not(process.f)", events(1, 2, 4, 5, 7, 8, 10)],
    ["cms.ignore(process.f)", events(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)],
  ])("%s lets through", async (item, expected) => {
    const { ran: lines } = await job(`${filter} ${adder("a")} process.p = cms.Path(${item}, process.a);`);
    expect(ran(lines, "a")).toEqual(expected);
  });

  it("stops that path only, in TriggerResults with the position where it did", async () => {
    const outcome = await job(`${filter} ${adder("a")} ${adder("b")}
      process.t = cms.EDAnalyzer("TriggerPrinter");
      process.p = cms.Path(process.a, process.f, process.b);
      process.q = cms.Path(cms.not(process.f));
      process.empty = cms.Path();
      process.e = cms.EndPath(process.f, process.t);`);
    expect(ran(outcome.ran, "a")).toHaveLength(10);
    expect(ran(outcome.ran, "b")).toEqual(events(3, 6, 9));
    const passing = (n: number) => `${n} p=1@2 q=2@0 empty=1@0`;
    expect(tagged(outcome, "Trigger")).toEqual([passing(3), passing(6), passing(9)]);
  });
});

it("a module on several paths runs once an event, and its decision counts on each", async () => {
  const { ran: lines, stderr } = await job(`${adder("a")} ${adder("b")} ${adder("c")}
    process.f = cms.EDFilter("ModuloFilter", { acceptValue: cms.uint32(5), name: cms.untracked.string("f") });
    process.options.wantSummary = true;
    process.p = cms.Path(process.a, process.f, process.b);
    process.q = cms.Path(process.f, process.a, process.c);`);
  expect(ran(lines, "f")).toHaveLength(10);
  expect(ran(lines, "a")).toHaveLength(10);
  expect([ran(lines, "b"), ran(lines, "c")]).toEqual([events(5, 10), events(5, 10)]);
  // Visited twice, executed once.
  expect(stderr).toMatch(/^TrigReport +20 +10 +2 +8 +0 f$/m);
  expect(stderr).toMatch(/^TrigReport +12 +10 +10 +0 +0 a$/m);
});

it("a consumer runs after its producer whatever the order of their paths", async () => {
  const { ran: lines } = await job(`${adder("late", inputs("early"))} ${adder("early")}
    process.first = cms.Path(process.late);
    process.second = cms.Path(process.early);`);
  expect(lines.slice(0, 2)).toEqual(["early 1", "late 1"]);
});

describe("a module in a task", () => {
  const chain = `${adder("t1")} ${adder("t2", inputs("t1"))} ${adder("t3", inputs("t2", "t1"))} ${adder("unused")}
    process.task = cms.Task(process.t3, process.t2, process.t1, process.unused);`;

  it("runs on demand, before its consumer, at most once an event, and not at all when nothing consumes it", async () => {
    const { ran: lines } = await job(`${chain} ${adder("a", inputs("t3"))} ${adder("b", inputs("t3", "t1"))}
      process.p = cms.Path(process.a, process.task);
      process.q = cms.Path(process.b);`);
    expect(lines.slice(0, 5)).toEqual(["t1 1", "t2 1", "t3 1", "a 1", "b 1"]);
    expect(lines).toHaveLength(50);
  });

  it("does not run when the consumer's path stops before it", async () => {
    const { ran: lines } =
      await job(`${chain} ${filter} ${adder("a", inputs("t3"))} ${adder("b", inputs("t1"))}
      process.p = cms.Path(process.f, process.a, process.task);
      process.q = cms.Path(process.b);`);
    expect([ran(lines, "t3"), ran(lines, "t2")]).toEqual([events(3, 6, 9), events(3, 6, 9)]);
    expect(ran(lines, "t1")).toHaveLength(10);
  });

  it("sees no transition when nothing consumes it", async () => {
    const outcome = await job(`process.scores = cms.EDProducer("TransitionRecorder");
      process.task = cms.Task(process.scores); ${adder("a")} process.p = cms.Path(process.a, process.task);`);
    const seen = tagged(outcome, "Transition").map((line) => line.replace(/^\d+ /, ""));
    expect(seen).toEqual(["initializeGlobalCache", "constructor", "globalEndJob"]);
  });

  it("tells the whole chain when it throws", async () => {
    const outcome =
      await cmsrunConfig(`${adder("t1", inputs("nowhere"))} ${adder("t2", inputs("t1"))} ${adder("a", inputs("t2"))}
      process.task = cms.Task(process.t1, process.t2);
      process.p = cms.Path(process.a, process.task);`);
    expect(outcome.code).toBe(8006 & 0xff);
    expect(exceptionBlock(outcome)).toContain(`   [0] Processing  Event run: 1 lumi: 1 event: 1 stream: 0
   [1] Running path 'p'
   [2] Prefetching for module Adder/'a'
   [3] Prefetching for module Adder/'t2'
   [4] Calling method for module Adder/'t1'
`);
  });
});

it("end paths run after all paths and read what they made", async () => {
  const { ran: lines } =
    await job(`${adder("a")} ${adder("onBoth")} ${adder("b", inputs("a", "onBoth"))} ${adder("c", inputs("onBoth"))}
    process.e = cms.EndPath(process.onBoth, process.b);
    process.p = cms.Path(process.a);
    process.q = cms.Path(process.onBoth, process.c);`);
  expect(lines.slice(0, 4)).toEqual(["a 1", "onBoth 1", "c 1", "b 1"]);
});

it("beginJob and endJob come to modules in tasks first, then in the order of the paths", async () => {
  const outcome = await job(`${adder("scores")} ${analyzer("recorder", "scores")}
    process.globalRecorder = cms.EDAnalyzer("GlobalRecorder");
    process.p = cms.Path(process.globalRecorder, process.scores);
    process.e = cms.EndPath(process.recorder);`);
  const jobLines = outcome.stderr.split("\n").filter((line) => /^(Job|Global) (begin|end)Job$/.test(line));
  expect(jobLines).toEqual(["Global beginJob", "Job beginJob", "Global endJob", "Job endJob"]);
});

describe("a product", () => {
  it("that nobody makes is named with what is like it", async () => {
    const outcome = await cmsrunConfig(
      `${adder("scores")} ${adder("a", inputs("scroes"))} process.p = cms.Path(process.scores, process.a);`,
    );
    expect(outcome.code).toBe(8006 & 0xff);
    expect(exceptionBlock(outcome)).toBe(`An exception of category 'ProductNotFound' occurred while
   [0] Processing  Event run: 1 lumi: 1 event: 1 stream: 0
   [1] Running path 'p'
   [2] Calling method for module Adder/'a'
Exception Message:
Principal::getByToken: Found zero products matching all criteria
Looking for type: JetScores
Looking for module label: scroes
Looking for productInstanceName: 
No module or input product is labelled 'scroes'; did you mean 'scores'?
`);
  });

  it("of another instance is shown", async () => {
    const outcome =
      await cmsrunConfig(`${adder("scores", 'instance: cms.string("x")')} ${adder("a", inputs("scores"))}
      process.p = cms.Path(process.scores, process.a);`);
    expect(outcome.code).toBe(8006 & 0xff);
    expect(exceptionBlock(outcome)).toContain("Label 'scores' has: JetScores_scores_x_TEST.");
  });

  it("that is put twice is an InsertFailure", async () => {
    const outcome = await cmsrunConfig(
      `${adder("a", "puts: cms.untracked.uint32(2)")} process.p = cms.Path(process.a);`,
    );
    expect(outcome.code).toBe(8008 & 0xff);
    expect(exceptionBlock(outcome)).toContain("product JetScores_a__TEST. is put twice in one event");
  });

  it("that its producer did not put can be asked for without harm", async () => {
    const outcome = await job(`${adder("a", "puts: cms.untracked.uint32(0)")} ${analyzer("recorder", "a")}
      process.p = cms.Path(process.a, process.recorder);`);
    expect(tagged(outcome, "Job")).toContain("analyze 1:1:1 ordinal=0 scores=none");
  });
});

describe("a schedule that cannot run", () => {
  it.each([
    [
      "a module that reads its own product",
      `${adder("a", inputs("a"))} process.p = cms.Path(process.a);`,
      ["module 'a' is on path 'p' and depends on module 'a'"],
    ],
    [
      "two paths that cross",
      `${adder("a", inputs("d"))} ${adder("b")} ${adder("c", inputs("b"))} ${adder("d")}
       process.p = cms.Path(process.a, process.b);
       process.q = cms.Path(process.c, process.d);`,
      [
        "module 'a' is on path 'p' and depends on module 'd'",
        "module 'd' is on path 'q' and follows module 'c' on the path",
        "module 'c' is on path 'q' and depends on module 'b'",
        "module 'b' is on path 'p' and follows module 'a' on the path",
      ],
    ],
    [
      "a circle of modules in a task",
      `${adder("t1", inputs("t2"))} ${adder("t2", inputs("t1"))} ${adder("a", inputs("t1"))}
       process.task = cms.Task(process.t1, process.t2);
       process.p = cms.Path(process.a, process.task);`,
      [
        "module 't2' is in a task and depends on module 't1'",
        "module 't1' is in a task and depends on module 't2'",
      ],
    ],
    [
      "a circle through a task",
      `${adder("t", inputs("a"))} ${adder("a", inputs("t"))}
       process.task = cms.Task(process.t);
       process.p = cms.Path(process.a, process.task);`,
      [
        "module 't' is in a task and depends on module 'a'",
        "module 'a' is on path 'p' and depends on module 't'",
      ],
    ],
    [
      "a consumer before its producer on one path",
      `${adder("a", inputs("b"))} ${adder("b")} process.p = cms.Path(process.a, process.b);`,
      [
        "module 'a' is on path 'p' and depends on module 'b'",
        "module 'b' is on path 'p' and follows module 'a' on the path",
      ],
    ],
    [
      "a path that needs an end path",
      `${adder("a", inputs("b"))} ${adder("b")} process.p = cms.Path(process.a); process.e = cms.EndPath(process.b);`,
      ["module 'a' is on path 'p' depends on module 'b', which runs only after all paths"],
    ],
  ])("%s is refused before the first event", async (_what, body, lines) => {
    const outcome = await cmsrunConfig(body);
    expect(outcome.code).toBe(8017 & 0xff);
    const block = exceptionBlock(outcome);
    expect(block).toContain(`An exception of category 'ScheduleExecutionFailure' occurred while
   [0] Calling beginJob
Exception Message:
Unrunnable schedule
The Path/EndPath configuration could cause the job to deadlock
${lines.map((line) => `  ${line}\n`).join("")}`);
  });
});
