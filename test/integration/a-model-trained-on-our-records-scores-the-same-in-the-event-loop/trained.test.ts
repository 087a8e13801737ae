/** From records to scores: produce, train, freeze, score; and the committed result of the same steps. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createSession, type Example, loadGraph, readExamples, Tensor } from "#framework";
import { describe, expect, it } from "vitest";
import { describeWithPython, runPython } from "../../python.js";
import { cmsrun, exceptionBlock, root, tagged, temporaryFolder } from "../run.js";

const folder = temporaryFolder();
const trainer = join(root, "data/models/jet_features/train.py");
const features = ["logPt", "absEta", "massOverPt", "nConstituents"].map((name) => `features_${name}`);
const ids = ["run", "luminosityBlock", "event", "row", "flavour"];

async function job(config: string, args: readonly string[], threads = 1): Promise<number> {
  const outcome = await cmsrun(["-n", String(threads), config, ...args]);
  expect(exceptionBlock(outcome)).toBe("");
  expect(outcome.code).toBe(0);
  const [line] = tagged(outcome, "ROC");
  return Number(line?.split(" ")[1]);
}

const produce = (output: string, ...args: string[]) =>
  job("configs/training_records_cfg.ts", [`outputFile=${output}`, ...args], 2);
const score = (output: string, args: readonly string[] = [], threads = 1) =>
  job("configs/trained_scores_cfg.ts", [`outputFile=${output}`, ...args], threads);

const column = (examples: readonly Example[], name: string) =>
  examples.map((example) => Number((example.get(name) as Float32Array | BigInt64Array)[0]));

describe("the model in data/models/jet_features", () => {
  it("scores held-out jets as it should, the same at any thread count", async () => {
    const paths = [1, 2].map((threads) => join(folder, `committed-${threads}.tfrecord`)) as [string, string];
    const auc = await score(paths[0], [], 1);
    expect(auc).toBeCloseTo(0.7595, 4);
    expect(await score(paths[1], [], 2)).toBe(auc);
    expect(readFileSync(paths[1]).equals(readFileSync(paths[0]))).toBe(true);
  });

  it("gives the scores that are in the records for the features that are in them", async () => {
    const path = join(folder, "again.tfrecord");
    await score(path);
    const examples = [...readExamples(path)];
    const rows = examples.flatMap((example) =>
      features.map((name) => (example.get(name) as Float32Array)[0] as number),
    );
    const session = createSession(loadGraph(join(root, "data/models/jet_features/graph.pb")), {
      engine: "reference",
    });
    const input = new Tensor("float32", [examples.length, features.length], Float32Array.from(rows));
    const [output] = session.prepare(["input"], ["output"]).run([input]);
    const expected = (output as Tensor<"float32">).as("float32");
    const found = column(examples, "scores_score");
    expect(found).toHaveLength(408);
    expect(Math.max(...found.map((value, i) => Math.abs(value - (expected[i] as number))))).toBeLessThan(
      1e-6,
    );
    session.close();
  });

  it("is given in scoring what the training records hold, bit for bit", async () => {
    const [scored, trained] = ["scored.tfrecord", "trained.tfrecord"].map((name) => join(folder, name)) as [
      string,
      string,
    ];
    await score(scored);
    await produce(trained, "skipEvents=150", "maxEvents=-1");
    const [a, b] = [[...readExamples(scored)], [...readExamples(trained)]];
    for (const name of [...ids, ...features]) expect(column(a, name)).toEqual(column(b, name));
  });
});

describeWithPython("a model trained by TensorFlow on our records", () => {
  it("has in the event loop the scores that it has in Python, frozen or not", async () => {
    const path = (name: string) => join(folder, name);
    await produce(path("train.tfrecord"));
    runPython(trainer, [path("train_features.py"), path("saved_model")]);
    const freezer = join(root, "dist", "freeze_graph.js");
    execFileSync(process.execPath, [freezer, path("saved_model"), path("graph.pb")], { encoding: "utf8" });
    const auc = await score(path("frozen.tfrecord"), [`model=${path("graph.pb")}`], 2);
    await score(path("unfrozen.tfrecord"), [`model=${path("saved_model")}`]);
    expect(readFileSync(path("unfrozen.tfrecord")).equals(readFileSync(path("frozen.tfrecord")))).toBe(true);

    const compare = join(import.meta.dirname, "compare.py");
    const found = JSON.parse(runPython(compare, [trainer, path("saved_model"), path("frozen_features.py")]));
    expect(found.jets).toBe(408);
    expect(found.largestDifference).toBeLessThan(1e-6);
    // Jets in the order of the events, truth beside: Python's area is the analyzer's.
    expect(found.auc).toBeCloseTo(auc, 9);
    expect(found.aucOfPython).toBeCloseTo(auc, 3);
    // It has learnt something: 0.5 is no knowledge, and so few jets leave an uncertainty of 0.03.
    expect(auc).toBeGreaterThan(0.7);
  }, 120_000);
});
