/** Layers models as graphs: Keras' names, the numbers of tfjs' own predict, and any batch. */
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import type { ConcreteFunction } from "../../../../framework/tensorflow/ConcreteFunction.js";
import type { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { TensorSpec } from "../../../../framework/tensorflow/TensorSpec.js";
import { concreteFunction } from "../../../../framework/tensorflow/trace/concreteFunction.js";
import { fromLayersModel } from "../../../../framework/tensorflow/trace/fromLayersModel.js";
import { layerCases, modelOf, randomize, recurrentInitializer } from "./layerCases.js";
import { eager, expectClose, floats, ints, run } from "./traced.js";

const { layers } = tfl;
const names = (fn: ConcreteFunction) => fn.graph.nodes.map(({ name }) => name);

beforeAll(async () => {
  await tf.setBackend("cpu");
});

/** The documentation's: input layer `input` of 10, Dense 100 tanh, Dense 3 softmax named `output`. */
function documented(): tfl.Sequential {
  const model = tfl.sequential();
  model.add(layers.inputLayer({ inputShape: [10], name: "input" }));
  model.add(layers.dense({ units: 100, activation: "tanh", name: "dense" }));
  model.add(layers.dense({ units: 3, activation: "softmax", name: "output" }));
  model.compile({ loss: "categoricalCrossentropy", optimizer: "sgd" });
  return model;
}

/** Traces and compares with predict for each batch, in both engines. */
async function compare(
  model: tfl.LayersModel,
  batches: readonly number[] = [1, 3],
): Promise<ConcreteFunction> {
  randomize(model);
  const tensors = tf.memory().numTensors;
  const fn = await fromLayersModel(model);
  expect(tf.memory().numTensors).toBe(tensors);
  for (const batch of batches) {
    const inputs = model.inputs.map(({ shape, dtype }, i) =>
      inputFor([batch, ...shape.slice(1)] as number[], dtype, i),
    );
    const expected = [model.predict(inputs.map((input) => eager(input)))].flat();
    for (const engine of ["reference", "compiled"] as const) {
      const got = run(fn, inputs, engine);
      for (const [i, tensor] of expected.entries()) expectClose(got[i], tensor);
    }
    tf.dispose(expected);
  }
  model.dispose();
  return fn;
}

function inputFor(shape: readonly number[], dtype: string, seed: number): Tensor {
  if (dtype !== "int32") return floats(shape, seed);
  const count = shape.reduce((product, size) => product * size, 1);
  return ints(
    shape,
    Array.from({ length: count }, (_, i) => (i * 3 + seed) % 5),
  );
}

describe("the documentation's Keras model", () => {
  it("has Keras' names", async () => {
    const fn = await compare(documented(), [1, 2, 5]);
    expect(fn.graph.signature).toEqual({
      key: "serving_default",
      inputs: { input: { name: "input:0", dtype: "float32", shape: [-1, 10] } },
      outputs: { output: { name: "output:0", dtype: "float32", shape: [-1, 3] } },
    });
    const computed = names(fn).filter((name) => !name.includes("Read"));
    expect(computed.filter((name) => /^(dense|output)\/[A-Z]/.test(name))).toEqual([
      "dense/MatMul",
      "dense/BiasAdd",
      "dense/Tanh",
      "output/MatMul",
      "output/BiasAdd",
      "output/Softmax",
    ]);
    expect(computed.at(-1)).toBe("output");
    expect([...fn.variables.keys()]).toEqual(["dense/kernel", "dense/bias", "output/kernel", "output/bias"]);
  });

  it("can be traced inside of a function as well", async () => {
    const model = documented();
    randomize(model);
    const fn = await concreteFunction(
      (x: tf.Tensor) => model.predict(tf.mul(x, 2)) as tf.Tensor,
      [new TensorSpec([null, 10], "float32", "x")],
    );
    const x = floats([4, 10]);
    expectClose(run(fn, [x])[0], model.predict(tf.mul(eager(x), 2)) as tf.Tensor);
  });
});

it("gradients can be traced too, where tfjs-layers has brought them", async () => {
  const model = documented();
  randomize(model);
  const slope = (x: tf.Tensor) => tf.grad((y: tf.Tensor) => tf.max(model.predict(y) as tf.Tensor))(x);
  const fn = await concreteFunction(slope, [new TensorSpec([3, 10])]);
  expectClose(run(fn, [floats([3, 10])])[0], slope(eager(floats([3, 10]))));
});

describe("a model of one layer", () => {
  it.each(layerCases)("%s", async (...layer) => {
    const model = modelOf(layer);
    const fn = await fromLayersModel(model);
    for (const batch of [1, 4]) {
      const x = floats([batch, ...layer[1]]);
      expectClose(run(fn, [x])[0], model.predict(eager(x)) as tf.Tensor);
    }
    model.dispose();
  });
});

describe("a model of", () => {
  const sequential = (...list: tfl.layers.Layer[]) => tfl.sequential({ layers: list });

  it("convolutions, poolings and normalisation", async () => {
    const fn = await compare(
      sequential(
        layers.conv2d({
          filters: 4,
          kernelSize: 3,
          activation: "relu",
          inputShape: [10, 9, 2],
          name: "conv",
        }),
        layers.batchNormalization({ name: "norm" }),
        layers.maxPooling2d({ poolSize: 2 }),
        layers.separableConv2d({ filters: 3, kernelSize: 2, padding: "same", activation: "sigmoid" }),
        layers.dropout({ rate: 0.5 }),
        layers.globalAveragePooling2d({}),
        layers.dense({ units: 2, activation: "softplus" }),
      ),
    );
    expect(names(fn)).toContain("conv/Conv2D");
    expect([...fn.variables.keys()].some((name) => name.startsWith("norm/moving_mean"))).toBe(true);
    expect(fn.graph.nodes.some(({ op }) => op.startsWith("Random"))).toBe(false);
  });

  it("one-dimensional convolutions", async () => {
    await compare(
      sequential(
        layers.conv1d({ filters: 4, kernelSize: 3, activation: "elu", inputShape: [12, 3] }),
        layers.averagePooling1d({ poolSize: 2 }),
        layers.layerNormalization({}),
        layers.globalMaxPooling1d({}),
      ),
    );
  });

  it("transposed convolutions, padding and upsampling", async () => {
    await compare(
      sequential(
        layers.zeroPadding2d({ padding: 1, inputShape: [4, 5, 2] }),
        layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: "same" }),
        layers.upSampling2d({ size: [2, 2] }),
        layers.depthwiseConv2d({ kernelSize: 3 }),
        layers.leakyReLU({ alpha: 0.1 }),
        layers.flatten(),
        layers.reshape({ targetShape: [-1, 2] }),
        layers.permute({ dims: [2, 1] }),
      ),
    );
  });

  it("recurrent layers, unrolled", async () => {
    await compare(
      sequential(
        layers.lstm({
          units: 4,
          recurrentInitializer,
          returnSequences: true,
          inputShape: [5, 3],
          recurrentDropout: 0.3,
          dropout: 0.2,
        }),
        layers.bidirectional({
          layer: layers.gru({ units: 3, recurrentInitializer, returnSequences: true }),
          mergeMode: "concat",
        }),
        layers.timeDistributed({ layer: layers.dense({ units: 4, activation: "relu" }) }),
        layers.simpleRNN({ units: 2, recurrentInitializer }),
      ),
      [1, 2],
    );
  });

  it("embeddings of masked sequences", async () => {
    await compare(
      sequential(
        layers.embedding({ inputDim: 6, outputDim: 3, maskZero: true, inputLength: 4 }),
        layers.lstm({ units: 2, recurrentInitializer }),
      ),
      [1, 2],
    );
  });

  it("several inputs and outputs, and of models", async () => {
    const a = tfl.input({ shape: [4], name: "a" });
    const b = tfl.input({ shape: [4], name: "b" });
    const inner = tfl.sequential({
      name: "inner",
      layers: [layers.dense({ units: 3, inputShape: [4], name: "deep", activation: "relu" })],
    });
    const shared = layers.dense({ units: 2, name: "shared" });
    const [x, y] = [inner.apply(a) as tfl.SymbolicTensor, inner.apply(b) as tfl.SymbolicTensor];
    const sum = layers.add({ name: "sum" }).apply([x, y]) as tfl.SymbolicTensor;
    const joined = layers.concatenate({ name: "joined" }).apply([x, sum]) as tfl.SymbolicTensor;
    const first = layers.dense({ units: 2, name: "first" }).apply(joined) as tfl.SymbolicTensor;
    const second = shared.apply(layers.multiply().apply([x, y])) as tfl.SymbolicTensor;
    const third = shared.apply(sum) as tfl.SymbolicTensor;
    const fn = await compare(tfl.model({ inputs: [a, b], outputs: [first, second, third] }));
    expect(Object.keys(fn.graph.signature.inputs)).toEqual(["a", "b"]);
    expect(Object.keys(fn.graph.signature.outputs)).toEqual(["first", "shared", "shared_1"]);
    expect(names(fn)).toContain("inner/deep/MatMul");
  });
});

