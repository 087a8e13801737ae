/** The documentation's examples: a Layers model and a function in tfjs ops, saved, and run here and by TensorFlow itself. */
import "@tensorflow/tfjs-backend-cpu";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LogMessage, setLogSink } from "../../../../framework/base/log.js";
import { loadGraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import { saveFrozenGraph } from "../../../../framework/tensorflow/saving/saveFrozenGraph.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import type { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { TensorSpec } from "../../../../framework/tensorflow/TensorSpec.js";
import { concreteFunction } from "../../../../framework/tensorflow/trace/concreteFunction.js";
import { describeWithPython, runPython } from "../../../python.js";
import { largestDifference, type PlainTensor, toTensor } from "../goldens.js";

const folder = mkdtempSync(join(tmpdir(), "cmsrun-saving-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const said: LogMessage[] = [];
beforeAll(async () => {
  setLogSink((message) => said.push(message));
  await tf.setBackend("cpu");
});

const frozen = { variablesToConstants: true };
const files = (name: string) => [".pb", ".pb.txt"].map((suffix) => join(folder, name + suffix));
const ones: PlainTensor = { dtype: "float32", shape: [2, 10], data: Array(20).fill(1) };
const tanhOf11: PlainTensor = { dtype: "float32", shape: [2, 1], data: [1, 1] };

function model(): tfl.Sequential {
  const sequential = tfl.sequential();
  sequential.add(tfl.layers.inputLayer({ inputShape: [10], name: "input" }));
  sequential.add(tfl.layers.dense({ units: 100, activation: "tanh", name: "dense" }));
  sequential.add(tfl.layers.dense({ units: 3, activation: "softmax", name: "output" }));
  sequential.compile({ loss: "categoricalCrossentropy", optimizer: "sgd" });
  return sequential;
}

/** tanh(xW + b), W and b being ones. */
function tanhLayer() {
  // tfjs has each name once.
  tf.disposeVariables();
  const w = tf.variable(tf.ones([10, 1]), false, "W");
  const b = tf.variable(tf.ones([1]), false, "b");
  return concreteFunction(
    (x: tf.Tensor2D) => tf.tanh(tf.add(tf.matMul(x, w as tf.Tensor2D), b)),
    [new TensorSpec([2, 10], "float32", "x")],
  );
}

function run(path: string, input: string, output: string): Tensor {
  return createSession(loadGraphDef(path)).run([[input, toTensor(ones)]], [output])[0] as Tensor;
}

async function save(): Promise<object[]> {
  const layer = await tanhLayer();
  const keras = model();
  const [modelFiles, layerFiles] = [files("model"), files("layer")];
  for (const path of modelFiles)
    expect((await saveFrozenGraph(path, keras, frozen)).outputs).toEqual({ output: "output:0" });
  for (const path of layerFiles)
    expect((await saveFrozenGraph(path, layer, frozen)).outputs).toEqual({ Identity: "Identity:0" });
  const predicted = keras.predict(tf.ones([2, 10])) as tf.Tensor;
  const expected: PlainTensor = { dtype: "float32", shape: [2, 3], data: [...(await predicted.data())] };
  return [
    { files: modelFiles, feeds: { "input:0": ones }, expected: [expected], fetches: ["output:0"] },
    { files: layerFiles, feeds: { "x:0": ones }, expected: [tanhOf11], fetches: ["Identity:0"] },
  ];
}

describe("a model of tfjs", () => {
  it("is saved with the names of its layers and inputs", async () => {
    const [saved] = (await save()) as [{ expected: [PlainTensor] }];
    for (const path of files("model"))
      expect(largestDifference(run(path, "input", "output"), saved.expected[0])).toBeLessThan(1e-6);
    for (const path of files("layer")) expect([...run(path, "x", "Identity").data]).toEqual([1, 1]);
  });

  it("without variablesToConstants needs a checkpoint, and never has placeholders for its variables", async () => {
    said.length = 0;
    const saved = await saveFrozenGraph(join(folder, "variables.pb"), model());
    expect([saved.variableCount, said.at(-1)?.severity]).toEqual([4, "WARNING"]);
    const { nodes } = loadGraphDef(saved.path);
    expect(nodes.filter(({ op }) => op === "Placeholder").map(({ name }) => name)).toEqual(["input"]);
    expect(nodes.filter(({ name }) => name.endsWith("/resource"))).toEqual([]);
  });

  it("that was never built is refused", async () => {
    const unbuilt = tfl.sequential();
    const path = join(folder, "unbuilt.pb");
    await expect(saveFrozenGraph(path, unbuilt, frozen)).rejects.toThrow(/inputShape|never built/);
    expect(existsSync(path)).toBe(false);
  });

  it("may be a function without arguments, its outputs called as asked", async () => {
    const constant = () => tf.add(tf.ones([2]), 1);
    const saved = await saveFrozenGraph(join(folder, "constant.pb"), constant, {
      ...frozen,
      outputNames: ["two"],
    });
    expect(saved.outputs).toEqual({ two: "two:0" });
    const [two] = createSession(loadGraphDef(saved.path)).run({}, ["two"]);
    expect(two?.data).toEqual(Float32Array.of(2, 2));
  });
});

describeWithPython("TensorFlow", () => {
  it("runs what was saved", async () => {
    writeFileSync(join(folder, "tasks.json"), JSON.stringify(await save()));
    const answers = JSON.parse(
      runPython(join(import.meta.dirname, "read_frozen.py"), [join(folder, "tasks.json")]),
    ) as { differences: number[]; equal: boolean }[];
    expect(answers).toHaveLength(2);
    for (const { differences, equal } of answers) {
      expect(equal).toBe(true);
      expect(Math.max(...differences)).toBeLessThanOrEqual(1e-6);
    }
  }, 120_000);
});
