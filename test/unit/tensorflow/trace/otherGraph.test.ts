/** Another graph is exported than was trained: other inputs over the same weights; and frozen graphs in TensorFlow itself. */
import "@tensorflow/tfjs-backend-cpu";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ConcreteFunction, freeze } from "../../../../framework/tensorflow/ConcreteFunction.js";
import { encodeGraphDef } from "../../../../framework/tensorflow/proto/encodeGraph.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { TensorSpec } from "../../../../framework/tensorflow/TensorSpec.js";
import { concreteFunction } from "../../../../framework/tensorflow/trace/concreteFunction.js";
import { fromLayersModel } from "../../../../framework/tensorflow/trace/fromLayersModel.js";
import { rawOp } from "../../../../framework/tensorflow/trace/rawOp.js";
import { towerContext } from "../../../../framework/tensorflow/trace/towerContext.js";
import { describeWithPython, runPython } from "../../../python.js";
import { hasTensorflowAddon } from "../../../tensorflowAddon.js";
import { layerCases, modelOf } from "./layerCases.js";
import { encodePng } from "./png.js";
import { eager, expectClose, floats, run } from "./traced.js";

const { layers } = tfl;
const itInTensorFlow = it.skipIf(!hasTensorflowAddon("otherGraph.test.ts"));

/** Noise while it trains, none where it infers. */
function noisy(x: tf.Tensor): tf.Tensor {
  return towerContext().isTraining ? tf.add(x, tf.randomNormal(x.shape as [number])) : x;
}

/** Of its first input, without the batch. */
function sizesOf(model: tfl.LayersModel): number[] {
  return (model.inputs[0] as tfl.SymbolicTensor).shape.slice(1) as number[];
}

/** A few steps of training, so that the weights are not the first ones. */
async function trained(model: tfl.Sequential): Promise<tfl.Sequential> {
  model.compile({ loss: "meanSquaredError", optimizer: "sgd" });
  const x = eager(floats([8, ...sizesOf(model)]));
  const y = eager(floats([8, 2], 5));
  await model.fit(x, y, { epochs: 2, verbose: 0 });
  tf.dispose([x, y]);
  return model;
}

/** [height, width, 3] pictures. */
const picturesModel = () =>
  trained(
    tfl.sequential({
      layers: [
        layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, activation: "relu", inputShape: [12, 10, 3] }),
        layers.flatten(),
        layers.dense({ units: 2, activation: "softmax", name: "output" }),
      ],
    }),
  );

/** Channels first. */
const channelsFirstModel = () =>
  trained(
    tfl.sequential({
      layers: [
        layers.conv2d({
          filters: 3,
          kernelSize: 3,
          dataFormat: "channelsFirst",
          activation: "tanh",
          inputShape: [2, 7, 6],
        }),
        layers.maxPooling2d({ poolSize: 2, dataFormat: "channelsFirst" }),
        layers.flatten(),
        layers.dense({ units: 2, name: "output" }),
      ],
    }),
  );

/** The network with an encoded picture for input, as clients send it. */
const overEncodedPicture = (model: tfl.LayersModel) =>
  concreteFunction(
    (encoded: tf.Tensor) => {
      const attrs = { channels: { i: 3 }, dtype: { type: "uint8" } } as const;
      const picture = rawOp("DecodePng", [encoded], attrs, { dtype: "uint8", shape: [null, null, 3] });
      const scaled = tf.div(tf.cast(picture, "float32"), 255);
      const resized = tf.image.resizeBilinear(tf.expandDims(scaled, 0) as tf.Tensor4D, [12, 10]);
      return { output: model.predict(noisy(resized)) as tf.Tensor };
    },
    [new TensorSpec([], "string", "encoded_image")],
  );

const overChannelsLast = (model: tfl.LayersModel) =>
  concreteFunction(
    (x: tf.Tensor) => ({ output: model.predict(noisy(tf.transpose(x, [0, 3, 1, 2]))) as tf.Tensor }),
    [new TensorSpec([null, 7, 6, 2], "float32", "x")],
  );

const pixels = Uint8Array.from({ length: 20 * 15 * 3 }, (_, i) => (i * 37) % 256);
const png = encodePng(15, 20, pixels);
const encodedPicture = new Tensor("string", [], [png] as never);

/** What tfjs makes of the same pixels. */
function truth(model: tfl.LayersModel): tf.Tensor {
  const picture = tf.div(tf.tensor(Float32Array.from(pixels), [1, 20, 15, 3]), 255);
  return model.predict(tf.image.resizeBilinear(picture as tf.Tensor4D, [12, 10])) as tf.Tensor;
}

beforeAll(async () => {
  await tf.setBackend("cpu");
});

describe("a network over encoded pictures", () => {
  it("keeps the network's weights as variables, and decodes before it", async () => {
    const model = await picturesModel();
    const fn = await overEncodedPicture(model);
    expect(fn.graph.signature.inputs.encoded_image).toEqual({
      name: "encoded_image:0",
      dtype: "string",
      shape: [],
    });
    expect(fn.graph.signature.outputs.output?.shape).toEqual([1, 2]);
    expect([...fn.variables.keys()]).toEqual(model.weights.map(({ name }) => name));
    const ops = fn.graph.nodes.map(({ op }) => op);
    expect(ops).toEqual(expect.arrayContaining(["DecodePng", "ResizeBilinear", "Conv2D"]));
    expect(ops).not.toContain("RandomStandardNormal");
  });

  itInTensorFlow("runs in the tensorflow engine", async () => {
    const model = await picturesModel();
    const session = createSession(freeze(await overEncodedPicture(model)), { engine: "tensorflow" });
    expectClose(session.run({ encoded_image: encodedPicture }, ["output"])[0], truth(model));
    session.close();
  });
});

