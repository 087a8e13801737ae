import { describe, expect, it } from "vitest";
import { Batcher, type BatcherOptions } from "../../../../framework/serving/batching/Batcher.js";
import type { TensorLike } from "../../../../framework/tensorflow/Tensor.js";

const rowsOfThree = (values: readonly number[][]): TensorLike => ({
  dtype: "float32",
  shape: [values.length, 3],
  data: Float32Array.from(values.flat()),
});
/** Rows that can be told apart: row r of request n starts with 100 n + r. */
const request = (n: number, rows: number) =>
  rowsOfThree(Array.from({ length: rows }, (_, r) => [100 * n + r, 1, 2]));
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A model that doubles, and notes what it was called with. */
function doubler(options: Partial<BatcherOptions> = {}, delayMs = -1) {
  const calls: number[][] = [];
  const double = ([input]: readonly TensorLike[]): TensorLike[] => {
    const { dtype, shape, data } = input as TensorLike;
    return [{ dtype, shape: [...shape], data: (data as Float32Array).map((value) => 2 * value) }];
  };
  const run = (inputs: readonly TensorLike[]) => {
    const { data } = inputs[0] as TensorLike;
    calls.push(Array.from(data as Float32Array).filter((_, i) => i % 3 === 0));
    return delayMs < 0 ? double(inputs) : sleep(delayMs).then(() => double(inputs));
  };
  return { batcher: new Batcher(run, { maxBatchSize: 10, ...options }), calls };
}

const firstColumn = (outputs: readonly TensorLike[]) =>
  Array.from(outputs[0]?.data as Float32Array).filter((_, i) => i % 3 === 0);
const expected = (n: number, rows: number) => Array.from({ length: rows }, (_, r) => 2 * (100 * n + r));

