/** tfaot.Model: batches of any size through rules, nested and flat forms, every element type, and what it refuses. */
import { join } from "node:path";
import { describe, expect, expectTypeOf, it } from "vitest";
import { BatchedModel } from "../../../../framework/aot/tfaot/BatchedModel.js";
import { BatchStrategy } from "../../../../framework/aot/tfaot/BatchStrategy.js";
import type { FloatArrays, Int64Arrays, ModelDescriptor } from "../../../../framework/aot/tfaot/exports.js";
import { openModel } from "../../../../framework/aot/tfaot/openModel.js";
import { toPosted } from "../../../../framework/base/sharedForm.js";
import { compilerVersion, loadUnit } from "./fakeCompiler.js";
import { build, calc, descriptorOf, temporaryFolder, twice, writeModelFolder } from "./savedModels.js";

const folder = temporaryFolder();

interface Calc extends ModelDescriptor {
  readonly name: "calc";
  readonly inputs: readonly [
    { readonly name: "flag"; readonly dtype: "bool"; readonly shape: readonly [null, 2] },
    { readonly name: "scale"; readonly dtype: "float32"; readonly shape: readonly [] },
    { readonly name: "x"; readonly dtype: "float32"; readonly shape: readonly [null, 3] },
  ];
  readonly outputs: readonly [
    { readonly name: "big"; readonly dtype: "int64"; readonly shape: readonly [null, 2] },
    { readonly name: "negated"; readonly dtype: "bool"; readonly shape: readonly [null, 2] },
    { readonly name: "scores"; readonly dtype: "float64"; readonly shape: readonly [null, 2] },
    { readonly name: "small"; readonly dtype: "int32"; readonly shape: readonly [null, 2] },
  ];
}

const config = writeModelFolder(join(folder, "calc"), calc, "calc", "[1, 2, 4]");
build({ aotConfig: config, outputDirectory: join(folder, "out") });
const runtime = { loadUnit, compilerVersion };
const descriptor = descriptorOf(join(folder, "out"), "tfaot-model-calc") as Calc;
const newModel = (strategy?: BatchStrategy) =>
  new BatchedModel<Calc>(openModel(descriptor, runtime), strategy);

const x = [
  [1, 2, 3],
  [4, 5, 6],
  [7, 8, 9],
];
const flag = [
  [true, false],
  [false, false],
  [true, true],
];
const scores = [
  [8, 10],
  [20, 22],
  [32, 34],
];

function another(name: string, shape: readonly number[], sizes: string, output = shape) {
  const outputDirectory = join(folder, `${name}-out`);
  build({
    aotConfig: writeModelFolder(join(folder, name), twice(shape, output), name, sizes),
    outputDirectory,
  });
  return new BatchedModel<ModelDescriptor>(
    openModel(descriptorOf(outputDirectory, `tfaot-model-${name}`), runtime),
  );
}

