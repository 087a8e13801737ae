import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Intake } from "../../../../framework/serving/server/Intake.js";

interface Asked {
  readonly name: number;
  readonly startMs: number;
}

let nowMs = 0;
const clock = () => nowMs;

function work(ms: number): void {
  nowMs += ms;
}

/** An intake, and what it has said of each request so far: "now", "later" or why it refuses. */
function intake(timeoutMs = 10_000, maxWaiting = 100) {
  const said: string[] = [];
  const its = new Intake<Asked>(
    ({ name }, refusal) => said.push(`${name} ${refusal?.category ?? "later"}`),
    timeoutMs,
    maxWaiting,
    clock,
  );
  const ask = (name: number) => {
    if (its.admits({ name, startMs: nowMs })) said.push(`${name} now`);
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
    for (let i = 0; i < 3; i++) ask(i);
    await nextTurn();
    ask(3);
    expect(said).toEqual(["0 now", "1 now", "2 now", "3 now"]);
  });

  it("wait for the next turn when theirs has worked long, and keep their order", async () => {
    const { ask, said } = intake();
    ask(0);
    work(8);
    for (let i = 1; i < 4; i++) ask(i);
    expect(said).toEqual(["0 now"]);
    await turns();
    expect(said).toEqual(["0 now", "1 later", "2 later", "3 later"]);
    ask(4);
    expect(said.at(-1)).toBe("4 now");
  });

  it("that come while others wait do not overtake them, though a turn lets in only what it can work on", async () => {
    const said: number[] = [];
    const its = new Intake<Asked>(
      ({ name }) => {
        said.push(name);
        work(3);
      },
      10_000,
      100,
      clock,
    );
    const ask = (name: number) => its.admits({ name, startMs: nowMs });
    expect(ask(0)).toBe(true);
    work(8);
    for (let i = 1; i <= 5; i++) expect(ask(i)).toBe(false);
    await nextTurn();
    expect(said).toEqual([1, 2, 3]);
    expect(ask(6)).toBe(false);
    await turns();
    expect(said).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("are refused when the oldest has waited an eighth of the limit, or itself half of it", async () => {
    const { ask, said } = intake(80);
    ask(0);
    work(8);
    ask(1);
    work(12);
    ask(2);
    expect(said).toEqual(["0 now", "2 ServerBusy"]);
    work(30);
    await turns();
    expect(said).toEqual(["0 now", "2 ServerBusy", "1 ServerBusy"]);
  });

  it("are refused when as many wait as may", async () => {
    const { ask, said } = intake(10_000, 2);
    ask(0);
    work(8);
    for (let i = 1; i < 5; i++) ask(i);
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

  it("that come without end do not hold requests for long", async () => {
    const { its, ask, said } = intake();
    its.connected();
    ask(0);
    for (let i = 0; i < 10; i++) {
      expect(said).toEqual([]);
      work(1);
      its.connected();
      await nextTurn();
    }
    work(1);
    await nextTurn();
    expect(said).toEqual(["0 later"]);
  });
});
