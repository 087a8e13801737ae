import { describe, expect, it } from "vitest";
import { Batcher, type BatcherOptions } from "../../../../framework/serving/batching/Batcher.js";
import { ServerBusy } from "../../../../framework/serving/servingErrors.js";
import type { TensorLike } from "../../../../framework/tensorflow/Tensor.js";

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const rows = (count: number, value = 0): TensorLike => ({
  dtype: "float32",
  shape: [count, 1],
  data: new Float32Array(count).fill(value),
});

/** A model that gives back what it gets after a while; a negative time: at once. */
function echo(options: Partial<BatcherOptions>, delayMs = -1) {
  const sizes: number[] = [];
  const run = (inputs: readonly TensorLike[]) => {
    sizes.push((inputs[0] as TensorLike).shape[0] as number);
    const outputs = inputs.map((input) => ({ ...input, data: input.data.slice() }));
    return delayMs < 0 ? outputs : sleep(delayMs).then(() => outputs);
  };
  return { batcher: new Batcher(run, { maxBatchSize: 100, ...options }), sizes };
}

async function medianMs(count: number, call: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await call();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[count >> 1] as number;
}

describe("waiting for others", () => {
  it("costs a lone client nothing, whatever the limit", async () => {
    const { batcher } = echo({ maxLatencyMs: 60_000 });
    expect(await medianMs(200, () => batcher.submit([rows(1)]))).toBeLessThan(0.2);
  });

  it("gathers requests that come one after another, once some have come together", async () => {
    const { batcher, sizes } = echo({ maxLatencyMs: 2000 });
    await Promise.all([1, 2, 3, 4].map(() => batcher.submit([rows(1)])));
    const late = [0, 3, 6, 9].map((ms) => sleep(ms).then(() => batcher.submit([rows(1)])));
    await Promise.all(late);
    expect(sizes).toEqual([4, 4]);
  });

  it("ends at the limit, and does not begin again in vain", async () => {
    const { batcher, sizes } = echo({ maxLatencyMs: 30 });
    await Promise.all([1, 2, 3, 4].map(() => batcher.submit([rows(1)])));
    const start = performance.now();
    await batcher.submit([rows(1)]);
    const waitedMs = performance.now() - start;
    expect(waitedMs).toBeGreaterThan(25);
    expect(waitedMs).toBeLessThan(200);
    expect(await medianMs(50, () => batcher.submit([rows(1)]))).toBeLessThan(1);
    expect(sizes.slice(0, 2)).toEqual([4, 1]);
  });

  it("is over within a second after a burst of 64 clients", async () => {
    const { batcher } = echo({ maxLatencyMs: 50 }, 1);
    const before = await medianMs(50, () => batcher.submit([rows(1)]));
    const client = async () => {
      for (let i = 0; i < 10; i++) await batcher.submit([rows(1)]);
    };
    await Promise.all(Array.from({ length: 64 }, client));
    const end = performance.now();
    while (performance.now() < end + 500) await batcher.submit([rows(1)]);
    expect(await medianMs(50, () => batcher.submit([rows(1)]))).toBeLessThan(1.2 * before + 0.5);
  });

  it("does not make a request miss its deadline", async () => {
    const { batcher } = echo({ maxLatencyMs: 500 });
    await Promise.all([1, 2, 3, 4].map(() => batcher.submit([rows(1)])));
    const start = performance.now();
    await batcher.submit([rows(1)], start + 200);
    expect(performance.now() - start).toBeLessThan(150);
  });

  it("does not make one miss it that is in the batch after the next", async () => {
    const { batcher, sizes } = echo({ maxLatencyMs: 500, maxBatchSize: 4 });
    await Promise.all([1, 2, 3, 4].map(() => batcher.submit([rows(1)])));
    const start = performance.now();
    const first = batcher.submit([rows(3)]);
    await Promise.all([first, batcher.submit([rows(2)], start + 200)]);
    expect(performance.now() - start).toBeLessThan(150);
    expect(sizes).toEqual([4, 3, 2]);
  });
});

describe("a turn of the event loop", () => {
  const busy = (ms: number) => {
    for (const end = performance.now() + ms; performance.now() < end; );
  };
  const slow = () => {
    let calls = 0;
    const run = (inputs: readonly TensorLike[]) => {
      calls++;
      busy(5);
      return inputs;
    };
    return { batcher: new Batcher(run, { maxBatchSize: 1 }), calls: () => calls };
  };

  it("has one batch after a rest: the first answer does not wait for the last", async () => {
    const { batcher, calls } = slow();
    await batcher.submit([rows(1)]);
    await sleep(100);
    const [first, ...others] = Array.from({ length: 10 }, () => batcher.submit([rows(1)]));
    await first;
    expect(calls()).toBeLessThan(5);
    await Promise.all(others);
    expect(calls()).toBe(11);
  });

  it("has more of them when requests took long to come", async () => {
    const { batcher, calls } = slow();
    const [first, ...others] = Array.from({ length: 10 }, () => {
      busy(5);
      return batcher.submit([rows(1)]);
    });
    await first;
    expect(calls()).toBeGreaterThan(5);
    await Promise.all(others);
  });
});