describe("a compiled model", () => {
  it("knows its name and sizes", () => {
    expect(newModel().name()).toBe("calc");
    expect(newModel().batchSizes()).toEqual([1, 2, 4]);
    expect(descriptor.inputs).toEqual([
      { name: "flag", dtype: "bool", shape: [null, 2] },
      { name: "scale", dtype: "float32", shape: [] },
      { name: "x", dtype: "float32", shape: [null, 3] },
    ]);
    expect(descriptor.outputs.map(({ dtype, shape }) => [dtype, shape])).toEqual([
      ["int64", [null, 2]],
      ["bool", [null, 2]],
      ["float64", [null, 2]],
      ["int32", [null, 2]],
    ]);
  });

  it("runs on nested arrays", () => {
    const [big, negated, found, small] = newModel().run(3, flag, 2, x);
    expectTypeOf(big).toEqualTypeOf<Int64Arrays>();
    expectTypeOf(negated).toEqualTypeOf<boolean[][]>();
    expectTypeOf(found).toEqualTypeOf<FloatArrays>();
    expect(found).toEqual(scores);
    expect(negated).toEqual(flag.map((row) => row.map((value) => !value)));
    expect(small).toEqual([
      [1, 0],
      [0, 0],
      [1, 1],
    ]);
    expect(big).toEqual([
      [1n, 0n],
      [0n, 0n],
      [1n, 1n],
    ]);
  });

  it("runs on flat typed arrays of each kind", () => {
    const flags = Uint8Array.from(flag.flat(), Number);
    const results = newModel().run(3, flags, Float32Array.of(2), Float32Array.from(x.flat()));
    expectTypeOf(results).toEqualTypeOf<[BigInt64Array, Uint8Array, Float64Array, Int32Array]>();
    expect(results).toEqual([
      BigInt64Array.of(1n, 0n, 0n, 0n, 1n, 1n),
      Uint8Array.of(0, 1, 1, 1, 0, 0),
      Float64Array.from(scores.flat()),
      Int32Array.of(1, 0, 0, 0, 1, 1),
    ]);
    // Any other number is true, as in C.
    expect(newModel().run(1, Uint8Array.of(7, 0), 1, Float32Array.of(1, 2, 3))[3]).toEqual(
      Int32Array.of(1, 0),
    );
  });

  it("writes into arrays of the caller", () => {
    const outputs: [BigInt64Array, Uint8Array, Float64Array, Int32Array] = [
      new BigInt64Array(6),
      new Uint8Array(6),
      new Float64Array(6),
      new Int32Array(6),
    ];
    newModel().runInto(3, [Uint8Array.from(flag.flat(), Number), 2, Float32Array.from(x.flat())], outputs);
    expect(outputs[2]).toEqual(Float64Array.from(scores.flat()));
    const short = outputs.with(2, new Float64Array(5)) as typeof outputs;
    expect(() => newModel().runInto(3, [new Uint8Array(6), 1, new Float32Array(9)], short)).toThrow(
      expect.objectContaining({
        category: "OutputMismatch",
        message: "model 'calc' received 5 elements for result 2, but 6 are expected.",
      }),
    );
  });

  it("gives every row the same result by any rule, in results of its own", () => {
    const rows = Array.from({ length: 9 }, (_, i) => [i, 2 * i, -i]);
    const flags = rows.map((_, i) => [i % 2 === 0, false]);
    const expected = rows.map((row, i) => newModel().run(1, [flags[i]!], 2, [row])[2][0]);
    for (const rule of ["9:1,4,4", "9:4,4,4", "9:2,2,2,2,2", "9:4,4,1"]) {
      const model = newModel();
      model.setBatchRule(rule);
      const first = model.run(9, flags, 2, rows)[2];
      expect(first, rule).toEqual(expected);
      model.run(9, flags, 3, rows);
      expect(first, rule).toEqual(expected);
    }
  });

  it("writes zeros into the rows that pad", () => {
    const wrapper = openModel(descriptor, runtime);
    const model = newModel();
    model.setBatchRule(3, [4], 1);
    model.run(
      4,
      [
        [true, true],
        [true, true],
        [true, true],
        [true, true],
      ],
      1,
      [
        [9, 9, 9],
        [9, 9, 9],
        [9, 9, 9],
        [9, 9, 9],
      ],
    );
    model.run(3, flag, 1, x);
    expect([...(wrapper.argData(4, 2) as Float32Array)].slice(9)).toEqual([0, 0, 0]);
    expect([...(wrapper.argData(4, 0) as Uint8Array)].slice(6)).toEqual([0, 0]);
  });

  it("gives empty outputs for an empty batch", () => {
    expect(newModel().run(0, [], 1, [])).toEqual([[], [], [], []]);
    expect(newModel().run(0, new Uint8Array(0), 1, new Float32Array(0))[2]).toEqual(new Float64Array(0));
  });

  it("remembers a rule at the first run of a batch size", () => {
    const model = newModel();
    model.setBatchRule("3:2,2");
    expect(model.getBatchStrategy().hasRule(2)).toBe(false);
    model.run(2, flag.slice(0, 2), 1, x.slice(0, 2));
    expect(model.getBatchStrategy().getRule(2).sizes).toEqual([2]);
    expect(model.getBatchStrategy().hasRule(4)).toBe(false);
    expect(model.getBatchStrategy().getRule(3)).toMatchObject({ sizes: [2, 2], lastPadding: 1 });
  });

  it("copies the strategy it is given", () => {
    const strategy = new BatchStrategy();
    strategy.setRule("5:2,2,2");
    const model = newModel(strategy);
    strategy.setRule("5:1,4");
    expect(model.getBatchStrategy().getRule(5).sizes).toEqual([2, 2, 2]);
    expect(() => {
      strategy.setRule("8:8");
      model.setBatchStrategy(strategy);
    }).toThrow(expect.objectContaining({ category: "UnknownBatchSize" }));
  });
});

