import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import "../../../../framework/aot/engine/register.js";
import { createRunner, Runner } from "../../../../framework/serving/runner/Runner.js";
import type { RunnerOptions } from "../../../../framework/serving/runner/runnerOptions.js";
import { runnerModels } from "../../../../framework/serving/runner/runnerModel.js";
import type { MethodSignature } from "../../../../framework/serving/runner/methodSignatures.js";
import { asTensor } from "../../../../framework/tensorflow/asTensor.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";

const models = join(import.meta.dirname, "../models");
const expected = JSON.parse(readFileSync(join(models, "expected.json"), "utf8"));
const plain: MethodSignature = { batchable: false, batchDim: [0, 0] };
const batched: MethodSignature = { batchable: true, batchDim: [0, 0] };

const model = <M extends string>(name: string, signatures: Record<M, MethodSignature>) => ({
  path: join(models, name),
  signatures,
});
const runnerOf = (name: string, signature = plain, options: RunnerOptions = {}) =>
  new Runner(model(name, { __call__: signature }), {
    inference: { engine: "reference" },
    ...options,
  }).initLocal();
const methods = (options: RunnerOptions = {}) =>
  createRunner(model("methods", { count: plain, pair: batched, difference: batched, scaled: plain }), {
    inference: { engine: "reference" },
    ...options,
  }).initLocal();
const tensor = ({ dtype, shape, data }: (typeof expected)["native"]) =>
  new Tensor(dtype, shape, dtype === "int64" ? data.map(BigInt) : data);

