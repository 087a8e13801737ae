/** Predictors on a small network and on functions written here: what they compute, in which order, and what they refuse. */
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { describe, expect, it } from "vitest";
import {
  concreteFunction,
  EventDataset,
  FeedfreePredictor,
  InferenceRunner,
  MultiThreadDatasetPredictor,
  MultiThreadPredictor,
  OfflinePredictor,
  PredictConfig,
  type PredictOptions,
  RocCurve,
  SimpleDatasetPredictor,
  Tensor,
  TensorSpec,
} from "#framework";

const root = join(import.meta.dirname, "..", "..", "..");
const graphPath = join(root, "data", "models", "jet_btag", "graph.pb");
const jets = join(root, "data", "samples", "jets_heldout.root");
const features = { product: "Jet", columns: ["pt", "eta", "phi", "mass", "nConstituents"] };
const btag = () => new PredictConfig({ model: graphPath, outputNames: ["output"] });

/** CMSSW's example graph, output = (input · ones + 1) · scale, and the sum over all rows. */
const model = await concreteFunction(
  (input: tf.Tensor2D, scale: tf.Scalar) => {
    const matmul = tf.matMul(input, tf.ones([10, 1]));
    return { output: tf.mul(tf.add(matmul, 1), scale), matmul, total: tf.sum(matmul) };
  },
  [new TensorSpec([null, 10], "float32", "input"), new TensorSpec([], "float32", "scale")],
);
const constantConfig = (options: Partial<PredictOptions<false>> = {}) =>
  new PredictConfig({ model, outputNames: ["output"], inputNames: ["input", "scale"], ...options });
const withInput = new PredictConfig({ model, outputNames: ["matmul"], returnInput: true });
const sumConfig = (...outputNames: string[]) => new PredictConfig({ model, outputNames });
const digits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

/** The elements of the first output. */
const numbers = ([output]: readonly Tensor[]) => [...(output as Tensor<"float32">).data];

describe("OfflinePredictor", () => {
  it("takes nested arrays, typed arrays and tensors in the order of inputNames", async () => {
    const predictor = await OfflinePredictor.create(constantConfig());
    for (const input of [[digits], new Float32Array(digits), new Tensor("float32", [1, 10], digits)])
      expect(predictor.predict(input, 1)[0]?.data[0]).toBe(46);
    expect(numbers(predictor.predict([digits, digits], 2))).toEqual([92, 92]);
    predictor.close();
    const swapped = await OfflinePredictor.create(constantConfig({ inputNames: ["scale", "input:0"] }));
    expect(swapped.predict(3, [digits])[0]?.data[0]).toBe(138);
  });

  it("gives inner tensors too, in the order of outputNames", async () => {
    const predictor = await OfflinePredictor.create(constantConfig({ outputNames: ["output", "MatMul:0"] }));
    const values = predictor.predict([digits], 1).map((tensor) => (tensor as Tensor).data[0]);
    expect(values).toEqual([46, 45]);
  });

  it("gives its inputs where it is asked to", async () => {
    const predictor = await OfflinePredictor.create(withInput);
    const input = [digits];
    const [inputs, [output]] = predictor.predict(input);
    expect(inputs[0]).toBe(input);
    expect(output?.data[0]).toBe(45);
  });

  it("traces a function, with values for its variables", async () => {
    const w = tf.variable(tf.ones([10, 1]), true, "W");
    const towerFunc = (x: tf.Tensor2D) => ({ y: tf.tanh(tf.add(tf.matMul(x, w as tf.Tensor2D), 1)) });
    const inputSignature = [new TensorSpec([null, 10], "float32", "x")];
    const ones = new Float32Array(10).fill(1);
    const predict = async (sessionInit?: Record<string, Tensor>) => {
      const config = new PredictConfig({
        towerFunc,
        inputSignature,
        outputNames: ["y"],
        ...(sessionInit && { sessionInit }),
      });
      return (await OfflinePredictor.create(config)).predict(ones)[0]?.data[0];
    };
    expect(await predict()).toBe(1);
    expect(await predict({ W: new Tensor("float32", [10, 1], new Array(10).fill(-0.1)) })).toBe(0);
  });

  it.each<[string, unknown[], string]>([
    [
      "another number of inputs",
      [[digits]],
      "predict takes 2 inputs, 'input' (float32 [?,10]), 'scale' (float32 []); 1 are given",
    ],
    ["what is no tensor", [[["a"]], 1], "input 'input': element 0 is a, which is no float32"],
    ["another shape", [[[1, 2]], 1], "input 'input:0' expects shape [?,10], given is [1,2]"],
  ])("refuses %s", async (_name, inputs, message) => {
    const predictor = await OfflinePredictor.create(constantConfig());
    expect(() => predictor.predict(...(inputs as never[]))).toThrow(message);
  });
});

describe("PredictConfig refuses", () => {
  it.each<[string, object, string]>([
    ["no outputs", { model: graphPath }, "argument 'outputNames' is not provided"],
    [
      "outputs that are no list",
      { model: graphPath, outputNames: "output" },
      "argument 'outputNames' is not provided",
    ],
    ["outputs that are no names", { model: graphPath, outputNames: [1] }, "has to be a list of strings"],
    ["no model", { outputNames: ["y"] }, "give either 'model', or 'towerFunc' with 'inputSignature'"],
    [
      "two models",
      { model: graphPath, towerFunc: () => tf.scalar(1), outputNames: ["y"] },
      "give either 'model'",
    ],
    [
      "a function without signature",
      { towerFunc: () => tf.scalar(1), outputNames: ["y"] },
      "argument 'inputSignature' is not provided",
    ],
  ])("%s", (_name, options, message) => {
    expect(() => new PredictConfig(options as never)).toThrow(message);
  });

  it("names that are not in the model, telling those that are", async () => {
    await expect(constantConfig({ outputNames: ["outputt"] }).graph()).rejects.toThrow(
      "did you mean 'output'?",
    );
    await expect(constantConfig({ inputNames: ["imput"] }).graph()).rejects.toThrow(
      "input 'imput' is not among the tensors that the outputs need; did you mean 'input'?",
    );
  });
});

