/** The nine models beside the checkout (CMSRUN_SHARED) as SavedModels: TensorFlow's outputs, and the bytes of its weights. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type GraphDef, loadGraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import { loadSavedModel } from "../../../../framework/tensorflow/savedmodel/SavedModel.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import { elementCount, type Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { modelNames, modelsFolder } from "../../../goldenModels.js";
import { expectClose, type PlainTensor, toTensor } from "../goldens.js";

const found = modelsFolder("sharedSavedModels.test.ts");
const folder = found ?? "";

interface Case {
  readonly inputs: Readonly<Record<string, PlainTensor>>;
  readonly outputs: Readonly<Record<string, PlainTensor>>;
}

/** The bytes of all float constants that are no scalars: what was trained. */
function weights({ nodes, functions }: GraphDef): Set<string> {
  const all = [...nodes, ...functions.flatMap((definition) => definition.nodes)];
  const tensors = all.flatMap(({ attrs }) => attrs.value?.tensor ?? []);
  const trained = tensors.filter(({ dtype, shape }) => dtype === "float32" && elementCount(shape) > 4);
  return new Set(
    trained.map(({ data }) => Buffer.from((data as Float32Array).slice().buffer).toString("base64")),
  );
}

describe.skipIf(found === undefined).each(modelNames)("%s", (name) => {
  const path = join(folder, name);

  it("gives TensorFlow's outputs by its signature's keys", () => {
    const { cases } = JSON.parse(readFileSync(join(path, "golden.json"), "utf8")) as { cases: Case[] };
    const session = createSession(loadSavedModel(join(path, "saved_model")));
    expect(cases.length).toBeGreaterThan(0);
    for (const { inputs, outputs } of cases) {
      const feeds = Object.entries(inputs).map(([key, plain]): [string, Tensor] => [key, toTensor(plain)]);
      const results = session.run(feeds, Object.keys(outputs));
      for (const [i, plain] of Object.values(outputs).entries())
        expectClose(results[i] as Tensor, plain, 1e-5);
    }
  });

  it("has the weights of its frozen graph, byte for byte", () => {
    const saved = weights(loadSavedModel(join(path, "saved_model")));
    const frozen = weights(loadGraphDef(join(path, "frozen.pb")));
    expect([...frozen].filter((bytes) => !saved.has(bytes))).toEqual([]);
    expect(saved.size).toBeGreaterThanOrEqual(frozen.size);
  });
});