describe("a runner of a SavedModel", () => {
  it("gives 15.0 for tensors, typed arrays and nested arrays", async () => {
    const runner = runnerOf("native", batched);
    const [row] = [[1, 2, 3, 4, 5]];
    expect(runner.run([row])).toEqual([[15]]);
    expect(runner.run(new Float64Array(row))).toEqual(new Tensor("float64", [1, 1], [15]));
    expect(runner.run(asTensor([row], { dtype: "float64" }))).toEqual(new Tensor("float64", [1, 1], [15]));
    expect(await runner.asyncRun([row, row])).toEqual([[15], [15]]);
    expect((await runner.asyncRun([row]))[0]).toEqual([15]);
    await runner.close();
  });

  it("keeps the function's order of arguments, which is not the alphabet's", () => {
    const x = [[1, 2, 3, 4, 5]];
    const runner = runnerOf("multi_input");
    expect(runner.run(x, x, 3)).toEqual([[60]]);
    const twice = [[2, 4, 6, 8, 10]];
    expect(runner.run(x, twice, 3)).toEqual([expected.multi_input.data]);
    expect(runner.run({ factor: 3, x1: twice, x2: x })).toEqual([[105]]);
    expect(runner.run(x, { factor: 3, x1: twice })).toEqual([[105]]);
    expect(() => runner.run(x, x)).toThrow("'factor' is missing; the arguments are 'x2', 'x1', 'factor'");
    expect(() => runner.run(x, x, 3, 4)).toThrow("4 arguments are given, 3 are taken by position");
    expect(() => runner.run(x, x, { factr: 3 })).toThrow(
      "there is no argument 'factr'; did you mean 'factor'?",
    );
    expect(() => runner.run(x, x, 3, { x1: x })).toThrow("'x1' is given twice");
  });

  it("gives no rows for no rows", async () => {
    const none = new Tensor("float64", [0, 5], []);
    const runner = runnerOf("native", batched);
    expect(await runner.asyncRun(none)).toEqual(new Tensor("float64", [0, 1], []));
    const [served] = await runnerModels(runner);
    expect(await served?.infer([none])).toEqual([
      { dtype: "float64", shape: [0, 1], data: new Float64Array(0) },
    ]);
    const partial = runnerOf("multi_input", batched, { partialKwargs: { __call__: { factor: 3 } } });
    expect(partial.run(none, none)).toEqual(new Tensor("float64", [0, 1], []));
  });

  it("gives partial arguments in every call, and batches the others", async () => {
    const partialKwargs = { __call__: { factor: 3 } };
    const runner = runnerOf("multi_input", batched, { partialKwargs });
    const x = [[1, 2, 3, 4, 5]];
    expect(runner.run(x, x)).toEqual([[60]]);
    const answers = await Promise.all([1, 2, 3].map(() => runner.asyncRun(x, x)));
    expect(answers).toEqual([[[60]], [[60]], [[60]]]);
    expect(runner.mainMethod.statistics).toMatchObject({ executionCount: 2, inferenceCount: 4 });
    expect(runner.mainMethod.inputs.map(({ name }) => name)).toEqual(["x2", "x1"]);
    const saved = {
      ...model("multi_input", { __call__: plain }),
      info: { options: { partial_kwargs: partialKwargs } },
    };
    expect(new Runner(saved).initLocal().run(x, x)).toEqual([[60]]);
    expect(new Runner(saved, { partialKwargs: { __call__: { factor: 2 } } }).initLocal().run(x, x)).toEqual([
      [45],
    ]);
    expect(() => runnerOf("multi_input", plain, { partialKwargs: { __call__: { fctor: 3 } } })).toThrow(
      "there is no argument 'fctor'; did you mean 'factor'?",
    );
  });

  it("has a method for each signature, with what its function takes and gives", async () => {
    const runner = methods();
    const [x, y] = [
      [
        [1, 2],
        [3, 4],
      ],
      [
        [10, 20],
        [30, 40],
      ],
    ];
    const [a, b] = [asTensor(x), asTensor(y)];
    expect(runner.count.run([[1, 2, 3, 4, 2 ** 53]])).toEqual(
      expected.methods.count.data.map((n: number) => String(BigInt(n))),
    );
    expect(runner.count.run(new BigInt64Array([1n, 2n, 3n, 4n, 2n ** 53n]))).toEqual(
      tensor(expected.methods.count),
    );
    expect(runner.pair.run<Tensor[]>(a)).toEqual(expected.methods.pair.map(tensor));
    const { difference, a_sum } = expected.methods.difference;
    expect(await runner.difference.asyncRun(a, b)).toEqual({
      difference: tensor(difference),
      a_sum: tensor(a_sum),
    });
    expect(await runner.difference.asyncRun({ second: b, first: a })).toMatchObject({
      difference: tensor(difference),
    });
    expect(await runner.difference.asyncRun({ a_second: b, z_first: a })).toMatchObject({
      a_sum: tensor(a_sum),
    });
    const bias = asTensor([
      [1000, 2000],
      [3000, 4000],
    ]);
    expect(runner.scaled.run(a, b, { gain: 3, bias })).toEqual(tensor(expected.methods.scaled));
    expect(() => runner.scaled.run(a, b, bias, 3)).toThrow("4 arguments are given, 2 are taken by position");
    expect(() => runner.run(a)).toThrow("runner 'methods' has no method '__call__'");
    expect(() => runner.method("pairs")).toThrow("no method 'pairs'; did you mean 'pair'?");
  });

  it("runs a Keras model as TensorFlow does", () => {
    const { data } = expected.keras_dense;
    const x = Float64Array.from({ length: 10 }, (_, i) => i / 4);
    const outputs = runnerOf("keras_dense").run(x).as("float64");
    for (const [i, value] of outputs.entries()) expect(value).toBeCloseTo(data[i], 14);
  });

  it("gives no rows for none, of the shape that rows would have", async () => {
    const none = new Tensor("float64", [0, 5], []);
    for (const engine of ["reference", "compiled"])
      for (const signature of [plain, batched]) {
        const runner = runnerOf("native", signature, { inference: { engine } });
        const nothing = { dtype: "float64", shape: [0, 1], data: new Float64Array(0) };
        expect(runner.run(none)).toMatchObject(nothing);
        expect(await runner.asyncRun(none)).toMatchObject(nothing);
        await runner.close();
      }
  });

  it("is initialised once, and before it is run", async () => {
    const runner = new Runner(model("native", { __call__: plain }));
    expect(() => runner.run([[1]])).toThrow(expect.objectContaining({ category: "StateException" }));
    runner.initLocal();
    expect(() => runner.initLocal()).toThrow("Runner already initialized");
    await runner.close();
    expect(() => runner.run([[1]])).toThrow("not initialized");
  });

  it("refuses names, options and methods that it does not know", () => {
    const make = (options: object) => () => new Runner(model("native", { __call__: plain }), options);
    expect(new Runner(model("native", { __call__: plain }), { name: "MyModel" }).name).toBe("mymodel");
    expect(make({ name: "my model" })).toThrow("'my model' is no name for a runner");
    expect(make({ maxBatchsize: 3 })).toThrow("unknown option 'maxBatchsize'; did you mean 'maxBatchSize'?");
    expect(make({ methodConfigs: { predict: {} } })).toThrow(
      "methodConfigs: unknown method 'predict'; known: '__call__'",
    );
    expect(make({ inference: { engin: "compiled" } })).toThrow(
      "inference: unknown option 'engin'; did you mean 'engine'?",
    );
    expect(() => new Runner(model("native", { __call__: { batchdim: 1 } as never }))).toThrow(
      "runner 'native': signature '__call__': unknown key 'batchdim'; did you mean 'batchDim'?",
    );
    expect(new Runner(model("native", { __call__: {} as never })).initLocal().mainMethod.batchable).toBe(
      false,
    );
    for (const nothing of [undefined, 42, "data/models", class {}])
      expect(() => new Runner(nothing as never)).toThrow("a runner is of a model, models.get(TAG) or");
    expect(make({ methodConfigs: { __call__: { latency: 1 } } })).toThrow("unknown option 'latency'");
    expect(() => new Runner(model("methods", { pairs: plain })).initLocal()).toThrow(
      /no method 'pairs'; did you mean 'pair'/,
    );
  });
});

