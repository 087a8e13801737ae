import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import "../../../../framework/aot/engine/register.js";
import { modelMemory } from "../../../../framework/aot/ModelMemory.js";
import { setCompilerSettings } from "../../../../framework/aot/engine/settings.js";
import { FolderRepository } from "../../../../framework/serving/repository/FolderRepository.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { floats, node, placeholder } from "../../tensorflow/buildGraph.js";
import { denseNodes, echoNodes, writeModel } from "../kserve/testModels.js";

setCompilerSettings({ cacheDirectory: null });
const jetTagger = fileURLToPath(new URL("../../../../data/models/jet_btag", import.meta.url));
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "cmsrun-models-"));
  open.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function repositoryOf(options: ConstructorParameters<typeof FolderRepository>[0]): FolderRepository {
  const repository = new FolderRepository(options);
  open.push(() => repository.close());
  return repository;
}

/** x [-1, 1] → y = x + value. */
const addNodes = (value: number) => [
  placeholder("x", "float32", [-1, 1]),
  floats("value", [1], [value]),
  node("y", "AddV2", ["x", "value"], { T: { type: 1 } }),
];
const one = [new Tensor("float32", [1, 1], new Float32Array([1]))];
const scoreOf = async (repository: FolderRepository, version?: string) =>
  (await repository.get("add", version).infer(one))[0]?.data[0];
const config = (folder: string, text: string) => writeFileSync(join(folder, "add", "config.pbtxt"), text);

