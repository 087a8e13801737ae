import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Exception } from "../../../../framework/base/errors.js";
import { Intake } from "../../../../framework/serving/server/Intake.js";

let nowMs = 0;
const clock = () => nowMs;

function work(ms: number): void {
  nowMs += ms;
}

/**
 * An intake, and what it has said of each request so far: "now", "later" or why it refuses. One that is let in later is
 * worked on for `requestMs`.
 */
function intake({ timeoutMs = 10_000, maxWaiting = 100, requestMs = 0 } = {}) {
  const said: string[] = [];
  const its = new Intake(timeoutMs, maxWaiting, clock);
  const ask = (...names: number[]) => {
    for (const name of names) {
      const letIn = (refusal: Exception | undefined) => {
        said.push(`${name} ${refusal?.category ?? "later"}`);
        if (!refusal) work(requestMs);
      };
      if (its.admits({ startMs: nowMs, letIn })) said.push(`${name} now`);
    }
  };
  return { its, said, ask };
}

/** Until the queue must be empty. */
async function turns(count = 50): Promise<void> {
  for (let i = 0; i < count; i++) await nextTurn();
}

describe("requests", () => {
  it("go on at once while their turn is short", async () => {
    const { ask, said } = intake();
    ask(0, 1, 2);
    await nextTurn();
    ask(3);
    expect(said).toEqual(["0 now", "1 now", "2 now", "3 now"]);
  });

  it("wait for the next turn when theirs has worked long, and keep their order", async () => {
    const { ask, said } = intake();
    ask(0);
    work(8);
    ask(1, 2, 3);
    expect(said).toEqual(["0 now"]);
    await turns();
    expect(said).toEqual(["0 now", "1 later", "2 later", "3 later"]);
    ask(4);
    expect(said.at(-1)).toBe("4 now");
  });

  it("that come while others wait do not overtake them, though a turn lets in only what it can work on", async () => {
    const { ask, said } = intake({ requestMs: 3 });
    ask(0);
    work(6);
    ask(1, 2, 3, 4, 5);
    await nextTurn();
    expect(said).toEqual(["0 now", "1 later", "2 later", "3 later"]);
    ask(6);
    await turns();
    expect(said.slice(4)).toEqual(["4 later", "5 later", "6 later"]);
  });

  it("are worked on for as long as reading others has taken", async () => {
    const { ask, said } = intake({ requestMs: 3 });
    ask(0);
    work(60);
    ask(...Array.from({ length: 30 }, (_, i) => i + 1));
    await nextTurn();
    expect(said.length).toBe(1 + 21);
    await turns();
    expect(said.length).toBe(1 + 30);
  });

  it("are refused if new while the oldest has waited for a twelfth of the limit, or itself for a third", async () => {
    const { its, ask, said } = intake({ timeoutMs: 120, requestMs: 10 });
    ask(0);
    work(8);
    ask(1, 2, 3, 4);
    expect(its.isLate(nowMs)).toBe(false);
    work(12);
    expect(its.isLate(nowMs)).toBe(true);
    ask(5);
    expect(said).toEqual(["0 now"]);
    await nextTurn();
    expect(said).toEqual(["0 now", "1 later", "2 later", "3 later", "5 ServerBusy"]);
    await turns();
    expect(said.slice(5)).toEqual(["4 ServerBusy"]);
    expect(its.isLate(nowMs)).toBe(false);
  });

  it("are refused when as many wait as may", async () => {
    const { ask, said } = intake({ maxWaiting: 2 });
    ask(0);
    work(8);
    ask(1, 2, 3, 4);
    expect(said).toEqual(["0 now", "3 ServerBusy", "4 ServerBusy"]);
    await turns();
    expect(said.slice(3)).toEqual(["1 later", "2 later"]);
  });
});

describe("connections", () => {
  it("go first: requests wait for a turn without any", async () => {
    const { its, ask, said } = intake();
    its.connected();
    ask(0);
    await nextTurn();
    its.connected();
    await nextTurn();
    expect(said).toEqual([]);
    await turns(3);
    expect(said).toEqual(["0 later"]);
  });

  it("that came before any request waited do not count", async () => {
    const { its, ask, said } = intake();
    for (let i = 0; i < 200; i++) {
      its.connected();
      await nextTurn();
    }
    its.connected();
    ask(0);
    await nextTurn();
    expect(said).toEqual([]);
    await turns(3);
    expect(said).toEqual(["0 later"]);
  });

  it("that come without end do not hold requests for long", async () => {
    const { its, ask, said } = intake();
    for (let i = 0; i < 100; i++) {
      expect(said).toEqual([]);
      its.connected();
      if (i === 0) ask(0);
      await nextTurn();
    }
    expect(said).toEqual(["0 later"]);
  });
});