describe("batching", () => {
  for (const engine of ["reference", "compiled"])
    it(`makes one call of two clients' rows, also where the model was saved for one row (${engine})`, async () => {
      const runner = createRunner(model("methods", { count: batched }), {
        inference: { engine },
      }).initLocal();
      const { count } = runner;
      expect(count.inputs).toEqual([{ name: "input", dtype: "int64", shape: [-1, 5] }]);
      const answers = await Promise.all([
        runner.asyncRun([[1, 2, 3, 4, 5]]),
        runner.asyncRun([[6, 7, 8, 9, 0]]),
      ]);
      expect(answers).toEqual([[15], [30]]);
      expect(count.statistics).toMatchObject({ executionCount: 1, inferenceCount: 2, success: { count: 2 } });
      expect([...count.statistics.batches.keys()]).toEqual([2]);
      await runner.close();
    });

  it("is one call a request where the method is not batchable", async () => {
    const runner = methods();
    const answers = await Promise.all(
      [[[1, 2, 3, 4, 5]], [[6, 7, 8, 9, 0]]].map((x) => runner.count.asyncRun(x)),
    );
    expect(answers).toEqual([[15], [30]]);
    expect(runner.count.statistics).toMatchObject({ executionCount: 2, inferenceCount: 2 });
  });

  it("gives a row the same bits in any batch of the compiled engine", async () => {
    const options = { inference: { engine: "compiled" }, maxBatchSize: 6 };
    const runner = new Runner(model("keras_dense", { __call__: batched }), options).initLocal();
    const rows = Array.from({ length: 40 }, (_, r) =>
      Float64Array.from({ length: 5 }, (_, i) => Math.sin(7 * r + i)),
    );
    const alone = rows.map((row) => runner.run(row).data);
    const together = await Promise.all(rows.map((row) => runner.asyncRun(row)));
    expect(together.map(({ data }) => data)).toEqual(alone);
    expect([...runner.mainMethod.statistics.batches.keys()].sort()).toEqual([1, 4, 6]);
    await runner.close();
  });

  it("takes the limits of single methods", async () => {
    const runner = methods({ methodConfigs: { pair: { maxBatchSize: 2 } } });
    const x = asTensor([[1, 2]]);
    await Promise.all([1, 2, 3, 4, 5].map(() => runner.pair.asyncRun(x)));
    expect(runner.pair.statistics.executionCount).toBe(3);
    await Promise.all([1, 2, 3, 4, 5].map(() => runner.difference.asyncRun(x, x)));
    expect(runner.difference.statistics.executionCount).toBe(1);
  });
});