describe("FolderRepository", () => {
  it("serves the newest version, or those that the policy wants", async () => {
    const folder = makeFolder();
    for (const version of [1, 2, 10]) writeModel(folder, "add", addNodes(version), version);
    const repository = repositoryOf({ folders: [folder] });
    expect((await repository.loadAll()).size).toBe(0);
    expect(await scoreOf(repository)).toBe(11);
    expect(() => repository.get("add", "2")).toThrow("'add' version 2 is not found; there is 10");
    config(folder, "version_policy { all {} }");
    await repository.load("add");
    expect(await Promise.all(["1", "2", "10", ""].map((version) => scoreOf(repository, version)))).toEqual([
      2, 3, 11, 11,
    ]);
    config(folder, "version_policy { specific { versions: [2] } }");
    await repository.load("add");
    expect(await scoreOf(repository)).toBe(3);
    expect(repository.index().map(({ version, state, reason }) => [version, state, reason])).toEqual([
      ["1", "UNAVAILABLE", "unloaded"],
      ["2", "READY", ""],
      ["10", "UNAVAILABLE", "unloaded"],
    ]);
    expect(() => repository.get("add", "10")).toThrow("version 10 is not at ready state (unloaded)");
    config(folder, "version_policy { specific { versions: [7] } }");
    await expect(repository.load("add")).rejects.toThrow("version 7 is wanted, but there is 1, 2, 10");
    expect(await scoreOf(repository)).toBe(3);
  });

  it("replaces a model in one step: no request fails, none is answered by a mixture", async () => {
    const folder = makeFolder();
    writeModel(folder, "add", addNodes(1));
    const repository = repositoryOf({ folders: [folder] });
    await repository.loadAll();
    const seen: unknown[] = [];
    let isDone = false;
    const client = (async () => {
      while (!isDone) seen.push(await scoreOf(repository));
    })();
    writeModel(folder, "add", addNodes(100));
    const reload = repository.load("add");
    expect(repository.index()[0]?.state).toBe("READY");
    await reload;
    for (const start = seen.length; seen.length < start + 5; ) await new Promise(setImmediate);
    isDone = true;
    await client;
    expect(seen.length).toBeGreaterThan(5);
    expect([...new Set(seen)]).toEqual([2, 101]);
  });

  it("keeps the old model when the new one cannot be loaded", async () => {
    const folder = makeFolder();
    writeModel(folder, "add", addNodes(1));
    const repository = repositoryOf({ folders: [folder] });
    await repository.loadAll();
    writeFileSync(join(folder, "add", "1", "model.pb"), "damaged");
    await expect(repository.load("add")).rejects.toThrow("does not parse");
    expect(await scoreOf(repository)).toBe(2);
    expect(repository.index()[0]).toMatchObject({ state: "READY" });
  });

  it("unloads, after what was accepted is answered, and loads again", async () => {
    const folder = makeFolder();
    writeModel(folder, "add", addNodes(1));
    const repository = repositoryOf({ folders: [folder] });
    await repository.loadAll();
    const model = repository.get("add");
    const accepted = Array.from({ length: 20 }, () => model.infer(one));
    const unloaded = repository.unload("add");
    expect(() => repository.get("nope")).toThrow(/unknown model: 'nope' is not found/);
    await unloaded;
    expect((await Promise.all(accepted)).every(([y]) => y?.data[0] === 2)).toBe(true);
    expect(() => repository.get("add")).toThrow("'add' has no available versions (unloaded)");
    await expect(model.infer(one)).rejects.toThrow("being closed");
    await repository.load("add");
    expect(await scoreOf(repository)).toBe(2);
    await Promise.all([
      repository.unload("add"),
      repository.load("add"),
      repository.unload("add"),
      repository.load("add"),
    ]);
    expect(await scoreOf(repository)).toBe(2);
    await expect(repository.unload("nope")).rejects.toThrow("is not found");
  });

  it("shows the states of a model from its loading to its end", async () => {
    const folder = makeFolder();
    writeModel(folder, "add", addNodes(1));
    const repository = repositoryOf({ folders: [folder] });
    const state = () => repository.index().map((entry) => `${entry.state} ${entry.reason}`.trim())[0];
    const seen = [state()];
    const watch = async (change: Promise<void>) => {
      let isDone = false;
      void change.finally(() => {
        isDone = true;
      });
      for (let round = 0; !isDone; round++) {
        seen.push(state());
        if (round % 20 === 19) await new Promise(setImmediate);
        else await Promise.resolve();
      }
      seen.push(state());
    };
    await watch(repository.load("add"));
    await watch(repository.unload("add"));
    expect(seen.filter((one, i) => one !== seen[i - 1])).toEqual([
      "UNAVAILABLE not loaded",
      "LOADING",
      "READY",
      "UNLOADING",
      "UNAVAILABLE unloaded",
    ]);
  });

  it("goes on without models that cannot be loaded, and says why", async () => {
    const folder = makeFolder();
    writeModel(folder, "good", echoNodes("float32"));
    writeModel(folder, "bad", echoNodes("float32"));
    writeFileSync(join(folder, "bad", "config.pbtxt"), 'input { name: "z" }');
    mkdirSync(join(folder, "empty"));
    const repository = repositoryOf({ folders: [folder] });
    const failed = await repository.loadAll();
    expect([...failed.keys()]).toEqual(["bad", "empty"]);
    expect(failed.get("bad")?.message).toMatch("input 'z' is not in the model; did you mean 'x'");
    expect(failed.get("empty")?.message).toMatch("no version of 'empty'");
    expect(repository.index().map(({ name, state }) => [name, state])).toEqual([
      ["bad", "UNAVAILABLE"],
      ["empty", "UNAVAILABLE"],
      ["good", "READY"],
    ]);
    expect(() => repository.get("bad")).toThrow(/'bad' has no available versions \(input 'z'/);
  });

  it("checks configurations against models", async () => {
    const folder = makeFolder();
    writeModel(folder, "add", addNodes(1));
    const repository = repositoryOf({ folders: [folder] });
    const wrong: [string, string][] = [
      ['name: "other"', "is of a model 'other', but lies in the folder of 'add'"],
      [
        'input { name: "x" data_type: TYPE_INT32 }',
        "data_type of 'x' is TYPE_INT32, but the model has TYPE_FP32",
      ],
      ['max_batch_size: 4 input { name: "x" dims: [2] }', "dims of 'x' mean [?,2], but the model has [?,1]"],
      ["max_batch_sise: 4", "did you mean 'max_batch_size'"],
      ['output { name: "y" label_filename: "../secret" }', "label_filename '../secret' is no file"],
      [
        'model_warmup { name: "w" inputs { key: "x" value { dims: [3] zero_data: true } } }',
        "model_warmup 'w': input 'x' has dims 1,3",
      ],
      ['model_warmup { name: "w" }', "model_warmup 'w': input 'x' is missing"],
    ];
    for (const [text, message] of wrong) {
      config(folder, text);
      await expect(repository.load("add"), text).rejects.toThrow(message);
    }
    config(folder, "max_batch_size: 0");
    await repository.load("add");
    expect(repository.get("add").maxBatchSize).toBe(0);
    expect(await scoreOf(repository)).toBe(2);
    expect(repository.get("add").statistics).toMatchObject({ inferenceCount: 1, executionCount: 1 });
  });

  it("warms up with the configuration's samples, of files too", async () => {
    const folder = makeFolder();
    writeModel(folder, "add", addNodes(1));
    mkdirSync(join(folder, "add", "warmup"));
    writeFileSync(join(folder, "add", "warmup", "rows"), new Uint8Array(new Float32Array([1, 2]).buffer));
    const repository = repositoryOf({ folders: [folder] });
    const sample = (data: string) =>
      `max_batch_size: 4 model_warmup { name: "w" batch_size: 2 count: 3 inputs { key: "x" value { data_type: TYPE_FP32 dims: [1] ${data} } } }`;
    for (const data of ["random_data: true", 'input_data_file: "rows"']) {
      config(folder, sample(data));
      await repository.load("add");
      expect(repository.get("add").statistics.inferenceCount).toBe(0);
    }
    config(folder, sample('input_data_file: "none"'));
    await expect(repository.load("add")).rejects.toThrow("input_data_file 'warmup/none' is no file");
  });

  it("takes models by their paths, SavedModels and frozen graphs, and says no to two of a name", async () => {
    const paths = { saved: join(jetTagger, "saved_model"), frozen: join(jetTagger, "graph.pb") };
    const repository = repositoryOf({ models: paths });
    const progress = vi.fn();
    expect((await repository.loadAll(progress)).size).toBe(0);
    expect(progress.mock.calls).toEqual([
      [0, 2, "saved"],
      [1, 2, "frozen"],
      [2, 2],
    ]);
    expect(["saved", "frozen"].map((name) => repository.get(name).platform)).toEqual([
      "tensorflow_savedmodel",
      "tensorflow_graphdef",
    ]);
    const jets = [new Tensor("float32", [2, 5], new Float32Array([50, 1, 0.5, 8, 12, 30, -2, 1, 4, 7]))];
    const [saved, frozen] = await Promise.all(
      ["saved", "frozen"].map((name) => repository.get(name).infer(jets)),
    );
    for (const i of [0, 1]) expect(saved?.[0]?.data[i]).toBeCloseTo(Number(frozen?.[0]?.data[i]), 6);
    expect(saved?.[0]?.shape).toEqual([2, 1]);
    const folder = makeFolder();
    writeModel(folder, "saved", denseNodes);
    await expect(repositoryOf({ folders: [folder], models: paths }).loadAll()).rejects.toThrow(
      "there are two models 'saved'",
    );
    await expect(repositoryOf({ folders: [join(folder, "none")] }).loadAll()).rejects.toThrow(
      "is no directory",
    );
  });

  it("runs a model that is compiled for the sizes of its batches only", async () => {
    const folder = makeFolder();
    writeModel(folder, "mlp", denseNodes);
    const repository = repositoryOf({
      folders: [folder],
      defaults: { maxBatchSize: 8, model: { engine: "compiled" } },
    });
    await repository.loadAll();
    const model = repository.get("mlp");
    expect(model.maxBatchSize).toBe(8);
    const rows = (count: number) =>
      new Tensor(
        "float32",
        [count, 20],
        Float32Array.from({ length: 20 * count }, (_, i) => Math.sin(i)),
      );
    const [all] = (await model.infer([rows(19)])) as [Tensor<"float32">];
    expect(all.shape).toEqual([19, 2]);
    for (const count of [1, 3, 5, 8]) {
      const [some] = await model.infer([rows(count)]);
      expect(some?.data).toEqual(all.data.slice(0, 2 * count));
    }
    const [none] = await model.infer([rows(0)]);
    expect(none).toMatchObject({ shape: [0, 2], data: new Float32Array(0) });
  });

  it("gives the memory of a model back that is unloaded or replaced", { timeout: 60_000 }, async () => {
    const folder = makeFolder();
    const weights = Array.from({ length: 200 * 200 }, (_, i) => Math.sin(i));
    const repository = repositoryOf({
      folders: [folder],
      defaults: { maxBatchSize: 2, model: { engine: "compiled" } },
    });
    const sizes: number[] = [];
    for (let round = 0; round < 12; round++) {
      weights[0] = round;
      writeModel(folder, "wide", [
        placeholder("x", "float32", [-1, 200]),
        floats("w", [200, 200], weights),
        node("y", "MatMul", ["x", "w"], { T: { type: 1 } }),
      ]);
      await repository.load("wide");
      if (round % 3 === 2) await repository.unload("wide");
      sizes.push(modelMemory().sizeBytes);
    }
    expect(sizes.at(-1)).toBe(sizes[3]);
  });

  it("leaves nothing of a model whose files came with the request", async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith("cmsrun-model-"));
    const folder = makeFolder();
    writeModel(folder, "add", addNodes(5));
    const bytes = readFileSync(join(folder, "add", "1", "model.pb"));
    const repository = repositoryOf({ folders: [makeFolder()] });
    const parameters = { config: "{}", "file:1/model.pb": bytes.toString("base64") };
    await repository.load("add", parameters);
    expect(await scoreOf(repository)).toBe(6);
    await expect(repository.load("add", { ...parameters, config: '{"max_batch_size":-1}' })).rejects.toThrow(
      "max_batch_size must be from 0 to 65536, not -1",
    );
    await expect(repository.load("add", { "file:1/model.pb": "" })).rejects.toThrow("need its configuration");
    for (const path of ["../x", "/etc/x", "1/../../x", "", "a\\b"])
      await expect(repository.load("add", { config: "{}", [`file:${path}`]: "" }), path).rejects.toThrow(
        "is no path",
      );
    await repository.unload("add");
    await expect(repository.load("add")).rejects.toThrow("'add' is not found");
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith("cmsrun-model-"))).toEqual(before);
  });
});
