import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { contentHash } from "../../../../framework/base/contentHash.js";
import { setModelStoreRoot } from "../../../../framework/base/modelPath.js";
import { models } from "../../../../framework/serving/store/models.js";
import type { SaveModelOptions } from "../../../../framework/serving/store/saveModel.js";
import "../../../../framework/serving/store/register.js";
import { freeze } from "../../../../framework/tensorflow/ConcreteFunction.js";
import { loadGraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import { loadGraph, loadMetaGraphDef } from "../../../../framework/tensorflow/savedmodel/SavedModel.js";
import { toConcreteFunction } from "../../../../framework/tensorflow/saving/toConcreteFunction.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import { SessionCache } from "../../../../framework/tensorflow/SessionCache.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { TensorSpec } from "../../../../framework/tensorflow/TensorSpec.js";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const jetDirectory = join(root, "data", "models", "jet_btag", "saved_model");
const jetGraph = join(root, "data", "models", "jet_btag", "graph.pb");
const savedModels = join(root, "test", "unit", "tensorflow", "savedModels");

const folder = mkdtempSync(join(tmpdir(), "cmsrun-models-"));
models.use(join(folder, "store"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  setModelStoreRoot(undefined);
});

const { save, load } = models.tensorflow;
const jet = new Tensor("float32", [2, 5], [50, 0.5, 1, 8, 12, 30, -2, 3, 4, 5]);

/** What a model gives for `inputs`, by the signature's keys. */
async function run(tag: string, inputs: Record<string, Tensor>, output: string, method?: string) {
  const session = createSession(freeze(await load(tag, method)), { engine: "reference" });
  return [...(session.run(inputs, [output])[0]?.data ?? [])];
}

describe("saving a SavedModel", () => {
  it("copies it as it is, with assets", async () => {
    const source = join(savedModels, "vocabulary");
    const model = await save(source, "vocabulary");
    expect(readdirSync(model.path).sort()).toEqual([...readdirSync(source), "model.yaml"].sort());
    expect(model.hash()).toBe(contentHash(source));
    expect(model.info.contentHash).toBe(model.hash());
    expect(readdirSync(join(model.path, "assets"))).toEqual(readdirSync(join(source, "assets")));
  });

  it("writes the files that links mean", async () => {
    const source = join(folder, "linked");
    mkdirSync(source);
    for (const name of readdirSync(jetDirectory)) symlinkSync(join(jetDirectory, name), join(source, name));
    expect((await save(source, "linked")).hash()).toBe(contentHash(jetDirectory));
  });

  it("keeps the signatures that are asked for", async () => {
    const source = join(savedModels, "functions");
    const keys = loadMetaGraphDef(source).signatures.map(({ key }) => key);
    const model = await save(source, "chosen", {
      tfSignatures: keys.slice(0, 1),
      signatures: { [keys[0] as string]: {} },
    });
    expect(loadMetaGraphDef(model.path).signatures.map(({ key }) => key)).toEqual(keys.slice(0, 1));
    await expect(save(source, "chosen", { tfSignatures: ["serving_defualt"] })).rejects.toThrow(
      "has no signature 'serving_defualt'; did you mean 'serving_default'?",
    );
    await expect(save(source, "chosen", { signatures: { predict: {} } })).rejects.toThrow(
      /signatures: the model has no signature 'predict'/,
    );
    expect(models.list("chosen")).toHaveLength(1);
  });

  it("copies a stored model without what is the store's", async () => {
    const first = await save(jetDirectory, "copied", { customObjects: { cut: 0.5 } });
    const second = await save("model:copied", "copy");
    expect(Object.keys(first.customObjects)).toEqual(["cut.json"]);
    expect(second.customObjects).toEqual({});
    expect(second.hash()).toBe(contentHash(jetDirectory));
  });
});

describe("saving what is no SavedModel", () => {
  const expected = () => {
    const session = createSession(loadGraphDef(jetGraph), { engine: "reference" });
    return [...(session.run({ input: jet }, ["output"])[0]?.data ?? [])];
  };

  it.each([
    ["a frozen graph's path", () => jetGraph],
    ["a GraphDef", () => loadGraphDef(jetGraph)],
    ["a ConcreteFunction", () => toConcreteFunction(jetDirectory)],
  ])("takes %s", async (_, object) => {
    const model = await save(await object(), "graph", { signatures: { __call__: { batchable: true } } });
    const [first = 0, second = 0] = await run(String(model.tag), { input: jet }, "output");
    expect(first).toBeCloseTo(expected()[0] as number, 6);
    expect(second).toBeCloseTo(expected()[1] as number, 6);
  });

  it("takes functions in TypeScript, each under its signature", async () => {
    const tf = await import("@tensorflow/tfjs-core");
    await import("@tensorflow/tfjs-backend-cpu");
    const weights = tf.tensor2d([1, 2, 3, 4, 5], [5, 1]);
    type T = ReturnType<typeof tf.tensor>;
    const times = (x: T) => tf.matMul(x as never, weights);
    const one = await save(times, "traced", {
      tfSignatures: [new TensorSpec([null, 5], "float32", "x")],
    });
    const ones = new Tensor("float32", [1, 5], [1, 1, 1, 1, 1]);
    const [output] = Object.keys((await load(String(one.tag))).graph.signature.outputs);
    expect(await run(String(one.tag), { x: ones }, output as string)).toEqual([15]);

    const { concreteFunction } = await import("../../../../framework/tensorflow/trace/concreteFunction.js");
    const specs = [new TensorSpec([null, 5], "float32", "x")];
    const twice = await concreteFunction((x: T) => tf.mul(tf.matMul(x as never, weights), 2), specs);
    const both = { once: await concreteFunction(times, specs), twice };
    const two = await save(times as never, "both", {
      tfSignatures: both,
      signatures: { once: {}, twice: {} },
    });
    for (const [method, value] of [
      ["once", 15],
      ["twice", 30],
    ] as const) {
      const [key] = Object.keys((await load(String(two.tag), method)).graph.signature.outputs);
      expect(await run(String(two.tag), { x: ones }, key as string, method)).toEqual([value]);
    }
  });

  it("takes sequential and functional models of tfjs", async () => {
    const tf = await import("@tensorflow/tfjs-layers");
    await import("@tensorflow/tfjs-backend-cpu");
    const layer = () =>
      tf.layers.dense({ units: 1, useBias: false, kernelInitializer: "ones", inputShape: [5] });
    const sequential = tf.sequential({ layers: [layer()] });
    const input = tf.input({ shape: [5] });
    const functional = tf.model({ inputs: input, outputs: layer().apply(input) as never });
    for (const object of [sequential, functional]) {
      const { tag } = await save(object, "layers");
      const { inputs, outputs } = (await load(String(tag))).graph.signature;
      const feeds = { [Object.keys(inputs)[0] as string]: new Tensor("float32", [1, 5], [1, 2, 3, 4, 5]) };
      expect(await run(String(tag), feeds, Object.keys(outputs)[0] as string)).toEqual([15]);
    }
  });

  it("says of what is nothing at all what may be saved", async () => {
    for (const nothing of [undefined, null, 42])
      await expect(save(nothing as never, "nothing")).rejects.toThrow(
        `it is neither a path nor a graph, a meta graph, a concrete function, a function or a Layers model; it is ${nothing}.`,
      );
    for (const name of [undefined, 3])
      await expect(save(jetDirectory, name as never)).rejects.toThrow(`'${name}' is no tag of a model`);
    await expect(save(jetDirectory, "a", { version: 3 as never })).rejects.toThrow("its version is no text");
  });

  it("saves nothing of what cannot be saved", async () => {
    for (const [object, why] of [
      ["nowhere.pb", "no such file"],
      [folder, "it is no SavedModel"],
      [{}, "neither a path nor a graph"],
    ] as const)
      await expect(save(object as string, "broken")).rejects.toThrow(why);
    expect(() => models.list("broken")).toThrow("there is no model 'broken'");
    expect(readdirSync(join(folder, "store", ".incoming"))).toEqual([]);
  });
});

describe("model.yaml", () => {
  it("has BentoML's keys in its order, the defaults and what was given", async () => {
    const { path, tag } = await save(jetDirectory, "described:v1", {
      labels: { owner: "me", stage: "yes" },
      metadata: {
        auc: 0.9,
        layers: new Int32Array([64, 2]),
        nested: { a: [null, true, "1e5", 1e-7] },
        none: undefined,
      },
    });
    const text = readFileSync(join(path, "model.yaml"), "utf8");
    expect(
      text
        .replace(/"20\S+"$/m, "TIME")
        .replace(/sha256:\w+/, "HASH")
        .replace(/(cmsrun_version:) .*/, "$1 X"),
    ).toBe(`name: described
version: v1
module: bentoml.tensorflow
labels:
  owner: me
  stage: "yes"
options: {}
metadata:
  auc: 0.9
  layers:
    - 64
    - 2
  nested:
    a:
      - null
      - true
      - "1e5"
      - 1.0e-7
context:
  framework_name: tensorflow
  framework_versions: {}
  cmsrun_version: X
signatures:
  __call__:
    batchable: false
api_version: v1
creation_time: TIME
content_hash: HASH
`);
    const { labels, metadata, signatures } = models.get(tag);
    expect({ labels, metadata, signatures }).toEqual({
      labels: { owner: "me", stage: "yes" },
      metadata: { auc: 0.9, layers: [64, 2], nested: { a: [null, true, "1e5", 1e-7] } },
      signatures: { __call__: { batchable: false, batchDim: [0, 0] } },
    });
  });

  it.each([
    [{ batchable: true }, [0, 0]],
    [{ batchable: true, batchDim: 1 }, [1, 1]],
    [{ batchable: true, batch_dim: 1 }, [1, 1]],
    [{ batchable: true, batchDim: [1, 0] }, [1, 0]],
  ] as const)("signature %j has batchDim %j", async (options, batchDim) => {
    const { tag } = await save(jetDirectory, "batched", { signatures: { __call__: options } });
    expect(models.get(tag).signatures).toEqual({ __call__: { batchable: true, batchDim } });
  });

  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  it.each<[string, object, string]>([
    [
      "a misspelt key",
      { signatures: { __call__: { batchdim: 1 } } },
      "signature '__call__': unknown key 'batchdim'; did you mean 'batchDim'?",
    ],
    [
      "another key",
      { signatures: { __call__: { rows: 1 } } },
      "unknown key 'rows'; there is 'batchable' and 'batchDim'.",
    ],
    [
      "both names",
      { signatures: { __call__: { batchDim: 1, batch_dim: 1 } } },
      "batchDim and batch_dim are the same",
    ],
    ["no dimension", { signatures: { __call__: { batchDim: 0.5 } } }, "batchDim is 0.5; it is a dimension"],
    [
      "three dimensions",
      { signatures: { __call__: { batchDim: [0, 0, 0] } } },
      "batchDim is [0,0,0]; it is a dimension",
    ],
    [
      "no boolean",
      { signatures: { __call__: { batchable: "yes" } } },
      'batchable is "yes"; it is true or false.',
    ],
    ["no signature", { signatures: {} }, "signatures is empty"],
    ["a list", { signatures: ["__call__"] }, 'signatures is ["__call__"]; give {method:'],
    ["a number as label", { labels: { a: 1 } }, "label 'a' is number 1; write '1' in quotes."],
    [
      "an object as label",
      { labels: { a: {} } },
      "label 'a' is of type Object; a label is a text; metadata may be anything.",
    ],
    [
      "a date",
      { metadata: { at: { now: new Date(0) } } },
      "metadata.at.now: it is of type Date; it holds texts, numbers",
    ],
    ["a function", { metadata: { f: [() => 0] } }, "metadata.f[0]: it is function"],
    ["a cycle", { metadata: cyclic }, "it is nested too deeply; does it contain itself?"],
    [
      "no file",
      { customObjects: { a: "nowhere.txt" } },
      "custom object 'a': there is no file 'nowhere.txt'; a text itself is given as Buffer.from(text).",
    ],
    [
      "a path as name",
      { customObjects: { "../a": 1 } },
      "custom object '../a': the name must be that of a file",
    ],
    ["nothing", { customObjects: { a: undefined } }, "custom object 'a' is of type undefined"],
    ["two of one name", { customObjects: { a: 1, "a.json": 2 } }, "are both 'a.json'"],
    ["another option", { label: {} }, "unknown option 'label'; did you mean 'labels'?"],
    ["no options", null as never, "the options must be an object"],
    ["no signatures to keep", { tfSignatures: [] }, "tfSignatures is empty; leave it out"],
    ["two versions", { version: "v2" }, "'refused:v1' has a version already"],
  ])("refuses %s", async (_, options, why) => {
    const error: Error = await save(jetDirectory, "refused:v1", options as SaveModelOptions).then(
      () => new Error("saved"),
      (thrown) => thrown,
    );
    expect(error.message).toContain(why);
  });

  it("has no version latest", async () => {
    await expect(save(jetDirectory, "a:latest")).rejects.toThrow("'latest' always means the newest version");
  });
});

describe("custom objects", () => {
  it("are files in the model's folder, and part of its hash", async () => {
    writeFileSync(join(folder, "names.txt"), "b\nlight\n");
    const given = {
      vocabulary: join(folder, "names.txt"),
      bytes: Buffer.from([1, 2]),
      cuts: { loose: 0.1 },
      folder: savedModels,
    };
    const { tag } = await save(jetDirectory, "objects", { customObjects: given });
    const model = models.get(tag);
    expect(Object.keys(model.customObjects)).toEqual(["bytes", "cuts.json", "folder", "vocabulary"]);
    expect(String(model.readCustomObject("vocabulary"))).toBe("b\nlight\n");
    expect(model.readCustomObject("bytes")).toEqual(Buffer.from([1, 2]));
    expect(model.readCustomObject("cuts")).toEqual({ loose: 0.1 });
    expect(() => model.readCustomObject("vocabulry")).toThrow(
      "has no custom object 'vocabulry'; did you mean 'vocabulary'?",
    );
    model.check();
    writeFileSync(model.customObjects.bytes as string, "3");
    expect(() => model.check()).toThrow(`model '${tag}' is damaged: its files have sha256`);
  });
});

describe('"model:NAME:VERSION" in place of a path', () => {
  it("is read by all that read models", async () => {
    const { tag } = await save(jetDirectory, "by_tag");
    const prefix = `model:by_tag:${tag.version?.slice(0, 12)}`;
    for (const path of ["model:by_tag", "model:by_tag:latest", `model:${tag}`, prefix]) {
      expect(loadGraph(path).nodes.length).toBeGreaterThan(3);
      expect(loadMetaGraphDef(path).signatures).toHaveLength(1);
      expect((await toConcreteFunction(path)).graph.nodes.length).toBeGreaterThan(3);
    }
    const cache = new SessionCache("model:by_tag", { engine: "reference" });
    expect(cache.getSession().run({ input: jet }, ["output"])).toHaveLength(1);
    const metaGraph = loadMetaGraphDef("model:by_tag");
    expect(
      createSession(metaGraph, "model:by_tag", { engine: "reference" }).run({ input: jet }, ["output"]),
    ).toHaveLength(1);
  });

  it("says which models there are", () => {
    expect(() => new SessionCache("model:by_tga")).toThrow("there is no model 'by_tga' in");
    expect(() => loadGraph("model:by_tag:")).toThrow("'by_tag:' is no tag of a model: it ends in ':'");
  });
});