describe("a user's own class", () => {
  class Mean {
    static readonly methods = {
      predict: { batchable: true, inputs: [{ name: "x", dtype: "float32", shape: [-1, 2] }] as const },
      both: { inputs: [{ name: "x", dtype: "float32", shape: [2] }] as const },
      later: { batchable: true },
    };
    readonly sizes: number[] = [];

    predict(x: Tensor<"float32">): number[][] {
      return Array.from({ length: x.shape[0] as number }, (_, row) => [
        ((x.data[2 * row] ?? 0) + (x.data[2 * row + 1] ?? 0)) / 2,
      ]);
    }

    both(x: Tensor): object {
      return { same: x, double: (x.data as Float32Array).map((value) => 2 * value) };
    }

    async later(x: Tensor): Promise<Tensor[]> {
      await new Promise((resolve) => setTimeout(resolve, 2));
      return [x, x];
    }
  }

  it("is run, batched and served as a model is", async () => {
    const runner = createRunner(Mean).initLocal();
    expect(runner.name).toBe("mean");
    expect(
      runner.predict.run([
        [1, 2],
        [3, 4],
      ]),
    ).toEqual([[1.5], [3.5]]);
    const answers = await Promise.all([runner.predict.asyncRun([[1, 2]]), runner.predict.asyncRun([[5, 6]])]);
    expect(answers).toEqual([[[1.5]], [[5.5]]]);
    expect(runner.predict.statistics.executionCount).toBe(2);
    expect(runner.both.run([1, 2])).toEqual({ same: [1, 2], double: [2, 4] });
    expect(await Promise.all([1, 2].map((n) => runner.later.asyncRun([n])))).toEqual([
      [[1], [1]],
      [[2], [2]],
    ]);
    expect(runner.later.statistics.executionCount).toBe(1);
    const served = await runnerModels(runner);
    expect(served.map(({ name, maxBatchSize }) => [name, maxBatchSize])).toEqual([
      ["mean.predict", 100],
      ["mean.both", 0],
      ["mean.later", 100],
    ]);
    const [output] = (await served[0]?.infer([new Tensor("float32", [1, 2], [3, 5])])) ?? [];
    expect(output).toMatchObject({ shape: [1, 1], data: Float32Array.of(4) });
  });

  it("may give anything that can be waited for", async () => {
    class Lazy {
      static readonly methods = { predict: {} };
      predict(x: Tensor): PromiseLike<Tensor> {
        const promise = Promise.resolve(x);
        // biome-ignore lint/suspicious/noThenProperty: libraries of queries have such objects
        return { then: (use, fail) => promise.then(use, fail) };
      }
    }
    const runner = createRunner(Lazy).initLocal();
    expect(await runner.predict.asyncRun([1])).toEqual([1]);
    expect(await runner.predict.run([2])).toEqual([2]);
  });

  it("is closed once, when what it has accepted is answered", async () => {
    const log: string[] = [];
    class Slow {
      static readonly methods = { predict: {}, other: { batchable: true } };
      async predict(x: Tensor): Promise<Tensor> {
        await new Promise((resolve) => setTimeout(resolve, 20));
        log.push("answered");
        return x;
      }
      other(x: Tensor): Tensor {
        return x;
      }
      close(): void {
        log.push("closed");
      }
    }
    const runner = createRunner(Slow).initLocal();
    const answer = runner.predict.asyncRun([1]);
    await runner.close();
    expect(log).toEqual(["answered", "closed"]);
    expect(await answer).toEqual([1]);
  });

  it("must have the methods that it names", () => {
    class Wrong {
      static readonly methods = { predict: {} };
      readonly other = 1;
    }
    expect(() => createRunner(Wrong).initLocal()).toThrow("the class has no method 'predict'");
    for (const [options, why] of [
      [{ batchabel: true }, "unknown key 'batchabel'; did you mean 'batchable'?"],
      [{ rows: 1 }, "there is 'batchable', 'inputs', 'outputs' and 'batchDim'."],
      [{ batchable: "yes" }, 'batchable is "yes"; it is true or false.'],
      [{ batchDim: -1 }, "batchDim is -1; it is a dimension"],
    ] as const) {
      class Misspelt {
        static readonly methods = { predict: options as never };
        predict(): void {}
      }
      expect(() => createRunner(Misspelt).initLocal()).toThrow(why);
    }
  });
});

