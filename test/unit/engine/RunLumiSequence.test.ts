import { describe, expect, it } from "vitest";
import { RunLumiSequence } from "../../../framework/engine/RunLumiSequence.js";

/** A job of `lumis` luminosity blocks, two a run, whose threads only end what has begun. */
function job(threadCount: number, concurrentLumis: number, lumis: number) {
  const history: string[] = [];
  const hook = {
    globalBeginRun: ({ run }: { run: number }) => void history.push(`begin ${run}`),
    globalEndRun: ({ run }: { run: number }) => void history.push(`end ${run}`),
    globalBeginLuminosityBlock: (id: { run: number; luminosityBlock: number }) =>
      void history.push(`begin ${id.run}:${id.luminosityBlock}`),
    globalEndLuminosityBlock: (id: { run: number; luminosityBlock: number }) =>
      void history.push(`end ${id.run}:${id.luminosityBlock}`),
  };
  const announced: number[] = [];
  const sequence = new RunLumiSequence({
    hooks: [{ module: { type: "T", label: "t" }, target: hook, cache: [] }],
    setup: { iov: 0 },
    threadCount,
    concurrentLumis,
    announce: (lumi) => announced.push(lumi),
    blocked: () => undefined,
    failed: (error) => history.push(String(error)),
  });
  sequence.extend(
    Array.from({ length: lumis }, (_, i) => ({ run: 1 + (i >> 1), luminosityBlock: 1 + (i & 1), count: 1 })),
  );
  return { sequence, history, announced };
}

const microtasks = async (count: number) => {
  for (let i = 0; i < count; i++) await undefined;
};

describe("RunLumiSequence", () => {
  // An end that came just as the sequence stopped looking was once lost, and the job hung at a change of run.
  it.each(Array.from({ length: 40 }, (_, i) => i))(
    "loses no end that comes %i microtasks after another",
    async (delay) => {
      const { sequence, history } = job(1, 1, 6);
      sequence.need(5);
      await microtasks(60);
      for (let lumi = 0; lumi < 6; lumi++) {
        sequence.threadEnded("lumi", lumi);
        await microtasks(delay);
        if (lumi % 2 === 1) sequence.threadEnded("run", lumi >> 1);
        await microtasks(60);
        if (lumi < 5) expect(history.at(-1)).toBe(`begin ${1 + ((lumi + 1) >> 1)}:${1 + ((lumi + 1) & 1)}`);
      }
      await sequence.finish();
      const run = (n: number) => [
        `begin ${n}`,
        `begin ${n}:1`,
        `end ${n}:1`,
        `begin ${n}:2`,
        `end ${n}:2`,
        `end ${n}`,
      ];
      expect(history).toEqual([...run(1), ...run(2), ...run(3)]);
    },
  );

  it("begins no more luminosity blocks at once than it may, and none of the next run", async () => {
    const { sequence, announced } = job(2, 2, 6);
    sequence.need(5);
    await microtasks(100);
    expect(announced).toEqual([0, 1]);
    sequence.threadEnded("lumi", 0);
    sequence.threadEnded("lumi", 0);
    await microtasks(100);
    expect(announced).toEqual([0, 1]);
    for (const thread of [0, 1]) {
      sequence.threadEnded("lumi", 1);
      sequence.threadEnded("run", 0);
      await microtasks(100);
      expect(announced).toEqual(thread === 0 ? [0, 1] : [0, 1, 2, 3]);
    }
  });

  it("ends what has begun when the job stops in the middle", async () => {
    const { sequence, history, announced } = job(2, 2, 6);
    sequence.need(5);
    await microtasks(100);
    sequence.threadEnded("lumi", 0);
    await sequence.stop();
    await sequence.finish();
    expect(history).toEqual(["begin 1", "begin 1:1", "begin 1:2", "end 1:1", "end 1:2", "end 1"]);
    expect(announced).toEqual([0, 1, -1]);
  });
});
