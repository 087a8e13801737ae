import { existsSync, mkdtempSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { EventFileReader } from "#framework";
import { describe, expect, it } from "vitest";
import { cmsrun, exceptionBlock, type Outcome, tagged, temporaryFolder } from "../run.js";

const config = join(import.meta.dirname, "throwing_cfg.ts");
const folder = temporaryFolder();

async function throwing(
  threads: number,
  args: readonly string[],
  env = {},
): Promise<Outcome & { cwd: string }> {
  const cwd = mkdtempSync(join(folder, "job-"));
  const outcome = await cmsrun(["-n", String(threads), "--streams", "2", config, ...args], {
    cwd,
    env,
    timeoutMs: 10_000,
  });
  return { ...outcome, cwd };
}

/** Every begin that was said and has no end. */
function unended(outcome: Outcome): string[] {
  const said = [
    ...tagged(outcome, "Transition").map((line) => line.replace(/^\d+ /, "")),
    ...tagged(outcome, "Job"),
  ];
  const plain = said.map((what) => what.replace(/ events=.*/, ""));
  const endOf = (what: string) =>
    what
      .replace("initializeGlobalCache", "globalEndJob")
      .replace(/([bB])egin/, (_, b: string) => (b === "b" ? "end" : "End"));
  const begins = plain.filter((what) => /[bB]egin|initialize/.test(what));
  const ends = plain.filter((what) => /(^| |global)[eE]nd/.test(what));
  for (const begin of begins) if (ends.includes(endOf(begin))) ends.splice(ends.indexOf(endOf(begin)), 1);
  const left = begins.filter((begin) => !plain.includes(endOf(begin)));
  return [...left, ...ends];
}

function expectNoCompleteOutput({ cwd, stderr }: Outcome & { cwd: string }): void {
  expect(existsSync(join(cwd, "out.edm"))).toBe(false);
  const partial = readdirSync(cwd).filter((name) => name.endsWith(".partial"));
  const named = /\[a\] The (\d+) events written before the error are in (\S+)/.exec(stderr);
  if (partial.length === 0) expect(named).toBeNull();
  else {
    expect(named?.[2]).toContain(partial[0]);
    const reader = new EventFileReader(join(cwd, partial[0] as string));
    expect(reader.eventCount).toBe(Number(named?.[1]));
    reader.close();
  }
}

const calling = "Calling method for module Thrower/'thrower'";
const constructing = [
  "Constructing the EventProcessor",
  "Constructing module: class=Thrower label='thrower'",
];
const callingOne = "Calling method for module JobThrower/'thrower'";
const cases: [plugin: string, where: string, contexts: string[]][] = [
  ["Thrower", "initializeGlobalCache", constructing],
  ["Thrower", "constructor", constructing],
  ["Thrower", "beginStream", ["Calling beginStream", calling]],
  ["Thrower", "globalBeginRun", ["Processing global begin Run run: 1", calling]],
  [
    "Thrower",
    "globalBeginLuminosityBlock",
    ["Processing global begin LuminosityBlock run: 1 luminosityBlock: 1", calling],
  ],
  ["Thrower", "beginRun", ["Processing  stream begin Run run: 1", calling]],
  [
    "Thrower",
    "beginLuminosityBlock",
    ["Processing  stream begin LuminosityBlock run: 1 luminosityBlock: 1", calling],
  ],
  [
    "Thrower",
    "produce",
    ["Processing  Event run: 1 lumi: 1 event: 5 stream: 0", "Running path 'p'", calling],
  ],
  [
    "Thrower",
    "endLuminosityBlock",
    ["Processing  stream end LuminosityBlock run: 1 luminosityBlock: 1", calling],
  ],
  ["Thrower", "endRun", ["Processing  stream end Run run: 1", calling]],
  [
    "Thrower",
    "globalEndLuminosityBlock",
    ["Processing global end LuminosityBlock run: 1 luminosityBlock: 1", calling],
  ],
  ["Thrower", "globalEndRun", ["Processing global end Run run: 1", calling]],
  ["Thrower", "endStream", ["Calling endStream", calling]],
  ["Thrower", "endStreamSummary", ["Calling endStreamSummary", calling]],
  ["Thrower", "globalEndJobSummary", ["Calling endJob", calling]],
  ["Thrower", "globalEndJob", ["Calling endJob", calling]],
  [
    "JobThrower",
    "constructor",
    ["Constructing the EventProcessor", "Constructing module: class=JobThrower label='thrower'"],
  ],
  ["JobThrower", "beginJob", ["Calling beginJob", callingOne]],
  ["JobThrower", "beginRun", ["Processing global begin Run run: 1", callingOne]],
  [
    "JobThrower",
    "beginLuminosityBlock",
    ["Processing global begin LuminosityBlock run: 1 luminosityBlock: 1", callingOne],
  ],
  ["JobThrower", "analyze", ["Processing  Event run: 1 lumi: 1 event: 5 stream: 0", callingOne]],
  [
    "JobThrower",
    "endLuminosityBlock",
    ["Processing global end LuminosityBlock run: 1 luminosityBlock: 1", callingOne],
  ],
  ["JobThrower", "endRun", ["Processing global end Run run: 1", callingOne]],
  ["JobThrower", "endJob", ["Calling endJob", callingOne]],
];

describe.each([1, 2])("on %i threads", (threads) => {
  it.each(cases)(
    "%s in %s: one block with its contexts, everything begun ends, no output that looks complete",
    async (plugin, where, contexts) => {
      const outcome = await throwing(threads, [`plugin=${plugin}`, `where=${where}`]);
      expect(outcome.code).toBe(8001 & 0xff);
      const block = exceptionBlock(outcome)
        .replace(/stream: \d/, "stream: 0")
        .replace(/ {3}Additional Info:\n.*\n/, "");
      const lines = contexts.map((context, index) => `   [${index}] ${context}\n`).join("");
      expect(block).toBe(
        `An exception of category 'TestFailure' occurred while\n${lines}Exception Message:\nthrown in ${where}; this is a test.\n`,
      );
      expect(outcome.stderr).not.toMatch(/^ +at /m);
      expect(outcome.stderr).not.toContain("TrigReport");
      expect(unended(outcome)).toEqual([]);
      expectNoCompleteOutput(outcome);
    },
  );

  it("what streams found must be plain data, whatever the number of threads", async () => {
    const outcome = await throwing(threads, ["where=nowhere", "what=unclonable"]);
    expect(outcome.code).toBe(8010 & 0xff);
    expect(exceptionBlock(outcome)).toContain(
      "endStreamSummary returned what cannot go from one thread to another",
    );
    expect(unended(outcome)).toEqual([]);
    expectNoCompleteOutput(outcome);
  });

  it("an Error is a StdException with its stack, because it is a bug", async () => {
    const outcome = await throwing(threads, ["where=produce", "what=error"]);
    expect(outcome.code).toBe(8002 & 0xff);
    expect(exceptionBlock(outcome)).toContain("category 'StdException'");
    expect(exceptionBlock(outcome)).toMatch(/an error in produce\n +at .*Thrower/);
  });

  it("a thrown text is a BadExceptionType", async () => {
    const outcome = await throwing(threads, ["where=produce", "what=string"]);
    expect(outcome.code).toBe(8005 & 0xff);
    expect(exceptionBlock(outcome)).toContain('a string was thrown: "a text in produce"');
  });

  it("a rejected promise is as good as a throw", async () => {
    const outcome = await throwing(threads, ["what=later", "where=nowhere", "event=105"]);
    expect(outcome.code).toBe(8001 & 0xff);
    expect(exceptionBlock(outcome)).toContain("[0] Processing  Event run: 1 lumi: 2 event: 105 stream:");
    expect(unended(outcome)).toEqual([]);
    expectNoCompleteOutput(outcome);
  });
});

describe("a one-thread job", () => {
  it.each([
    ["whose module calls process.exit", ["where=produce", "what=exit"]],
    ["whose module waits for what never comes", ["where=produce", "what=never"]],
    ["whose module leaves an error uncaught", ["where=nowhere", "what=unheard"]],
  ])("%s does not end as if it were done", async (_what, args) => {
    const outcome = await throwing(1, args);
    expect(outcome.code).toBe(8901 & 0xff);
    expect(exceptionBlock(outcome)).toContain("the process ended before its job was done");
    expect(existsSync(join(outcome.cwd, "out.edm"))).toBe(false);
  });
});

describe("a worker thread that dies", () => {
  it("by process.exit in a module ends the job with an error that says so", async () => {
    const outcome = await throwing(2, ["where=produce", "what=exit"]);
    expect(outcome.code).toBe(8901 & 0xff);
    expect(exceptionBlock(outcome)).toContain(
      "a worker thread ended with exit code 7 before its work was done",
    );
    expectNoCompleteOutput(outcome);
  });

  it("by an error that nobody catches ends the job with that error", async () => {
    const outcome = await throwing(2, ["where=nowhere", "what=unheard"]);
    expect(outcome.code).toBe(8002 & 0xff);
    expect(exceptionBlock(outcome)).toContain("an error in a timer");
    expectNoCompleteOutput(outcome);
  });

  it("for want of memory ends the job with a BadAlloc", async () => {
    const outcome = await throwing(2, ["where=produce", "what=memory"], {
      NODE_OPTIONS: "--max-old-space-size=60",
    });
    expect(outcome.code).toBe(8004 & 0xff);
    expect(exceptionBlock(outcome)).toContain("a worker thread ran out of memory");
    expectNoCompleteOutput(outcome);
  });
});