describe("served models", () => {
  it("have the runner's name, and its inputs in order", async () => {
    const runner = new Runner(model("multi_input", { __call__: batched }), {
      inference: { engine: "compiled" },
      partialKwargs: { __call__: { factor: 2 } },
      maxBatchSize: 8,
    });
    const [served] = await runnerModels(runner);
    expect(served).toMatchObject({
      name: "multi_input",
      version: "1",
      platform: "tensorflow_savedmodel",
      maxBatchSize: 8,
      inputs: [
        { name: "x2", dtype: "float64", shape: [-1, 5] },
        { name: "x1", dtype: "float64", shape: [-1, 5] },
      ],
      outputs: [{ name: "output_0", dtype: "float64", shape: [-1, 1] }],
      statistics: { executionCount: 0 },
    });
    const x = new Tensor("float64", [1, 5], [1, 2, 3, 4, 5]);
    expect((await served?.infer([x, x]))?.[0]).toMatchObject({ shape: [1, 1], data: Float64Array.of(45) });
    await expect(served?.infer([x, x], performance.now() - 1)).rejects.toMatchObject({
      category: "RequestTimeout",
    });
    await served?.close();
    await expect(served?.infer([x, x])).rejects.toMatchObject({ category: "ServerBusy" });
  });

  it("keep deadlines where requests are not batched; what is late counts until it ends", async () => {
    let ended = 0;
    class Slow {
      static readonly methods = { predict: {} };
      async predict(x: Tensor): Promise<Tensor> {
        await new Promise((resolve) => setTimeout(resolve, 100));
        ended++;
        return x;
      }
    }
    const [served] = await runnerModels(createRunner(Slow, { maxQueuedRows: 2 }));
    const x = new Tensor("float32", [1], [1]);
    const results = await Promise.allSettled([
      served?.infer([x], performance.now() + 20),
      served?.infer([x]),
      served?.infer([x]),
    ]);
    expect(
      results.map((result) => (result.status === "rejected" ? result.reason.category : "answered")),
    ).toEqual(["RequestTimeout", "answered", "ServerBusy"]);
    expect(served?.statistics).toMatchObject({ success: { count: 1 }, fail: { count: 1 } });
    const late = [0, 1].map(() => served?.infer([x], performance.now() + 5));
    for (const { status } of await Promise.allSettled(late)) expect(status).toBe("rejected");
    expect(ended).toBe(2);
    await expect(served?.infer([x])).rejects.toMatchObject({ category: "ServerBusy" });
    await served?.close();
    expect(ended).toBe(4);
  });
});
