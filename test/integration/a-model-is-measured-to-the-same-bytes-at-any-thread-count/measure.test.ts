import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cms, type Histogram, JetScores, RootTreeReader } from "#framework";
import { TestProcessor } from "#testing";
import { describe, expect, it } from "vitest";
import { describeWithPython, runPython } from "../../python.js";
import { InferenceRunner } from "../../../plugins/TensorFlow/InferenceRunner.js";
import { cmsrun, cmsrunConfig, exceptionBlock, root, tagged, temporaryFolder } from "../run.js";

const folder = temporaryFolder();
const config = join(root, "configs", "inference_runner_cfg.ts");
let jobs = 0;

/** Runs the config in a folder of its own; gives what it wrote. */
async function measured(...args: string[]) {
  const cwd = join(folder, `job${jobs++}`);
  mkdirSync(cwd);
  const outcome = await cmsrun([config, ...args], { cwd });
  const read = (name: string) => readFileSync(join(cwd, `jet_btag_${name}.json`), "utf8");
  expect(exceptionBlock(outcome)).toBe("");
  return { outcome, scalars: read("scalars"), histograms: read("histograms") };
}

describe("inference_runner_cfg.ts", () => {
  it("finds the area that RocAucAnalyzer finds, with the model and from the scores of a producer", async () => {
    const { outcome, scalars, histograms } = await measured();
    const [line = ""] = tagged(outcome, "ROC");
    const found = JSON.parse(scalars) as Record<string, number>;
    expect(line).toBe(`AUC ${found.model_auc?.toFixed(9)} on 3588 jets, 865 of them b jets`);
    expect(found.model_auc).toBeCloseTo(0.68446, 6);
    for (const [name, value] of Object.entries(found)) {
      const shown = [name, name.replace("model_output", "scores_score").replace("model_", "scores_")];
      for (const label of shown)
        expect(outcome.stderr).toMatch(new RegExp(`^ {2}${label} +${value.toPrecision(9)}$`, "m"));
    }
    expect(outcome.stderr.match(/^InferenceRunner: 3588 rows$/gm)).toHaveLength(2);
    const { model_signal, model_background } = JSON.parse(histograms) as Record<string, Histogram>;
    const sum = (of?: Histogram) => ((of?.storage.values ?? []) as number[]).reduce((a, b) => a + b, 0);
    expect([sum(model_signal), sum(model_background)]).toEqual([865, 2723]);
  });

  it("leaves the same bytes with any number of threads and streams, and any batch size", async () => {
    const first = await measured();
    for (const threads of [1, 2, 3]) {
      for (const streams of [1, 2, 4].filter((count) => count >= threads)) {
        // 64 leaves a ragged last batch in every stream.
        for (const batchSize of [0, 64]) {
          const again = await measured(`threads=${threads}`, `streams=${streams}`, `batchSize=${batchSize}`);
          expect(again.scalars).toBe(first.scalars);
          expect(again.histograms).toBe(first.histograms);
        }
      }
    }
  }, 90_000);
});

