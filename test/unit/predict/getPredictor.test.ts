import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { batchesOf } from "../../../framework/predict/batchesOf.js";
import { getPredictor } from "../../../framework/predict/getPredictor.js";
import { InferenceRunner } from "../../../framework/predict/InferenceRunner.js";
import { Calibration } from "../../../framework/predict/inferencers/Calibration.js";
import { RocCurve } from "../../../framework/predict/inferencers/RocCurve.js";
import { Tensor } from "../../../framework/tensorflow/Tensor.js";
import { towerContext } from "../../../framework/tensorflow/trace/towerContext.js";
import { heldoutJets, type Jets, slowAuc } from "./heldoutJets.js";
import { Random } from "./random.js";

/** Says in which context the model function runs; tensorpack's way to leave dropout out of inference. */
class Witness extends tfl.layers.Layer {
  static readonly className = "Witness";
  static readonly seen: boolean[] = [];

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    Witness.seen.push(towerContext().isTraining);
    return Array.isArray(inputs) ? (inputs[0] as tf.Tensor) : inputs;
  }
}

function tagger(): tfl.LayersModel {
  const init = (seed: number) => tfl.initializers.glorotUniform({ seed });
  const input = tfl.input({ shape: [5], name: "jets" });
  const hidden = tfl.layers
    .dense({ units: 16, activation: "tanh", name: "hidden", kernelInitializer: init(3) })
    .apply(input) as tfl.SymbolicTensor;
  const seen = new Witness({ name: "witness" }).apply(hidden) as tfl.SymbolicTensor;
  const score = tfl.layers
    .dense({ units: 1, activation: "sigmoid", name: "score", kernelInitializer: init(4) })
    .apply(seen) as tfl.SymbolicTensor;
  const model = tfl.model({ inputs: input, outputs: score });
  model.compile({ optimizer: tf.train.adam(0.02), loss: "binaryCrossentropy" });
  return model;
}

/** What the published tagger computes of the branches, each with mean 0 and width 1. */
function prepared({ data, shape }: Tensor<"float32">): Tensor<"float32"> {
  const count = shape[0] as number;
  const jets = Array.from({ length: count }, (_, jet) => {
    const [pt = 0, eta = 0, phi = 0, mass = 0, n = 0] = data.subarray(5 * jet, 5 * jet + 5);
    return [Math.log(pt), Math.abs(eta), phi, mass / pt, n];
  });
  const result = new Tensor("float32", shape);
  for (let c = 0; c < 5; c++) {
    const column = jets.map((features) => features[c] as number);
    const mean = column.reduce((a, b) => a + b, 0) / count;
    const sigma = Math.sqrt(column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / count);
    for (const [jet, x] of column.entries()) result.data[5 * jet + c] = (x - mean) / sigma;
  }
  return result;
}

/** The jets at these indices. */
function chosen({ input, isB }: Jets, jets: readonly number[]): Jets {
  const features = jets.flatMap((jet) => [...input.data.subarray(5 * jet, 5 * jet + 5)]);
  const truth = jets.map((jet) => isB.data[jet] as number);
  return {
    input: new Tensor("float32", [jets.length, 5], features),
    isB: new Tensor("float32", [jets.length], truth),
  };
}

describe("InferenceRunner in fit()", () => {
  const trainingCount = 2800;
  const epochs = 4;
  let train: Jets;
  let test: Jets;

  beforeAll(async () => {
    await tf.setBackend("cpu");
    const { input, isB } = await heldoutJets();
    const all = { input: prepared(input), isB };
    // The file's two runs are of different processes: both halves have jets of both.
    const order = new Random(11).shuffled([...isB.data.keys()]);
    train = chosen(all, order.slice(0, trainingCount));
    test = chosen(all, order.slice(trainingCount));
  });

  it("measures each epoch of a model that learns to tag jets, with the weights of the moment, not training", async () => {
    const model = tagger();
    const predictor = await getPredictor(model, ["jets"], ["score"]);
    const before = predictor(test.input)[0]?.data.slice() as Float32Array;
    const inferencers = [new RocCurve("score", "isB"), new Calibration("score", "isB")];
    const options = { predictor, inputNames: ["input"], outputNames: ["score"] };
    const runner = new InferenceRunner(batchesOf({ ...test }, 300), inferencers, options);
    const slow: number[] = [];
    const inFit: boolean[] = [];
    const check = new tfl.CustomCallback({
      onEpochEnd: async () => {
        const now = model.predict(tf.tensor(test.input.data, [test.isB.data.length, 5])) as tf.Tensor;
        slow.push(slowAuc(now.dataSync(), test.isB.data));
      },
      onBatchBegin: async () => {
        Witness.seen.length = 0;
      },
      onBatchEnd: async () => {
        inFit.push(...Witness.seen);
      },
    });
    const tensorCount = tf.memory().numTensors;
    await runner.run();
    expect(tf.memory().numTensors).toBe(tensorCount);
    Witness.seen.length = 0;
    const { history } = await model.fit(
      tf.tensor(train.input.data, [trainingCount, 5]),
      tf.tensor(train.isB.data, [trainingCount, 1]),
      {
        epochs,
        batchSize: 64,
        shuffle: false,
        verbose: 0,
        callbacks: [new tfl.CustomCallback(runner.asCallback()), check],
      },
    );
    expect(history.val_auc).toEqual(slow);
    expect(history.val_ece).toHaveLength(epochs);
    const found = history.val_auc as number[];
    expect(found[0]).not.toBe(found[1]);
    expect(slowAuc(before, test.isB.data)).toBeLessThan(0.6);
    expect(found.at(-1)).toBeGreaterThan(0.68);
    expect(inFit.length).toBe(epochs * Math.ceil(trainingCount / 64));
    expect(inFit.every((isTraining) => isTraining)).toBe(true);
    Witness.seen.length = 0;
    await runner.run();
    expect(Witness.seen).toEqual(Array.from({ length: Math.ceil(test.isB.data.length / 300) }, () => false));
    expect(towerContext().isTraining).toBe(false);
  });

  it("gives its scalars to callbacks that come later, and may be a plain object among plain ones", async () => {
    const model = tagger();
    const predictor = await getPredictor(model);
    const options = { predictor, inputNames: ["input"], outputNames: ["score"] };
    const runner = new InferenceRunner(batchesOf({ ...test }, 500), new RocCurve("score", "isB"), options);
    const seen: unknown[] = [];
    const x = tf.tensor(train.input.data, [trainingCount, 5]);
    const y = tf.tensor(train.isB.data, [trainingCount, 1]);
    const plain = { onEpochEnd: async (_: number, logs?: tfl.Logs) => void seen.push(logs?.val_auc) };
    await model.fit(x, y, { epochs: 1, verbose: 0, callbacks: [runner.asCallback(), plain] });
    expect(seen).toEqual([expect.any(Number)]);
    const stop = tfl.callbacks.earlyStopping({ monitor: "val_auc", mode: "max", minDelta: 1, patience: 0 });
    const callbacks = [new tfl.CustomCallback(runner.asCallback()), stop];
    const { epoch } = await model.fit(x, y, { epochs: 9, verbose: 0, callbacks });
    expect(epoch.length).toBeLessThan(9);
  });
});

