/**
 * Whole models in the compiled engine against TensorFlow's outputs: every golden model as frozen graph, SavedModel and
 * with While ops, and CMS's own graphs, on both targets and at many batch sizes. Each is compiled whole, and a row has
 * the same bits in every batch.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { TargetName } from "../../../../framework/aot/Unit.js";
import { type GraphDef, loadGraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import { loadSavedModel } from "../../../../framework/tensorflow/savedmodel/SavedModel.js";
import type { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { modelNames, modelsFolder } from "../../../goldenModels.js";
import { batchOf, type GoldenRow, goldenRows, readJson, row } from "./goldenRows.js";
import { bytesOf, compiledSession, testableTargets, withReasons } from "./targets.js";

const file = "aot/models/goldens.test.ts";
const folder = modelsFolder(file);
const targets = testableTargets(file);

/** WebAssembly takes milliseconds to compile, C up to seconds. */
const batches: Readonly<Record<TargetName, readonly number[]>> = {
  wasm: [1, 2, 3, 5, 8, 16, 32, 64],
  native: [1, 3, 8, 64],
};
/** The same model written otherwise. */
const fewBatches: Readonly<Record<TargetName, readonly number[]>> = { wasm: [1, 3], native: [3] };
const cmsBatches: Readonly<Record<TargetName, readonly number[]>> = { wasm: batches.wasm, native: [1, 3, 8] };
/** A row of these takes milliseconds: no batches above this. */
const largestBatch: Readonly<Record<string, number>> = { deepmet_v1: 3, deepflavour_v03: 16, ddx_ddb: 16 };

interface Checked {
  readonly graph: GraphDef;
  readonly target: TargetName;
  readonly batches: readonly number[];
  readonly rows: readonly GoldenRow[];
  /** The name in the graph of an input or output. */
  readonly tensorOf: (key: string) => string;
  /** What an element of an output may be off. */
  readonly allowed: (key: string, value: number) => number;
}

function check({ graph, target, batches, rows, tensorOf, allowed }: Checked): void {
  const session = compiledSession(graph, target);
  const [first] = rows as [GoldenRow];
  const [inputs, outputs] = [Object.keys(first.inputs), Object.keys(first.outputs)];
  const run = (given: readonly GoldenRow[], count: number) => {
    const feeds = inputs.map((key): [string, Tensor] => [
      tensorOf(key),
      batchOf(
        given.map((each) => each.inputs[key] as Tensor),
        count,
      ),
    ]);
    return session.run(feeds, outputs.map(tensorOf));
  };
  const { reasons } = withReasons(() => {
    const alone = rows.map((each) => run([each], 1));
    for (const batch of batches) {
      const results = run(rows, batch);
      for (const [i, key] of outputs.entries()) {
        for (let at = 0; at < batch; at++) {
          const got = row(results[i] as Tensor, at);
          const from = at % rows.length;
          const where = `${key}, row ${at} of ${batch}`;
          expectGolden(got, rows[from]?.outputs[key] as Tensor, (value) => allowed(key, value), where);
          const same = Buffer.compare(bytesOf(got), bytesOf(alone[from]?.[i] as Tensor));
          expect(same, `${where}: the bits of the same row alone`).toBe(0);
        }
      }
    }
  });
  session.close();
  const left = reasons.filter((reason) => !trainingOnly.test(reason));
  expect(left, "compiled whole").toEqual([]);
}

/** The branch that a graph takes in training: no run of inference comes there. */
const trainingOnly =
  /^only runs with '[^']*(learning_phase|is_training):0' = true go to .* it draws random numbers/;

function expectGolden(got: Tensor, golden: Tensor, allowed: (value: number) => number, where: string): void {
  expect([got.dtype, got.shape], where).toEqual([golden.dtype, golden.shape]);
  for (const [i, value] of golden.data.entries()) {
    const expected = Number(value);
    const off = Object.is(Number(got.data[i]), expected) ? 0 : Math.abs(Number(got.data[i]) - expected);
    const isRight = off <= (got.dtype.startsWith("float") ? allowed(expected) : 0);
    if (!isRight) expect(got.data[i], where).toBe(expected);
  }
}

const nearly = (_key: string, value: number) => 1e-5 * Math.max(1, Math.abs(value));

describe.skipIf(!folder).each(targets)("compiled for %s", (target) => {
  const models = folder ?? "";
  it.each(modelNames)(
    "%s gives TensorFlow's outputs, whole, and a row the same bits in any batch",
    { timeout: 60_000 },
    (name) => {
      type Names = Record<string, { tensor: string }>;
      const meta = readJson<{ inputs: Names; outputs: Names }>(models, name, "meta.json");
      const tensorOf = (key: string) => (meta.inputs[key] ?? meta.outputs[key])?.tensor ?? key;
      const graph = loadGraphDef(join(models, name, "frozen.pb"));
      const rows = goldenRows(models, name);
      check({ graph, target, batches: batches[target], rows, tensorOf, allowed: nearly });
    },
  );

  it.each(modelNames)("%s gives them as a SavedModel too", { timeout: 60_000 }, (name) => {
    const graph = loadSavedModel(join(models, name, "saved_model"));
    const rows = goldenRows(models, name);
    check({ graph, target, batches: fewBatches[target], rows, tensorOf: (key) => key, allowed: nearly });
  });

  const hasWhile = (name: string) => existsSync(join(models, name, "frozen_whilev2.pb"));
  it.each(modelNames.filter(hasWhile))("%s gives them with While ops too", { timeout: 60_000 }, (name) => {
    type Names = Record<string, string>;
    const { frozen_whilev2 } = readJson<{ frozen_whilev2: { inputs: Names; outputs: Names } }>(
      models,
      name,
      "meta.json",
    );
    const tensorOf = (key: string) => frozen_whilev2.inputs[key] ?? frozen_whilev2.outputs[key] ?? key;
    const graph = loadGraphDef(join(models, name, "frozen_whilev2.pb"));
    check({
      graph,
      target,
      batches: fewBatches[target],
      rows: goldenRows(models, name),
      tensorOf,
      allowed: nearly,
    });
  });

  const production = folder ? readdirSync(join(folder, "cms")) : [];
  it.each(production)(
    "CMS's %s gives TensorFlow's outputs, whole, and a row the same bits in any batch",
    { timeout: 120_000 },
    (name) => {
      type Output = { name: string; max_std_over_batch32: number };
      const { outputs } = readJson<{ outputs: Output[] }>(models, "cms", name, "meta.json");
      const spread = new Map(outputs.map((output) => [output.name, output.max_std_over_batch32]));
      check({
        graph: loadGraphDef(join(models, "cms", name, "graph.pb")),
        target,
        batches: cmsBatches[target].filter((batch) => batch <= (largestBatch[name] ?? batch)),
        rows: goldenRows(models, "cms", name),
        tensorOf: (key) => key,
        // The rule of spec/cms-models.md: absolute, in units of the output's spread.
        allowed: (key) => 2e-4 * (spread.get(key) ?? 0) + 1e-6,
      });
    },
  );
});
