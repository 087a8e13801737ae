import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { batchesOf } from "../../../framework/predict/batchesOf.js";
import { InferenceRunner } from "../../../framework/predict/InferenceRunner.js";
import type { NamedTensors } from "../../../framework/predict/Inferencer.js";
import { RocCurve } from "../../../framework/predict/inferencers/RocCurve.js";
import { ScalarStats } from "../../../framework/predict/inferencers/ScalarStats.js";
import { loadGraph } from "../../../framework/tensorflow/savedmodel/SavedModel.js";
import { createSession, type Session } from "../../../framework/tensorflow/Session.js";
import { Tensor, type TensorLike } from "../../../framework/tensorflow/Tensor.js";
import { towerContext } from "../../../framework/tensorflow/trace/towerContext.js";
import { heldoutJets, type Jets, root, slowAuc } from "./heldoutJets.js";

const vector = (...values: number[]) => new Tensor("float32", [values.length], values);
const sample = { x: vector(1, 2, 3, 4, 5), y: vector(0, 0, 1, 1, 1) };
const double = (x: TensorLike) => [vector(...Array.from(x.data as Float32Array, (value) => 2 * value))];

describe("a runner", () => {
  it("measures batches as they are when there is no model", async () => {
    const runner = new InferenceRunner(batchesOf(sample, 2), new ScalarStats(["x", "y"], "v"));
    expect((await runner.run()).scalars).toEqual({ v_x: 3, v_y: 3 / 5 });
  });

  it("takes a function, an object that predicts, or one that answers later", async () => {
    const predictors = [
      double,
      { predict: double },
      async (x: TensorLike) => double(x),
      { predict: async (x: TensorLike) => double(x) },
    ];
    for (const predictor of predictors) {
      const options = { predictor, inputNames: ["x"], outputNames: ["twice"] };
      const runner = new InferenceRunner(batchesOf(sample, 2), [new ScalarStats("twice")], options);
      expect((await runner.run()).scalars).toEqual({ validation_twice: 6 });
    }
  });

  it("starts anew at each run, from a list or a function that opens the sample", async () => {
    async function* opened() {
      for (const batch of batchesOf(sample, 3)) yield await Promise.resolve(batch);
    }
    for (const input of [[...batchesOf(sample, 2)], opened, () => batchesOf(sample, 4)]) {
      const runner = new InferenceRunner(input, new ScalarStats("x"));
      expect(await runner.run()).toEqual(await runner.run());
    }
    const once = new InferenceRunner(opened(), new ScalarStats("x"));
    await once.run();
    await expect(once.run()).rejects.toThrow("the sample gave no rows. Give a list, or a function");
  });

  it("passes over batches without rows", async () => {
    const empty: NamedTensors = { x: vector() };
    const options = {
      predictor: (x: TensorLike) => (x.shape[0] === 0 ? [] : double(x)),
      inputNames: ["x"],
      outputNames: ["twice"],
    };
    const runner = new InferenceRunner([empty, { x: vector(4) }, empty], new ScalarStats("twice"), options);
    expect((await runner.run()).scalars).toEqual({ validation_twice: 8 });
  });

  it("never trains", async () => {
    const seen: boolean[] = [];
    const predictor = async (x: TensorLike) => {
      seen.push(towerContext().isTraining);
      await Promise.resolve();
      seen.push(towerContext().isTraining);
      return double(x);
    };
    const runner = new InferenceRunner([sample], new ScalarStats("o"), {
      predictor,
      inputNames: ["x"],
      outputNames: ["o"],
    });
    const callback = runner.asCallback();
    await callback.onTrainBegin();
    expect(towerContext().isTraining).toBe(true);
    const logs = { loss: 1 };
    await callback.onEpochEnd(0, logs);
    expect(logs).toEqual({ loss: 1, validation_o: 6 });
    expect(towerContext().isTraining).toBe(true);
    await callback.onTrainEnd();
    expect(towerContext().isTraining).toBe(false);
    expect(seen).toEqual([false, false]);
  });

  it("that fails in an epoch does not leave training on", async () => {
    const callback = new InferenceRunner([{ x: vector(1) }], new ScalarStats("gone")).asCallback();
    await callback.onTrainBegin();
    await expect(callback.onEpochEnd(0, {})).rejects.toThrow("there is no tensor 'gone'");
    expect(towerContext().isTraining).toBe(false);
  });

  it("says what is missing or odd", async () => {
    const names = { inputNames: ["x"], outputNames: ["a", "b"] };
    const make = (options: object, input: NamedTensors[] = [sample]) =>
      new InferenceRunner(input, new ScalarStats("a"), options);
    expect(() => make({ predictor: double })).toThrow("inputNames and outputNames are needed");
    await expect(make({ predictor: double, ...names }).run()).rejects.toThrow(
      "the predictor gave 1 tensors for outputNames 'a', 'b'",
    );
    await expect(make({ predictor: double, ...names, inputNames: ["z"] }).run()).rejects.toThrow(
      "a batch has no tensor 'z'; it has 'x', 'y'",
    );
    await expect(make({}, [{ a: vector(1), b: vector(1, 2) }]).run()).rejects.toThrow(
      "in one batch 'a' has 1 rows and 'b' 2",
    );
    expect(() => new InferenceRunner([], [new ScalarStats("a"), new ScalarStats("a")])).toThrow(
      "two inferencers give 'validation_a'",
    );
  });
});

describe("batchesOf", () => {
  it("cuts rows, the last batch being shorter", () => {
    const matrix = new Tensor("int32", [3, 2], [1, 2, 3, 4, 5, 6]);
    const cut = [...batchesOf({ matrix, v: vector(1, 2, 3) }, 2)];
    expect(cut.map(({ matrix: m }) => [m?.shape, Array.from((m?.data ?? []) as Int32Array)])).toEqual([
      [
        [2, 2],
        [1, 2, 3, 4],
      ],
      [
        [1, 2],
        [5, 6],
      ],
    ]);
    expect(cut[1]?.v?.shape).toEqual([1]);
  });

  it("refuses what has no rows in common, and batches of no size", () => {
    expect(() => batchesOf({ a: vector(1), b: vector(1, 2) }, 1)).toThrow("'b' has 2 rows, 'a' 1");
    expect(() => batchesOf({ a: vector(1), b: new Tensor("float32", [], [1]) }, 1)).toThrow(
      "'b' has no rows",
    );
    expect(() => batchesOf(sample, 0)).toThrow("a batch cannot have 0 rows");
  });
});

describe("the jet tagger's session", () => {
  let jets: Jets;
  let session: Session;
  beforeAll(async () => {
    jets = await heldoutJets();
    session = createSession(loadGraph(join(root, "data/models/jet_btag/graph.pb")), { engine: "reference" });
  });

  it("has the published area under the curve, the same bits with any batch size", async () => {
    const [scores] = session.run({ input: jets.input }, ["output"]);
    const expected = slowAuc(scores?.data as Float32Array, jets.isB.data);
    expect(expected).toBeCloseTo(0.68446, 6);
    for (const batchSize of [3588, 1000, 17]) {
      const options = { session, inputNames: ["input"], outputNames: ["output"] };
      const roc = new RocCurve("output", "isB");
      const runner = new InferenceRunner(batchesOf({ ...jets }, batchSize), roc, options);
      expect((await runner.run()).scalars.val_auc).toBe(expected);
    }
  });
});