describeWithPython("numpy", () => {
  it("finds the same area and calibration error from the scores that Python reads", async () => {
    const { scalars, histograms } = await measured("threads=2");
    const cwd = join(folder, "scores");
    mkdirSync(cwd);
    const listed = await cmsrunConfig(listScores, [], { cwd });
    expect(listed.code).toBe(0);
    const rows = tagged(listed, "Row").map((line) => line.split(" ").map(Number));
    const program = `
import json, sys, numpy as np
rows = np.array(json.loads(sys.argv[1]))
s, y = rows[:, 0], rows[:, 1] == 1
pos, neg = s[y], s[~y]
wins = (pos[:, None] > neg[None, :]).sum() + 0.5 * (pos[:, None] == neg[None, :]).sum()
bins = np.minimum((s * 10).astype(int), 9)
gaps = [abs(s[bins == b].mean() - y[bins == b].mean()) * (bins == b).sum() for b in range(10) if (bins == b).any()]
cut = np.sort(neg)[::-1][int(0.01 * len(neg))]
print(json.dumps({"auc": wins / (len(pos) * len(neg)), "ece": sum(gaps) / len(s), "mean": s.mean(),
  "precision": y[s >= 0.5].mean(), "recall": (pos >= 0.5).mean(), "tight": (pos > cut).mean(),
  "signal": np.histogram(pos, 100, (0, 1))[0].tolist()}))`;
    const expected = JSON.parse(runPython(program, [JSON.stringify(rows)])) as Record<string, number>;
    const found = JSON.parse(scalars) as Record<string, number>;
    expect(found.model_auc).toBe(expected.auc);
    expect(found.model_ece).toBeCloseTo(expected.ece as number, 12);
    expect(found.model_output).toBeCloseTo(expected.mean as number, 12);
    expect(found.model_precision).toBe(expected.precision);
    expect(found.model_recall).toBe(expected.recall);
    expect(found["model_efficiency_at_0.01"]).toBe(expected.tight);
    const { model_signal } = JSON.parse(histograms) as Record<string, Histogram>;
    expect(model_signal?.storage.values.slice(1, -1)).toEqual(expected.signal);
  });
});

const listScores = `process.source = cms.Source("NanoAODSource", { fileNames: cms.untracked.vstring("data/samples/jets_heldout.root") });
process.maxEvents.input = -1;
process.scores = cms.EDProducer("MyPlugin", { graphPath: cms.FileInPath("data/models/jet_btag/graph.pb") });
process.rows = cms.EDAnalyzer("RowPrinter");
process.p = cms.Path(process.scores, process.rows);`;

const jets = `src: cms.InputTag("Jet"), product: cms.string("JetCollection")`;
const truth = `cms.PSet({ tensor: cms.string("isB"), src: cms.InputTag("Jet"), product: cms.string("JetTruth"), columns: cms.vstring("hadronFlavour"), oneWhere: cms.vdouble(5) })`;
const roc = `cms.PSet({ type: cms.string("RocCurve"), predTensorName: cms.string("pt"), labelTensorName: cms.string("isB") })`;
const job = (parameters: string) => `process.evaluate = cms.EDAnalyzer("InferenceRunner", {
  tensors: cms.VPSet(cms.PSet({ tensor: cms.string("pt"), ${jets}, columns: cms.vstring("pt") }), ${truth}),
  inferencers: cms.VPSet(${roc}), ${parameters} });
process.source = cms.Source("NanoAODSource", { fileNames: cms.untracked.vstring("data/samples/jets_heldout.root") });
process.p = cms.Path(process.evaluate);`;

describe("what is wrong is told before the first event", () => {
  it.each([
    [
      "a folder that is not there",
      `fileName: cms.untracked.string("no/such/folder/out.json")`,
      "'no/such/folder/out.json' cannot be written",
    ],
    [
      "an unknown inferencer",
      `inferencers: cms.VPSet(cms.PSet({ type: cms.string("RocCurv") }))`,
      "unknown inferencer 'RocCurv'; did you mean 'RocCurve'?",
    ],
    [
      "an unknown tensor",
      `inferencers: cms.VPSet(cms.PSet({ type: cms.string("ScalarStats"), names: cms.vstring("eta") }))`,
      "an inferencer reads tensor 'eta'; there is 'pt', 'isB'",
    ],
    [
      "an unknown product",
      `tensors: cms.VPSet(cms.PSet({ tensor: cms.string("pt"), src: cms.InputTag("Jet"), product: cms.string("JetColection"), columns: cms.vstring("pt") }))`,
      "tensor 'pt': unknown product 'JetColection'; did you mean 'JetCollection'?",
    ],
    [
      "an unknown field",
      `tensors: cms.VPSet(cms.PSet({ tensor: cms.string("pt"), ${jets}, columns: cms.vstring("pT") }))`,
      "tensor 'pt': JetCollection has no field of numbers 'pT'; did you mean 'pt'?",
    ],
    ["two of one name", `inferencers: cms.VPSet(${roc}, ${roc})`, "two inferencers give 'val_auc'"],
    [
      "a model without outputs",
      `graphPath: cms.FileInPath("data/models/jet_btag/graph.pb")`,
      "a model (graphPath) needs 'inputs' and 'outputs'",
    ],
    [
      "outputs without a model",
      `outputs: cms.vstring("output")`,
      "give graphPath, or put the columns into 'tensors'",
    ],
  ])("%s", async (_what, parameters, message) => {
    const outcome = await cmsrunConfig(job(parameters));
    expect(outcome.code).not.toBe(0);
    expect(exceptionBlock(outcome)).toContain(message);
    expect(outcome.stderr).not.toMatch(/^ +at /m);
  });
});