describe("a model that cannot become a graph", () => {
  const message = (model: unknown) =>
    fromLayersModel(model as Parameters<typeof fromLayersModel>[0]).then(
      () => "was traced",
      (error: Error) => error.message,
    );

  it("was never built", async () => {
    expect(await message(tfl.sequential())).toMatch(/never built.*inputShape.*compile/s);
  });

  it("is none", async () => {
    expect(await message({})).toMatch(/takes a tf.LayersModel/);
    expect(await message(undefined)).toMatch(/takes a tf.LayersModel/);
  });

  it("has an open time dimension in a recurrent layer", async () => {
    const model = tfl.sequential({
      layers: [layers.lstm({ units: 2, recurrentInitializer, inputShape: [null, 3], name: "memory" })],
    });
    expect(await message(model)).toMatch(/layer 'memory'.*time dimension.*\[\?,\?,3\].*number of steps/s);
  });

  it("is stateful", async () => {
    const model = tfl.sequential({
      layers: [
        layers.lstm({
          units: 2,
          recurrentInitializer,
          batchInputShape: [2, 4, 3],
          stateful: true,
          name: "memory",
        }),
      ],
    });
    expect(await message(model)).toMatch(/layer 'memory'.*stateful/);
  });

  it("is left as it was, with its layers", async () => {
    const model = documented();
    const before = model.layers.map((layer) => Object.keys(layer));
    class Broken extends layers.Layer {
      static readonly className = "Broken";
      override call(): tf.Tensor {
        throw new RangeError("mine");
      }
      override computeOutputShape(shape: tfl.Shape): tfl.Shape {
        return shape;
      }
    }
    model.add(new Broken({ name: "broken" }));
    await expect(fromLayersModel(model)).rejects.toThrow("mine");
    expect(model.layers.slice(0, -1).map((layer) => Object.keys(layer))).toEqual(before);
  });
});
