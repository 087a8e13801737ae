/**
 * What saveFrozenGraph writes, read by TensorFlow itself and by the reference engine: the models beside the checkout
 * (CMSRUN_SHARED), frozen from their SavedModels, the graphs of CMS rewritten, and a training of TensorFlow 1.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setLogSink } from "../../../../framework/base/log.js";
import { loadGraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import { loadSavedModel } from "../../../../framework/tensorflow/savedmodel/SavedModel.js";
import {
  loadFrozenGraph,
  type SavedGraph,
  saveFrozenGraph,
} from "../../../../framework/tensorflow/saving/saveFrozenGraph.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { describeWithPython, runPython } from "../../../python.js";
import { largestDifference, type PlainTensor, toTensor } from "../goldens.js";

interface Golden {
  readonly inputs: Readonly<Record<string, PlainTensor>>;
  readonly outputs: Readonly<Record<string, PlainTensor>>;
}

interface Answer {
  readonly differences: readonly (number | string)[];
  readonly equal: boolean;
  readonly ops: readonly string[];
  readonly devices: readonly string[];
  readonly names: readonly string[];
  readonly version: number;
}

const models = join(process.env.CMSRUN_SHARED ?? "", "models");
const isThere = process.env.CMSRUN_SHARED !== undefined && existsSync(models);
if (!isThere)
  console.warn("savedByUs.test.ts: CMSRUN_SHARED names no folder with models/: NOT all is tested");
const folder = mkdtempSync(join(tmpdir(), "cmsrun-saving-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(() => setLogSink(() => {}));

const timeoutMs = 240_000;
const fromSavedModels = [
  "simple",
  "multi",
  "mlp_small",
  "mlp_big",
  "deepjet_like",
  "transformer",
  "cnn",
  "tf1_frozen",
  "gru",
];
const ofCms = isThere ? readdirSync(join(models, "cms")) : [];

function goldenOf(path: string): Golden {
  return (JSON.parse(readFileSync(join(path, "golden.json"), "utf8")) as { cases: Golden[] })
    .cases[0] as Golden;
}

function ask(tasks: readonly object[]): Answer[] {
  const path = join(folder, "tasks.json");
  writeFileSync(path, JSON.stringify(tasks));
  return JSON.parse(runPython(join(import.meta.dirname, "read_frozen.py"), [path])) as Answer[];
}

describe.skipIf(!isThere)("a SavedModel", () => {
  it.each(fromSavedModels)("%s is bit-identical when it is frozen", async (name) => {
    const source = join(models, name, "saved_model");
    const saved = await saveFrozenGraph(join(folder, `${name}.pb`), source, { variablesToConstants: true });
    const { inputs, outputs } = goldenOf(join(models, name));
    const keys = Object.keys(outputs);
    const results = (path: string, names: Readonly<Record<string, string>>, fetches: readonly string[]) => {
      const session = createSession(
        existsSync(join(path, "saved_model.pb")) ? loadSavedModel(path) : loadGraphDef(path),
      );
      const feeds = Object.entries(inputs).map(([key, plain]): [string, Tensor] => [
        names[key] ?? key,
        toTensor(plain),
      ]);
      return session.run(feeds, fetches).map(({ dtype, shape, data }) => ({ dtype, shape, data }));
    };
    const frozen = results(
      saved.path,
      saved.inputs,
      keys.map((key) => saved.outputs[key] as string),
    );
    expect(frozen).toEqual(results(source, {}, keys));
    // Plugins that ask by the signature's keys are served, too.
    const isWrapped = name !== "tf1_frozen";
    if (isWrapped) expect(results(saved.path, {}, keys)).toEqual(frozen);
    expect(saved.dropped.saver).toBeGreaterThan(0);
    expect(saved.variableCount).toBe(0);
  });
});

describeWithPython("TensorFlow", () => {
  it.skipIf(!isThere)(
    "reads what is frozen from SavedModels, as its own freezing gives it",
    async () => {
      const tasks = [];
      for (const name of fromSavedModels) {
        const source = join(models, name, "saved_model");
        const files = [".pb", ".pb.txt"].map((suffix) => join(folder, `frozen_${name}${suffix}`));
        const saved = await Promise.all(
          files.map((file) => saveFrozenGraph(file, source, { variablesToConstants: true })),
        );
        const { inputs, outputs } = goldenOf(join(models, name));
        const keys = Object.keys(outputs);
        const fetches = keys.map((key) => (saved[0] as SavedGraph).outputs[key]);
        tasks.push({ files, feeds: inputs, savedModel: source, keys, fetches });
      }
      const answers = ask(tasks);
      for (const [i, { differences, equal, ops, devices, names }] of answers.entries()) {
        expect(
          differences.map((difference) => [fromSavedModels[i], Number(difference) <= 1e-6 || difference]),
        ).toEqual(differences.map(() => [fromSavedModels[i], true]));
        expect(equal).toBe(true);
        expect(ops.filter((op) => /Var|Save|Restore|Assign|StatefulPartitionedCall/.test(op))).toEqual([]);
        expect(devices).toEqual([""]);
        // Inputs and outputs are called as its own freezing calls them.
        const { path, outputs } = {
          path: join(folder, `frozen_${fromSavedModels[i]}.pb`),
          outputs: tasks[i]?.fetches ?? [],
        };
        const ours = new Set(loadGraphDef(path).nodes.map(({ name }) => name));
        expect(Object.keys(tasks[i]?.feeds ?? {}).filter((name) => !ours.has(name))).toEqual([]);
        expect(
          outputs.map((name) => name?.replace(":0", "")).filter((name) => !names.includes(name ?? "")),
        ).toEqual([]);
      }
    },
    timeoutMs,
  );

  it.skipIf(!isThere)(
    "reads the graphs of CMS that are rewritten as text and binary",
    async () => {
      const tasks = [];
      for (const name of ofCms) {
        const source = join(models, "cms", name, "graph.pb");
        const files = [".pb", ".pbtxt"].map((suffix) => join(folder, `cms_${name}${suffix}`));
        const graph = await loadFrozenGraph(source);
        for (const file of files) {
          await saveFrozenGraph(file, graph);
          expect({ ...(await loadFrozenGraph(file)), origin: "" }).toEqual({ ...graph, origin: "" });
        }
        const { inputs, outputs } = goldenOf(join(models, "cms", name));
        const full = (tensor: string) => (tensor.includes(":") ? tensor : `${tensor}:0`);
        const feeds = Object.fromEntries(Object.entries(inputs).map(([key, value]) => [full(key), value]));
        tasks.push({ files, feeds, graph: source, fetches: Object.keys(outputs).map(full) });
      }
      const answers = ask(tasks);
      expect(answers.map(({ differences, equal }) => [differences, equal])).toEqual(
        answers.map(() => [[0, 0], true]),
      );
    },
    timeoutMs,
  );

  it(
    "freezes a training to its inference part",
    async () => {
      const training = join(folder, "training");
      mkdirSync(training);
      runPython(join(import.meta.dirname, "make_training.py"), [training]);
      const expected = JSON.parse(readFileSync(join(training, "expected.json"), "utf8")) as Record<
        string,
        { output: string; x: number[][]; y: number[][]; nodes: number }
      >;
      const tasks = [];
      for (const [kind, { output, x, y, nodes }] of Object.entries(expected)) {
        const meta = join(training, kind, "model.meta");
        const files = [".pb", ".pbtxt"].map((suffix) => join(training, kind + suffix));
        const plain = (rows: number[][]): PlainTensor => ({
          dtype: "float32",
          shape: [rows.length, rows[0]?.length ?? 0],
          data: rows.flat(),
        });
        for (const path of files) {
          const saved = await saveFrozenGraph(path, meta, {
            variablesToConstants: true,
            outputNames: [output],
          });
          const { queue = 0, summary = 0, optimizer = 0, saver = 0 } = saved.dropped;
          expect([queue > 3, summary > 3, optimizer > 50, saver > 5]).toEqual([true, true, true, true]);
          expect(saved.nodeCount).toBeLessThan(nodes / 5);
          expect([saved.inputs, saved.outputs]).toEqual([
            { "net/x": "net/x:0" },
            { [output]: `${output}:0` },
          ]);
        }
        const [score] = createSession(loadGraphDef(files[0] as string)).run(
          [["net/x", toTensor(plain(x))]],
          [output],
        );
        expect(largestDifference(score as Tensor, plain(y))).toBeLessThan(1e-6);
        await expect(
          saveFrozenGraph(join(training, "none.pb"), meta, { variablesToConstants: true }),
        ).rejects.toThrow("name them with outputNames; nothing reads");
        const fed = output.replace(/_1\b/, "").replace("score_1", "score");
        await expect(
          saveFrozenGraph(join(training, "none.pb"), meta, {
            variablesToConstants: true,
            outputNames: [fed],
          }),
        ).rejects.toThrow("(QueueDequeueManyV2), which feeds a training");
        expect(existsSync(join(training, "none.pb"))).toBe(false);
        tasks.push({ files, feeds: { "net/x:0": plain(x) }, expected: [plain(y)], fetches: [`${output}:0`] });
      }
      for (const { differences, equal, devices, ops } of ask(tasks)) {
        expect(differences.every((difference) => Number(difference) <= 1e-6)).toBe(true);
        expect([equal, devices]).toEqual([true, [""]]);
        expect(ops.filter((op) => /Var|Queue|Assign|Summary/.test(op))).toEqual([]);
      }
    },
    timeoutMs,
  );
});