describe("a batcher", () => {
  it("makes one call of [2, 5] of two clients' rows, and gives each its own", async () => {
    const shapes: (readonly number[])[] = [];
    const batcher = new Batcher(
      ([input]) => {
        const { shape, data } = input as TensorLike;
        shapes.push([...shape]);
        return [
          { dtype: "int64", shape: [...shape], data: (data as BigInt64Array).map((value) => value * 10n) },
        ];
      },
      { maxBatchSize: 100 },
    );
    const row = (...values: bigint[]): TensorLike => ({
      dtype: "int64",
      shape: [1, 5],
      data: BigInt64Array.from(values),
    });
    const answers = await Promise.all([
      batcher.submit([row(1n, 2n, 3n, 4n, 5n)]),
      batcher.submit([row(6n, 7n, 8n, 9n, 0n)]),
    ]);
    expect(shapes).toEqual([[2, 5]]);
    expect(answers.map(([output]) => output)).toEqual([
      { dtype: "int64", shape: [1, 5], data: BigInt64Array.of(10n, 20n, 30n, 40n, 50n) },
      { dtype: "int64", shape: [1, 5], data: BigInt64Array.of(60n, 70n, 80n, 90n, 0n) },
    ]);
  });

  it("counts rows, keeps the order, and fills no batch beyond its size", async () => {
    const { batcher, calls } = doubler();
    const answers = await Promise.all([4, 5, 3, 2, 1].map((rows, n) => batcher.submit([request(n, rows)])));
    expect(calls).toEqual([
      [0, 1, 2, 3, 100, 101, 102, 103, 104],
      [200, 201, 202, 300, 301, 400],
    ]);
    expect(answers.map(firstColumn)).toEqual([4, 5, 3, 2, 1].map((rows, n) => expected(n, rows)));
  });

  it("runs a request of exactly the size alone", async () => {
    const { batcher, calls } = doubler({ maxLatencyMs: 5000 });
    const answers = await Promise.all([batcher.submit([request(1, 10)]), batcher.submit([request(2, 10)])]);
    expect(calls.map(({ length }) => length)).toEqual([10, 10]);
    expect(answers.map(firstColumn)).toEqual([expected(1, 10), expected(2, 10)]);
  });

  it("splits a larger request and joins its outputs in order", async () => {
    const { batcher, calls } = doubler();
    const answers = await Promise.all([
      batcher.submit([request(1, 2)]),
      batcher.submit([request(2, 37)]),
      batcher.submit([request(3, 2)]),
    ]);
    expect(calls.map(({ length }) => length)).toEqual([2, 10, 10, 10, 9]);
    expect(answers.map(firstColumn)).toEqual([expected(1, 2), expected(2, 37), expected(3, 2)]);
    expect(answers[1]?.[0]?.shape).toEqual([37, 3]);
    expect(batcher.statistics).toMatchObject({
      inferenceCount: 41,
      executionCount: 5,
      success: { count: 3 },
    });
  });

  it("fills batches up to the sizes that the model is run with, and cuts them off", async () => {
    const { batcher, calls } = doubler({ batchSizes: [1, 2, 4, 8, 10] });
    const answers = await Promise.all([batcher.submit([request(1, 3)]), batcher.submit([request(2, 2)])]);
    expect(calls).toEqual([[100, 101, 102, 200, 201, 201, 201, 201]]);
    expect(answers.map(firstColumn)).toEqual([expected(1, 3), expected(2, 2)]);
    expect([...batcher.statistics.batches.keys()]).toEqual([5]);
  });

  it("does not overwrite outputs by the next batch, even where a model gives back its inputs", async () => {
    const batcher = new Batcher((inputs) => inputs, { maxBatchSize: 4 });
    const first = await Promise.all([batcher.submit([request(1, 1)]), batcher.submit([request(2, 1)])]);
    const second = await Promise.all([batcher.submit([request(3, 1)]), batcher.submit([request(4, 1)])]);
    expect([...first, ...second].map((outputs) => outputs[0]?.data[0])).toEqual([100, 200, 300, 400]);
  });

  it("puts rows together along any dimension", async () => {
    const seen: TensorLike[] = [];
    const batcher = new Batcher(
      ([input]) => {
        const { dtype, shape, data } = input as TensorLike;
        seen.push({ dtype, shape: [...shape], data: data.slice() });
        return [{ dtype, shape: [...shape], data: data.slice() }];
      },
      { maxBatchSize: 3, batchDimIn: 1, batchDimOut: 1 },
    );
    const column = (a: number, b: number): TensorLike => ({
      dtype: "int32",
      shape: [2, 1],
      data: Int32Array.of(a, b),
    });
    const wide: TensorLike = { dtype: "int32", shape: [2, 4], data: Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
    const answers = await Promise.all([
      batcher.submit([column(1, 2)]),
      batcher.submit([column(3, 4)]),
      batcher.submit([wide]),
    ]);
    expect(seen.map(({ shape, data }) => [shape, [...(data as Int32Array)]])).toEqual([
      [
        [2, 2],
        [1, 3, 2, 4],
      ],
      [
        [2, 3],
        [1, 2, 3, 5, 6, 7],
      ],
      [
        [2, 1],
        [4, 8],
      ],
    ]);
    expect(answers.map(([output]) => output)).toEqual([column(1, 2), column(3, 4), wide]);
  });

  it("batches strings", async () => {
    const sizes: number[] = [];
    const batcher = new Batcher(
      ([input]) => {
        sizes.push((input as TensorLike).shape[0] as number);
        return [{ ...(input as TensorLike), data: [...((input as TensorLike).data as Uint8Array[])] }];
      },
      { maxBatchSize: 10 },
    );
    const words = (...list: string[]): TensorLike => ({
      dtype: "string",
      shape: [list.length],
      data: list.map((word) => Buffer.from(word)),
    });
    const answers = await Promise.all([batcher.submit([words("a", "bc")]), batcher.submit([words("d")])]);
    expect(sizes).toEqual([3]);
    expect(answers.map(([output]) => Array.from(output?.data ?? [], String))).toEqual([["a", "bc"], ["d"]]);
  });

  it("runs together only what has the same dtypes and shapes, and lets nobody starve", async () => {
    const calls: string[] = [];
    const batcher = new Batcher(
      ([input]) => {
        const { dtype, shape, data } = input as TensorLike;
        calls.push(`${dtype}${shape.join("x")}`);
        return [{ dtype, shape: [...shape], data: data.slice() }];
      },
      { maxBatchSize: 4 },
    );
    const a: TensorLike = { dtype: "float32", shape: [1, 2], data: new Float32Array(2) };
    const b: TensorLike = { dtype: "float32", shape: [1, 3], data: new Float32Array(3) };
    const c: TensorLike = { dtype: "int32", shape: [1, 2], data: new Int32Array(2) };
    await Promise.all([a, b, a, c, a, b, a, a, b].map((input) => batcher.submit([input])));
    expect(calls).toEqual(["float324x2", "float323x3", "int321x2", "float321x2"]);
  });

  it("goes on with more kinds of requests than it remembers", async () => {
    const batcher = new Batcher((inputs) => inputs, { maxBatchSize: 8 });
    for (let round = 0; round < 2; round++) {
      const inputs = Array.from({ length: 120 }, (_, n): TensorLike => {
        const width = 1 + (n % 40);
        return { dtype: "int32", shape: [1, width], data: new Int32Array(width).fill(n) };
      });
      const answers = await Promise.all(inputs.map((input) => batcher.submit([input])));
      expect(answers.map(([output]) => output)).toEqual(inputs);
    }
    expect(batcher.statistics.executionCount).toBe(80);
  });

  it("refuses inputs whose rows disagree, and a model whose outputs have no rows", async () => {
    const { batcher } = doubler();
    await expect(batcher.submit([request(1, 2), request(1, 3)])).rejects.toThrow(
      /same number of rows.*\[2,3\], \[3,3\]/,
    );
    await expect(batcher.submit([])).rejects.toMatchObject({ category: "InvalidRun" });
    const scalar = new Batcher(() => [{ dtype: "float32", shape: [], data: new Float32Array(1) }], {
      maxBatchSize: 4,
    });
    await expect(scalar.submit([request(1, 2)])).rejects.toThrow(
      /output 0 .*shape \[\] for a batch of 2 rows/,
    );
  });

  it("passes a request without rows on by itself", async () => {
    const { batcher, calls } = doubler();
    const answers = await Promise.all([1, 0, 2].map((rows, n) => batcher.submit([request(n, rows)])));
    expect(calls).toEqual([[0], [], [200, 201]]);
    expect(answers[1]?.[0]?.shape).toEqual([0, 3]);
  });

  it("refuses options that make no sense", () => {
    expect(() => doubler({ maxBatchSize: 0 })).toThrow(
      /maxBatchSize must be a whole number of at least 1, not 0/,
    );
    expect(() => doubler({ maxLatencyMs: Number.NaN })).toThrow(/maxLatencyMs/);
    expect(() => doubler({ maxQueuedRows: 1.5 })).toThrow(/maxQueuedRows/);
  });
});

describe("when requests fail", () => {
  const failing = (isAsync: boolean) => {
    let calls = 0;
    const batcher = new Batcher(
      (inputs) => {
        calls++;
        const { data } = inputs[0] as TensorLike;
        const isBad = (data as Float32Array).some((value) => value < 0);
        if (isBad && !isAsync) throw new Error("negative");
        if (isBad) return Promise.reject(new Error("negative"));
        const outputs = inputs.map((input) => ({ ...input, data: input.data.slice() }));
        return isAsync ? Promise.resolve(outputs) : outputs;
      },
      { maxBatchSize: 16 },
    );
    return { batcher, calls: () => calls };
  };

  for (const isAsync of [false, true])
    it(`the neighbours in a batch are answered (${isAsync ? "a promise" : "at once"})`, async () => {
      const { batcher, calls } = failing(isAsync);
      const inputs = Array.from({ length: 16 }, (_, n) => rowsOfThree([[n === 5 ? -1 : n, 0, 0]]));
      const results = await Promise.allSettled(inputs.map((input) => batcher.submit([input])));
      expect(results.map(({ status }) => status === "rejected")).toEqual(inputs.map((_, n) => n === 5));
      for (const [n, result] of results.entries())
        if (result.status === "fulfilled") expect(result.value[0]?.data[0]).toBe(n);
      expect(calls()).toBe(9);
      expect(batcher.statistics).toMatchObject({ success: { count: 15 }, fail: { count: 1 } });
    });
});
