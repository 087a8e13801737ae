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
import { freeze } from "../../../../framework/tensorflow/ConcreteFunction.js";
import { type GraphDef, loadGraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import { loadSavedModel } from "../../../../framework/tensorflow/savedmodel/SavedModel.js";
import {
  loadFrozenGraph,
  type SavedGraph,
  saveFrozenGraph,
} from "../../../../framework/tensorflow/saving/saveFrozenGraph.js";
import { toConcreteFunction } from "../../../../framework/tensorflow/saving/toConcreteFunction.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import type { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { describeWithPython, runPython } from "../../../python.js";
import { modelNames, modelsFolder } from "../../../goldenModels.js";
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

const found = modelsFolder("savedByUs.test.ts");
const models = found ?? "";
const isThere = found !== undefined;
const folder = mkdtempSync(join(tmpdir(), "cmsrun-saving-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(() => setLogSink(() => {}));

const timeoutMs = 240_000;
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
  it.each(modelNames)("%s is bit-identical when it is frozen", async (name) => {
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
      for (const name of modelNames) {
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
          differences.map((difference) => [modelNames[i], Number(difference) <= 1e-6 || difference]),
        ).toEqual(differences.map(() => [modelNames[i], true]));
        expect(equal).toBe(true);
        expect(ops.filter((op) => /Var|Save|Restore|Assign|StatefulPartitionedCall/.test(op))).toEqual([]);
        expect(devices).toEqual([""]);
        // Inputs and outputs are called as its own freezing calls them.
        const { path, outputs } = {
          path: join(folder, `frozen_${modelNames[i]}.pb`),
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
    "runs what keeps its variables, once they have their values",
    async () => {
      const tasks = [];
      for (const name of ["simple", "deepjet_like", "transformer"]) {
        const source = join(models, name, "saved_model");
        const files = [".pb", ".pb.txt"].map((suffix) => join(folder, `variables_${name}${suffix}`));
        const [saved] = await Promise.all(files.map((file) => saveFrozenGraph(file, source)));
        expect(saved?.variableCount).toBeGreaterThan(10);
        const { inputs, outputs } = goldenOf(join(models, name));
        const fetches = Object.keys(outputs).map((key) => saved?.outputs[key]);
        const checkpoint = join(source, "variables", "variables");
        tasks.push({ files, feeds: inputs, expected: Object.values(outputs), fetches, checkpoint });
      }
      for (const { differences, equal } of ask(tasks)) {
        expect(differences.every((difference) => Number(difference) <= 1e-6)).toBe(true);
        expect(equal).toBe(true);
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
        Trained
      >;
      const tasks = [];
      for (const [kind, trained] of Object.entries(expected)) {
        tasks.push(await freezeTraining(join(training, kind), trained));
        await expectRefused(join(training, kind), trained);
      }
      const kept = await keepVariables(join(training, "resource"), expected.resource as Trained);
      const answers = ask([...tasks, kept]);
      for (const { differences, equal, devices, ops } of answers.slice(0, -1)) {
        expect(differences.every((difference) => Number(difference) <= 1e-6)).toBe(true);
        expect([equal, devices]).toEqual([true, [""]]);
        expect(ops.filter((op) => /Var|Queue|Assign|Summary/.test(op))).toEqual([]);
      }
      const { differences, ops, devices } = answers.at(-1) as Answer;
      expect(differences.every((difference) => Number(difference) <= 1e-6)).toBe(true);
      expect(ops.filter((op) => /Var|Placeholder/.test(op))).toEqual([
        "Placeholder",
        "ReadVariableOp",
        "VarHandleOp",
      ]);
      // Only a graph that still may be trained keeps its devices.
      expect(devices).toEqual(["", "/device:CPU:0"]);
    },
    timeoutMs,
  );
});

interface Trained {
  readonly output: string;
  readonly x: readonly (readonly number[])[];
  readonly y: readonly (readonly number[])[];
  readonly nodes: number;
}

function plain(rows: Trained["x"]): PlainTensor {
  return { dtype: "float32", shape: [rows.length, rows[0]?.length ?? 0], data: rows.flat() };
}

/** What Python is asked about the files. */
function taskOf(files: readonly string[], { x, y, output }: Trained) {
  return { files, feeds: { "net/x:0": plain(x) }, expected: [plain(y)], fetches: [`${output}:0`] };
}

function expectScore(graph: GraphDef, { x, y, output }: Trained): void {
  const [score] = createSession(graph).run([["net/x", toTensor(plain(x))]], [output]);
  expect(largestDifference(score as Tensor, plain(y))).toBeLessThan(1e-6);
}

async function freezeTraining(path: string, trained: Trained) {
  const files = [".pb", ".pbtxt"].map((suffix) => path + suffix);
  const { output, nodes } = trained;
  for (const file of files) {
    const options = { variablesToConstants: true, outputNames: [output] };
    const saved = await saveFrozenGraph(file, join(path, "model.meta"), options);
    const { queue = 0, summary = 0, optimizer = 0, saver = 0 } = saved.dropped;
    expect([queue > 3, summary > 3, optimizer > 50, saver > 5]).toEqual([true, true, true, true]);
    expect(saved.nodeCount).toBeLessThan(nodes / 5);
    expect([saved.inputs, saved.outputs]).toEqual([{ "net/x": "net/x:0" }, { [output]: `${output}:0` }]);
  }
  expectScore(loadGraphDef(files[0] as string), trained);
  return taskOf(files, trained);
}

/** Without the values in the file, with those of the checkpoint. */
async function keepVariables(path: string, trained: Trained) {
  const files = [".variables.pb", ".variables.pbtxt"].map((suffix) => path + suffix);
  const checkpoint = join(path, "model");
  for (const file of files) {
    const saved = await saveFrozenGraph(file, `${checkpoint}.meta`, { outputNames: [trained.output] });
    expect(saved.variableCount).toBe(3);
  }
  const restored = await toConcreteFunction(files[0] as string, { checkpoint });
  expectScore(freeze(restored), trained);
  return { ...taskOf(files, trained), checkpoint };
}

async function expectRefused(path: string, { output }: Trained): Promise<void> {
  const meta = join(path, "model.meta");
  const target = join(path, "none.pb");
  const options = { variablesToConstants: true };
  await expect(saveFrozenGraph(target, meta, options)).rejects.toThrow(
    "name them with outputNames; nothing reads",
  );
  const trainedOnQueue = output.replace(/_1\b/, "").replace("score_1", "score");
  await expect(saveFrozenGraph(target, meta, { ...options, outputNames: [trainedOnQueue] })).rejects.toThrow(
    "(QueueDequeueManyV2), which feeds a training",
  );
  expect(existsSync(target)).toBe(false);
}