describe("limits", () => {
  it("refuses what does not fit into the queue, with a hint when to come again", async () => {
    const { batcher, sizes } = echo({ maxBatchSize: 4, maxQueuedRows: 8 }, 20);
    const results = await Promise.allSettled(
      Array.from({ length: 12 }, (_, n) => batcher.submit([rows(1, n)])),
    );
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(8);
    expect(results.slice(8).every(({ status }) => status === "rejected")).toBe(true);
    const [{ reason }] = results.slice(8) as [PromiseRejectedResult];
    expect(reason).toBeInstanceOf(ServerBusy);
    expect(reason.message).toMatch(/8 rows wait already, of 8 that may; try again in \d+ ms/);
    expect(reason.retryAfterMs).toBeGreaterThan(0);
    expect(sizes).toEqual([4, 4]);
    expect(batcher.queuedRows).toBe(0);
  });

  it("takes a request larger than the queue when nothing waits", async () => {
    const { batcher } = echo({ maxBatchSize: 4, maxQueuedRows: 8 });
    const [output] = await batcher.submit([rows(50)]);
    expect(output?.shape).toEqual([50, 1]);
  });

  it("keeps deadlines, of those that wait and of those being run", async () => {
    const { batcher } = echo({ maxBatchSize: 1 }, 60);
    const now = performance.now();
    const answers = await Promise.allSettled([
      batcher.submit([rows(1)], now + 25),
      batcher.submit([rows(1)], now + 30),
      batcher.submit([rows(1)]),
      batcher.submit([rows(1)], now - 1),
    ]);
    expect(
      answers.map((answer) => (answer.status === "rejected" ? answer.reason.category : "answered")),
    ).toEqual(["RequestTimeout", "RequestTimeout", "answered", "RequestTimeout"]);
    // The second has not been run: 60 ms for the first, 60 for the third.
    expect(performance.now() - now).toBeLessThan(175);
    expect(batcher.statistics).toMatchObject({
      executionCount: 2,
      success: { count: 1 },
      fail: { count: 3 },
    });
  });

  it("answers nobody late, even when the model holds the thread", async () => {
    const batcher = new Batcher(
      (inputs) => {
        const until = performance.now() + 30;
        while (performance.now() < until);
        return inputs;
      },
      { maxBatchSize: 1 },
    );
    await expect(batcher.submit([rows(1)], performance.now() + 10)).rejects.toThrow(/within the 10 ms/);
  });

  it("lets go of what timed out behind a model that hangs", async () => {
    const batcher = new Batcher(() => new Promise(() => {}), { maxBatchSize: 1, maxQueuedRows: 4 });
    for (let round = 0; round < 5; round++) {
      const deadlineMs = performance.now() + 5;
      const results = await Promise.allSettled([1, 2, 3, 4].map(() => batcher.submit([rows(1)], deadlineMs)));
      expect(
        results.every(
          (result) => result.status === "rejected" && result.reason.category === "RequestTimeout",
        ),
      ).toBe(true);
      expect(batcher.queuedRows).toBe(0);
    }
  });

  it("finishes what it has accepted when closed, and refuses more", async () => {
    const { batcher, sizes } = echo({ maxBatchSize: 2, maxLatencyMs: 60_000 }, 5);
    const answers = Promise.all([1, 2, 3].map((value) => batcher.submit([rows(1, value)])));
    const closed = batcher.close();
    await expect(batcher.submit([rows(1)])).rejects.toMatchObject({ category: "ServerBusy" });
    await closed;
    expect(sizes).toEqual([2, 1]);
    expect((await answers).map(([output]) => output?.data[0])).toEqual([1, 2, 3]);
    await batcher.close();
  });
});

describe("any schedule", () => {
  /** A small generator, so that a failure can be had again. */
  const random = (seed: number) => {
    let state = seed;
    return () => {
      state = (state * 1664525 + 1013904223) % 2 ** 32;
      return state / 2 ** 32;
    };
  };

  for (const seed of [1, 2, 3, 4, 5, 6])
    it(`gives everybody the own rows in order (seed ${seed})`, async () => {
      const next = random(seed);
      const whole = (limit: number) => Math.floor(next() * limit);
      const maxBatchSize = 1 + whole(12);
      const sizes = next() < 0.5 ? { batchSizes: [1, 2, 4, 8, 16] } : {};
      const started: number[] = [];
      let inside = 0;
      const batcher = new Batcher(
        (inputs) => {
          expect(++inside).toBe(1);
          const { data, shape } = inputs[0] as TensorLike;
          expect(shape[0]).toBeLessThanOrEqual(Math.max(maxBatchSize, sizes.batchSizes ? 16 : 0));
          for (const value of data as Float32Array) if (started.at(-1) !== value) started.push(value);
          const outputs = inputs.map((input) => ({
            ...input,
            data: (input.data as Float32Array).map((v) => v + 0.5),
          }));
          if (next() < 0.5) {
            inside--;
            return outputs;
          }
          return sleep(whole(3)).then(() => {
            inside--;
            return outputs;
          });
        },
        { maxBatchSize, maxLatencyMs: whole(3) * 2, maxQueuedRows: 10_000, ...sizes },
      );
      const answers: Promise<void>[] = [];
      for (let n = 0; n < 200; n++) {
        const count = next() < 0.05 ? 30 : 1 + whole(5);
        answers.push(
          batcher.submit([rows(count, n)]).then(([output]) => {
            expect(output?.shape).toEqual([count, 1]);
            expect(new Set(output?.data as Float32Array)).toEqual(new Set([n + 0.5]));
          }),
        );
        if (next() < 0.2) await sleep(whole(2));
        else if (next() < 0.3) await new Promise((resolve) => setImmediate(resolve));
      }
      await Promise.all(answers);
      await batcher.close();
      expect(started).toEqual(Array.from({ length: 200 }, (_, n) => n));
      expect(batcher.statistics.success.count).toBe(200);
    });
});