describe("getPredictor", () => {
  const input = new Tensor(
    "float32",
    [3, 5],
    Array.from({ length: 15 }, (_, i) => Math.sin(i)),
  );
  beforeAll(() => tf.setBackend("cpu"));

  it("gives inner layers and outputs, in the order asked for, with the weights that are set", async () => {
    const model = tagger();
    const predictor = await getPredictor(model, ["jets"], ["score", "hidden"]);
    const compare = () => {
      const [score, hidden] = predictor(input);
      const expected = model.predict(tf.tensor(input.data, [3, 5])) as tf.Tensor;
      expect(score?.shape).toEqual([3, 1]);
      expect(hidden?.shape).toEqual([3, 16]);
      expect(score?.data).toEqual(expected.dataSync());
      return Array.from(hidden?.as("float32") ?? []);
    };
    const before = compare();
    const kernel = model.getLayer("hidden").getWeights()[0] as tf.Tensor;
    model.getLayer("hidden").setWeights([tf.mul(kernel, 2), tf.ones([16])]);
    expect(compare()).not.toEqual(before);
  });

  it("works for a Sequential model, and for several inputs", async () => {
    const sequential = tfl.sequential({
      layers: [
        tfl.layers.dense({ units: 2, inputShape: [5], name: "first" }),
        tfl.layers.softmax({ name: "last" }),
      ],
    });
    const [last, first] = (await getPredictor(sequential, undefined, ["last", "first"]))(input);
    const expected = sequential.predict(tf.tensor(input.data, [3, 5])) as tf.Tensor;
    expect(last?.data).toEqual(expected.dataSync());
    expect(first?.shape).toEqual([3, 2]);
    const [a, b] = ["a", "b"].map((name) => tfl.input({ shape: [1], name })) as [
      tfl.SymbolicTensor,
      tfl.SymbolicTensor,
    ];
    const sum = tfl.layers.add({ name: "sum" }).apply([a, b]) as tfl.SymbolicTensor;
    const twice = tfl.layers.add({ name: "twice" }).apply([a, a]) as tfl.SymbolicTensor;
    const model = tfl.model({ inputs: [a, b], outputs: [sum, twice] });
    const one = (value: number) => new Tensor("float32", [1, 1], [value]);
    const swapped = await getPredictor(model, ["b", "a"], ["twice", "sum"]);
    expect(swapped(one(10), one(3)).map(({ data }) => data[0])).toEqual([6, 13]);
    const alone = await getPredictor(model, ["a"], ["twice"]);
    expect(alone(one(4)).map(({ data }) => data[0])).toEqual([8]);
    await expect(getPredictor(model, ["a"], ["sum"])).rejects.toThrow(
      /cannot be computed from 'a'.*inputs are 'a', 'b'/,
    );
  });

  it("refuses a model that was never built", async () => {
    await expect(getPredictor(tfl.sequential())).rejects.toThrow(
      /never built.*its first layer an inputShape/s,
    );
  });

  it("says which name or value is wrong", async () => {
    const model = tagger();
    await expect(getPredictor(model, ["jet"])).rejects.toThrow(
      "the model has no input 'jet'; did you mean 'jets'?",
    );
    await expect(getPredictor(model, ["jets"], ["scores"])).rejects.toThrow(
      "the model has no layer 'scores'; did you mean 'score'?",
    );
    await expect(getPredictor(model, ["jets"], [])).rejects.toThrow("outputNames is empty");
    const predictor = await getPredictor(model);
    expect(() => predictor()).toThrow("the predictor takes 1 inputs, 'jets'; 0 are given");
    expect(() => predictor(new Tensor("float64", [3, 5]))).toThrow(
      "input 'jets' is float64; tfjs has float32",
    );
    expect(predictor(new Tensor("float32", [0, 5]))).toEqual([]);
  });
});