describe("rows of other shapes", () => {
  it("are flat in their row", () => {
    const model = another("deep", [-1, 2, 2], "[2]");
    expect(model.run(1, [[1, 2, 3, 4]])).toEqual([[[2, 4, 6, 8]]]);
  });

  it("have one element where there is only the batch", () => {
    const model = another("line", [-1], "[1, 4]");
    expect(model.run(3, [[1], [2], [3]])).toEqual([[[2], [4], [6]]]);
  });

  it("are of a fixed batch where the model was saved for one", () => {
    const model = another("fixed", [2, 3], "[2]");
    expect(model.run(1, [[1, 2, 3]])).toEqual([[[2, 4, 6]]]);
    expect(() => another("fixedotherwise", [2, 3], "[1, 2]")).toThrow(
      /it is saved for batch size 2 only \(x \[2,3\]\) and cannot be compiled for 1: save it with an unknown first/,
    );
  });

  it("need a batch dimension to be put together from several runs", () => {
    const model = another("scalar", [], "[1]");
    expect(model.run(1, 3)).toEqual([[6]]);
    expect(() => model.run(2, 3)).toThrow(
      "model 'scalar': output 'y' has no batch dimension, so it cannot be made by BatchRule(batchSize=2, " +
        "sizes=1,1, lastPadding=0); compile for batch size 2.",
    );
  });
});

describe("a call that does not fit", () => {
  type Given = readonly [number, ...unknown[]];
  const good = [flag, 1, x] as const;
  it.each<[Given, string, string]>([
    [[3, flag, 1], "InputMismatch", "received 2 inputs, but 3 are expected: flag, scale, x"],
    [[2, ...good], "InputMismatch", "received 3 rows for argument 0, but 2 are expected for batch size 2"],
    [
      [3, flag, 1, [...x.slice(1), [1, 2]]],
      "InputMismatch",
      "received 2 elements for argument 2, but 3 are expected",
    ],
    [[3, flag, [1, 2], x], "InputMismatch", "received 2 elements for argument 1, but 1 are expected"],
    [[3, flag, 1, 5], "InputMismatch", "received number 5 for argument 2 ('x'), but rows are expected"],
    [[1, [[true, true]], 1, [5]], "InputMismatch", "received number 5 as a row of argument 2 ('x')"],
    [
      [3, new Uint8Array(6), 1, new Float64Array(9)],
      "InputMismatch",
      "received a Float64Array for argument 2 ('x'), but a Float32Array is expected (float32)",
    ],
    [
      [3, new Uint8Array(6), 1, new Float32Array(8)],
      "InputMismatch",
      "received 8 elements for argument 2, but 9 are expected",
    ],
    [[-1, ...good], "UnknownBatchSize", "batch size -1 is no whole number from 0 on"],
  ])("is refused: %j", (given, category, message) => {
    const call = () => (newModel() as { run(...args: Given): unknown }).run(...given);
    expect(call).toThrow(expect.objectContaining({ category, message: expect.stringContaining(message) }));
  });

  it("is refused by the rule, with the sizes there are", () => {
    expect(() => newModel().setBatchRule("3:3")).toThrow(
      "model 'calc': BatchRule(batchSize=3, sizes=3, lastPadding=0) needs batch size 3; it is compiled for 1,2,4.",
    );
  });

  it("is refused by the wrapper", () => {
    const wrapper = openModel(descriptor, runtime);
    expect(wrapper.argCounts()).toEqual(
      new Map([
        [1, [2, 1, 3]],
        [2, [4, 1, 6]],
        [4, [8, 1, 12]],
      ]),
    );
    expect(wrapper.resultCountsNoBatch()).toEqual([2, 2, 2, 2]);
    expect(() => wrapper.argData(1, 3)).toThrow("model 'calc' has no argument 3; it has 3: flag, scale, x.");
    expect(() => wrapper.resultData(1, 4)).toThrow(expect.objectContaining({ category: "UnknownResult" }));
    expect(() => wrapper.run(3)).toThrow(
      /not compiled for batch size 3, only for 1,2,4; set a batch rule of these, or add it to batch_sizes/,
    );
  });

  it("is refused when the code itself fails, and is a failed run", () => {
    const failing = {
      loadUnit: (code: Parameters<typeof loadUnit>[0]) => ({
        ...loadUnit(code),
        run() {
          throw new Error("index 7 is not in [0, 4)");
        },
      }),
    };
    build({ aotConfig: config, outputDirectory: join(folder, "failing") });
    const wrapper = openModel(descriptorOf(join(folder, "failing"), "tfaot-model-calc"), failing);
    expect(() => wrapper.run(2)).toThrow(
      expect.objectContaining({
        category: "FailedRun",
        message: "model 'calc' failed for batch size 2: index 7 is not in [0, 4)",
      }),
    );
    expect(wrapper.runSilent(2)).toBe(false);
  });
});

it("a model is refused as a global cache, with the member and the remedy", () => {
  expect(() => toPosted({ model: newModel() }, "module 'scores' (MyPlugin)")).toThrow(
    /module 'scores' \(MyPlugin\): .*cache\.model is a tfaot\.Model.*make it a member of the plugin instance/,
  );
});