/** All outputs of a dataset of rows, one number each. */
async function scores(results: AsyncIterable<Tensor[]>): Promise<number[]> {
  const all: number[] = [];
  for await (const outputs of results) all.push(...numbers(outputs));
  return all;
}

describe("datasets", () => {
  const maxEvents = 60;
  const eachEvent = () => new EventDataset(jets, { features }, { maxEvents });
  const eachRow = () => new EventDataset(jets, { features }, { maxEvents, each: "row" });

  it("have the same scores however they are cut and on however many threads", async () => {
    const alone = await scores(new SimpleDatasetPredictor(btag(), eachEvent()).getResult());
    expect(alone.length).toBeGreaterThan(maxEvents);
    for (const options of [
      { threads: 1 },
      { threads: 2 },
      { threads: 3, batchSize: 1 },
      { threads: 2, batchSize: 32 },
    ]) {
      const together = await scores(new MultiThreadDatasetPredictor(btag(), eachRow(), options).getResult());
      expect(together).toEqual(alone);
    }
  });

  it("can be the source of a FeedfreePredictor, to its end", async () => {
    const predictor = await FeedfreePredictor.create(btag(), eachEvent());
    const all: number[] = [];
    for (let outputs = await predictor.predict(); outputs; outputs = await predictor.predict())
      all.push(...numbers(outputs));
    expect(all).toEqual(await scores(new SimpleDatasetPredictor(btag(), eachEvent()).getResult()));
    await predictor.close();
    await expect(FeedfreePredictor.create(withInput, eachEvent())).rejects.toThrow("leave out returnInput");
  });

  it("give all results at once", async () => {
    const results = await new MultiThreadDatasetPredictor(btag(), eachRow(), { threads: 2 }).getAllResult();
    expect(results.every(([score]) => score?.shape.length === 1 && score.shape[0] === 1)).toBe(true);
  });
});

describe("InferenceRunner", () => {
  it("measures an OfflinePredictor on an EventDataset: the published area under the curve", async () => {
    const isB = { product: "Jet", column: "hadronFlavour", dtype: "int32" as const };
    const dataset = new EventDataset(jets, { features, isB }, { each: 100 });
    async function* labelled() {
      for await (const { features, isB } of dataset.named() as AsyncIterable<Record<string, Tensor>>) {
        const labels = Array.from(isB?.as("int32") ?? [], (flavour) => Number(flavour === 5));
        yield { features: features as Tensor, isB: new Tensor("int32", [labels.length], labels) };
      }
    }
    const predictor = await OfflinePredictor.create(btag());
    const runner = new InferenceRunner(labelled, new RocCurve("score", "isB"), {
      predictor,
      inputNames: ["features"],
      outputNames: ["score"],
    });
    const { scalars } = await runner.run();
    expect(scalars.val_auc?.toFixed(9)).toBe("0.684459719");
  });
});

describe("MultiThreadPredictor", () => {
  it("gives each data point its own rows, in whatever batch they went", async () => {
    const predictor = await MultiThreadPredictor.create(sumConfig("matmul"), { threads: 2, batchSize: 4 });
    const points = Array.from({ length: 57 }, (_, i) => digits.map((digit) => digit + i));
    const outputs = await Promise.all(points.map((point) => predictor.putTask(point)));
    expect(outputs.map(([output]) => [output?.shape, output?.data[0]])).toEqual(
      points.map((_, i) => [[1], 45 + 10 * i]),
    );
    await predictor.close();
    await expect(predictor.putTask(digits)).rejects.toThrow("the predictor has been closed");
  });

  it("fails the data point at fault, and no other", async () => {
    const predictor = await MultiThreadPredictor.create(sumConfig("matmul"), { threads: 1, batchSize: 8 });
    const results = await Promise.allSettled(
      [digits, [1, 2], digits, "no" as never].map((point) => predictor.putTask(point as never)),
    );
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "rejected"]);
    await predictor.close();
  });

  it("holds no more than 100 data points a thread, and says when there is room", async () => {
    const predictor = await MultiThreadPredictor.create(sumConfig("matmul"), { threads: 1, batchSize: 1 });
    const accepted: Promise<Tensor[]>[] = [];
    while (predictor.hasRoom) accepted.push(predictor.putTask(digits));
    await expect(predictor.putTask(digits)).rejects.toThrow("100 data points wait already; await room()");
    await predictor.room();
    accepted.push(predictor.putTask(digits));
    expect((await Promise.all(accepted)).length).toBe(102);
    await predictor.close();
  });

  it("tells that an output has no row for each input", async () => {
    const together = await MultiThreadPredictor.create(sumConfig("total"), { threads: 1 });
    await expect(together.putTask(digits)).rejects.toThrow(
      "output 'total' has the shape [] for a batch of 1: it has no row for each input",
    );
    await together.close();
  });

  it("refuses impossible options", async () => {
    for (const options of [{ threads: 0 }, { batchSize: 1.5 }])
      await expect(MultiThreadPredictor.create(constantConfig(), options)).rejects.toThrow("it starts at 1");
    await expect(MultiThreadPredictor.create(withInput)).rejects.toThrow("leave out returnInput");
  });
});