describe("channels last over weights trained channels first", () => {
  it("gives the same in the reference engine, WebAssembly and native code", async () => {
    const model = await channelsFirstModel();
    const fn = await overChannelsLast(model);
    for (const batch of [1, 3]) {
      const x = floats([batch, 7, 6, 2]);
      const expected = model.predict(tf.transpose(eager(x), [0, 3, 1, 2])) as tf.Tensor;
      expectClose(run(fn, [x])[0], expected);
      for (const engineTarget of ["wasm", "native"] as const) {
        const session = createSession(freeze(fn), { engine: "compiled", engineTarget });
        expectClose(session.run({ x }, ["output"])[0], expected);
      }
    }
  });

  itInTensorFlow("and in the tensorflow engine", async () => {
    const model = await channelsFirstModel();
    const session = createSession(freeze(await overChannelsLast(model)), { engine: "tensorflow" });
    const x = floats([3, 7, 6, 2]);
    expectClose(
      session.run({ x }, ["output"])[0],
      model.predict(tf.transpose(eager(x), [0, 3, 1, 2])) as tf.Tensor,
    );
    session.close();
  });
});

interface Case {
  readonly fn: ConcreteFunction;
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly expected: readonly tf.Tensor[];
}

describeWithPython("frozen graphs in Python's TensorFlow", () => {
  const folder = mkdtempSync(join(tmpdir(), "cmsrun-frozen-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const program = fileURLToPath(new URL("run_frozen.py", import.meta.url));

  it("give what tfjs gives, for any batch", async () => {
    const cases = (
      await Promise.all([pictureCase(), channelsCase(), ...layersCases(), ...functionCases()])
    ).flat();
    for (const [i, { fn }] of cases.entries())
      writeFileSync(join(folder, `${i}.pb`), encodeGraphDef(freeze(fn)));
    const plain = cases.map(({ fn, feeds }, i) => ({
      file: `${i}.pb`,
      feeds: Object.fromEntries(
        Object.entries(feeds).map(([name, tensor]) => [`${name}:0`, plainTensor(tensor)]),
      ),
      fetches: Object.values(fn.graph.signature.outputs).map(({ name }) => name),
    }));
    writeFileSync(join(folder, "cases.json"), JSON.stringify(plain));
    const results: { shape: number[]; data: number[] }[][] = JSON.parse(runPython(program, [folder]));
    expect(results.length).toBe(cases.length);
    for (const [i, { expected }] of cases.entries()) {
      for (const [output, tensor] of expected.entries()) {
        const { shape = [], data = [] } = results[i]?.[output] ?? {};
        expectClose(new Tensor("float32", shape, Float32Array.from(data)), tensor);
      }
    }
  });
});

function plainTensor({ dtype, shape, data }: Tensor): object {
  const isText = Array.isArray(data);
  const items = isText
    ? data.map((bytes) => Buffer.from(bytes).toString("base64"))
    : Array.from(data as Float32Array);
  return { dtype, shape, data: items };
}

async function pictureCase(): Promise<Case[]> {
  const model = await picturesModel();
  return [
    {
      fn: await overEncodedPicture(model),
      feeds: { encoded_image: encodedPicture },
      expected: [truth(model)],
    },
  ];
}

async function channelsCase(): Promise<Case[]> {
  const model = await channelsFirstModel();
  const fn = await overChannelsLast(model);
  return [1, 4].map((batch) => {
    const x = floats([batch, 7, 6, 2]);
    return { fn, feeds: { x }, expected: [model.predict(tf.transpose(eager(x), [0, 3, 1, 2])) as tf.Tensor] };
  });
}

function layersCases(): Promise<Case[]>[] {
  const documented: (typeof layerCases)[number] = [
    "the documentation's",
    [10],
    () => layers.dense({ units: 100, activation: "tanh" }),
  ];
  return [documented, ...layerCases].map(async (layer) => {
    const model = modelOf(layer);
    const fn = await fromLayersModel(model);
    return [1, 3].map((batch) => {
      const input = floats([batch, ...layer[1]]);
      return { fn, feeds: { input }, expected: [model.predict(eager(input)) as tf.Tensor] };
    });
  });
}

/** With nodes that compute sizes. */
function functionCases(): Promise<Case[]>[] {
  const functions: ((x: tf.Tensor) => tf.Tensor)[] = [
    (x) => tf.tanh(tf.add(tf.matMul(x as tf.Tensor2D, tf.ones([4, 1])), tf.ones([1]))),
    (x) => tf.concat([x, tf.ones([x.shape[0] as number, 2])], 1),
    (x) => tf.mul(tf.sum(x), 1 / (x.shape[0] as number)),
    (x) => tf.slice(x, [(x.shape[0] as number) - 1, 0], [1, 4]),
    (x) => tf.reshape(tf.tile(x, [x.shape[0] as number, 1]), [x.shape[0] as number, x.shape[0] as number, 4]),
  ];
  return functions.map(async (f) => {
    const fn = await concreteFunction(f, [new TensorSpec([null, 4], "float32", "x")]);
    return [1, 2, 5].map((batch) => {
      const x = floats([batch, 4]);
      return { fn, feeds: { x }, expected: [f(eager(x))] };
    });
  });
}
