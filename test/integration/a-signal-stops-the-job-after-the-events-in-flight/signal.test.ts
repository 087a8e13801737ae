import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EventFileReader } from "#framework";
import { describe, expect, it } from "vitest";
import { exceptionBlock, startCmsrunConfig, tagged, temporaryFolder } from "../run.js";

const folder = temporaryFolder();
/** Without end: 30 ms an event, a luminosity block every 3 events, a run every 9. */
const body = `process.maxEvents.input = -1;
  process.options.wantSummary = true;
  process.MessageLogger.cerr.FwkReport.limit = -1;
  process.source = cms.Source("EmptySource", {
    numberEventsInLuminosityBlock: cms.untracked.uint32(3),
    numberEventsInRun: cms.untracked.uint32(9),
    eventsPerRange: cms.untracked.uint32(5),
  });
  process.scores = cms.EDProducer("SpinningProducer", { busyMs: cms.uint32(30) });
  process.transitions = cms.EDProducer("TransitionRecorder");
  process.recorder = cms.EDAnalyzer("JobRecorder");
  process.output = cms.OutputModule("PoolOutputModule", { fileName: cms.untracked.string("out.edm") });
  process.p = cms.Path(process.scores, process.transitions, process.recorder);
  process.e = cms.EndPath(process.output);`;

describe.each([1, 2])("on %i threads", (threads) => {
  it.each(["SIGINT", "SIGUSR2", "SIGTERM"] as const)(
    "%s: exit 40 within a second, all ends, a complete file, the summary",
    async (signal) => {
      const cwd = join(folder, `${signal}-${threads}`);
      mkdirSync(cwd);
      const job = startCmsrunConfig(body, ["-n", String(threads), "--streams", "2"], { cwd });
      await job.seen("Begin processing the 12th record");
      const start = performance.now();
      job.child.kill(signal);
      const outcome = await job.outcome;
      const seconds = (performance.now() - start) / 1000;
      expect(outcome.code).toBe(9000 & 0xff);
      expect(seconds).toBeLessThan(1);
      expect(exceptionBlock(outcome)).toBe("");
      expect(outcome.stdout).toContain("(stopped by signal)");

      const transitions = tagged(outcome, "Transition");
      const count = (pattern: RegExp) => transitions.filter((line) => pattern.test(line)).length;
      for (const what of ["Run", "LuminosityBlock"]) {
        expect(count(new RegExp(`globalEnd${what}`))).toBe(count(new RegExp(`globalBegin${what}`)));
        expect(count(new RegExp(` end${what}`))).toBe(count(new RegExp(` begin${what}`)));
      }
      expect(count(/endStream/)).toBe(2);
      expect(count(/globalEndJob/)).toBe(1);
      const job_ = tagged(outcome, "Job");
      expect(job_.at(-1)).toBe("endJob");
      const analyzed = job_.filter((line) => line.startsWith("analyze")).length;

      expect(readdirSync(cwd).filter((name) => name.includes("out"))).toEqual(["out.edm"]);
      const reader = new EventFileReader(join(cwd, "out.edm"));
      const { eventCount } = reader;
      reader.close();
      expect(eventCount).toBe(analyzed);
      expect(outcome.stderr).toContain(
        `TrigReport Events total = ${eventCount} passed = ${eventCount} failed = 0`,
      );
      expect(outcome.stderr).toContain("T---Report end!");
    },
  );
});

it.each([1, 2])("a second signal does not wait for the events in flight, on %i threads", async (threads) => {
  const cwd = join(folder, `second-${threads}`);
  mkdirSync(cwd);
  const waiting = body.replace(
    '"SpinningProducer", { busyMs: cms.uint32(30) }',
    '"SlowProducer", { delayMs: cms.uint32(20_000) }',
  );
  expect(waiting).not.toBe(body);
  const job = startCmsrunConfig(waiting, ["-n", String(threads)], { cwd });
  await job.seen("Begin processing the 1st record");
  job.child.kill("SIGINT");
  await sleep(700);
  job.child.kill("SIGINT");
  const outcome = await job.outcome;
  expect(outcome.code).toBe(130);
  expect(outcome.stderr).toContain("The job was ended by a second signal; its outputs are unfinished.");
  expect(exceptionBlock(outcome)).toBe("");
  expect(readdirSync(cwd).filter((name) => name.endsWith(".edm"))).toEqual([]);
});