describe("an inferencer of one's own", () => {
  it.each([1, 2])(
    "is named in the config once a plugin has registered it, on %i threads",
    async (threads) => {
      const body = `${job(`inferencers: cms.VPSet(${roc}, cms.PSet({ type: cms.string("Highest"), predTensorName: cms.string("pt"), summaryName: cms.string("highest_pt") }))`)}
process.maxEvents.input = -1;
process.own = cms.EDAnalyzer("Highest");
process.p = cms.Path(process.evaluate, process.own);`;
      const outcome = await cmsrunConfig(body, ["-n", String(threads)]);
      expect(exceptionBlock(outcome)).toBe("");
      const reader = await RootTreeReader.open(join(root, "data/samples/jets_heldout.root"));
      const columns = await reader.readColumns(["Jet_pt"], 0, reader.entryCount);
      reader.close();
      const highest = Math.max(...Array.from(columns.get("Jet_pt")?.values ?? [], Number));
      expect(outcome.stderr).toMatch(new RegExp(`^ {2}highest_pt +${highest.toPrecision(9)}$`, "m"));
    },
  );
});

describe("in a TestProcessor", () => {
  it("what one stream found is shown at the end of the job", async () => {
    const test = await TestProcessor.create(InferenceRunner, {
      tensors: cms.VPSet(
        cms.PSet({
          tensor: cms.string("score"),
          src: cms.InputTag("scores"),
          product: cms.string("JetScores"),
          columns: cms.vstring("score"),
        }),
      ),
      batchSize: cms.uint32(2),
      inferencers: cms.VPSet(cms.PSet({ type: cms.string("ScalarStats"), names: cms.vstring("score") })),
    });
    for (const scores of [[1, 2], [], [6]])
      await test.event([[JetScores, "scores", { score: Float32Array.from(scores) }]]);
    await test.endJob();
    expect(test.messages.map(({ text }) => text)).toEqual([
      "InferenceRunner: 3 rows\n  validation_score  3.00000000",
    ]);
  });
});

describe("a job that fails", () => {
  it.each([1, 2])("on %i threads writes no result", async (threads) => {
    const cwd = join(folder, `failing${threads}`);
    mkdirSync(cwd);
    const body = `${job(`fileName: cms.untracked.string("out.json"), scalarsFileName: cms.untracked.string("s.json")`)}
process.thrower = cms.EDProducer("Thrower", { where: cms.string("endRun") });
process.p = cms.Path(process.evaluate, process.thrower);`;
    const outcome = await cmsrunConfig(body, ["-n", String(threads)], { cwd });
    expect(exceptionBlock(outcome)).toContain("thrown in endRun");
    expect(outcome.stderr).not.toContain("InferenceRunner:");
    expect(readdirSync(cwd).filter((name) => name.endsWith(".json"))).toEqual([]);
  });

  it("by a score that is no probability says where", async () => {
    const body = job(
      `inferencers: cms.VPSet(cms.PSet({ type: cms.string("Calibration"), predTensorName: cms.string("pt"), labelTensorName: cms.string("isB") }))`,
    );
    const outcome = await cmsrunConfig(body);
    expect(exceptionBlock(outcome)).toMatch(/Calling method for module InferenceRunner\/'evaluate'/);
    expect(exceptionBlock(outcome)).toMatch(/row 0 of tensor 'pt' is \d.*; a probability is from 0 to 1/);
    expect(outcome.stderr).not.toContain("After the exception");
  });
});
