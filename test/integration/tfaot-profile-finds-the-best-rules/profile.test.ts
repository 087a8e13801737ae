/** `tfaot profile` as its users run it: a model, the events of a job, and what it says to paste where. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BatchRule } from "../../../framework/aot/tfaot/BatchRule.js";
import { cmsrun, exceptionBlock, root, temporaryFolder } from "../run.js";

const folder = temporaryFolder();
const model = "data/models/simple/saved_model";
const sample = "data/samples/jets_simple.root";

function tfaot(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "dist/tfaot.js"), ...args], {
    cwd: root,
    encoding: "utf8",
    timeout: 60_000,
  });
  return { code: status, stdout, stderr };
}

interface Report {
  readonly calls: readonly { readonly batchSize: number; readonly us: number }[];
  readonly distribution: {
    readonly shares: readonly { readonly batchSize: number; readonly share: number }[];
  };
  readonly batches: readonly {
    readonly batchSize: number;
    readonly best: { readonly rule: string; readonly us: number };
  }[];
  readonly batch_sizes: readonly number[];
  readonly batchRules: readonly string[];
}

function report(...args: string[]): Report {
  const { code, stdout, stderr } = tfaot("profile", ...args, "--json");
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return JSON.parse(stdout) as Report;
}

describe("tfaot profile", () => {
  it("measures a SavedModel for the events of a NanoAOD file, and draws a plot", () => {
    const plot = join(folder, "plot.svg");
    const args = ["--batch-sizes", "1,2,4,8", "--events", sample, "--size-of", "Jet"];
    const { calls, distribution, batches, batch_sizes, batchRules } = report(model, ...args, "--plot", plot);
    expect(calls.map(({ batchSize }) => batchSize)).toEqual([1, 2, 4, 8]);
    for (const { us } of calls) expect(us).toBeGreaterThan(0);
    expect(distribution.shares[0]).toEqual({ batchSize: 0, share: 7 / 60 });
    expect(batches.map(({ batchSize }) => batchSize)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const rule of batchRules)
      expect(new BatchRule(rule).sizes.every((size) => batch_sizes.includes(size))).toBe(true);
    expect(readFileSync(plot, "utf8")).toMatch(/^<svg /);
  }, 60_000);

  it("takes an event file of cmsrun, and gives rules that the example's config runs by", async () => {
    const output = join(folder, "scores.edm");
    await cmsrun(["configs/tensorflow_aot_cfg.ts", `outputFile=${output}`]);
    const tool = "dist/tfaot/tfaot-model-test-simple";
    const { distribution } = report(tool, "--events", output, "--size-of", "JetScores/scores:first");
    expect(distribution.shares).toEqual(
      report(tool, "--events", sample, "--size-of", "nJet").distribution.shares,
    );
    const { code, stderr } = tfaot("profile", tool, "--events", output, "--size-of", "scores");
    expect(code).not.toBe(0);
    expect(exceptionBlock({ code, stdout: "", stderr })).toContain(
      "may be JetScores/scores:first, JetScores/scores:second; name one of them",
    );
  }, 60_000);

  it("prints tables and what to paste", () => {
    const { code, stdout } = tfaot(
      "profile",
      "data/models/simple/aot_config.yaml",
      "--distribution",
      "1:1,6:3",
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^test_simple 1\.0\.0, target wasm \(simd128\), median of 9 rounds\n/);
    expect(stdout).toMatch(/\nin aot_config\.yaml, under compilation:\n {2}batch_sizes: \[[\d, ]+\]\n/);
    expect(stdout).toMatch(/\nin the config of the job:\n {2}batchRules: cms\.vstring\(.*\),\n$/);
  }, 60_000);

  it.each([
    [[], /it takes the command 'profile', not ''/],
    [["profile"], /profile takes one model, not 0/],
    [["profile", model, "--events", sample], /--events and --size-of are given together/],
    [
      ["profile", model, "--batch-sizes", "1,x"],
      /--batch-sizes takes different whole numbers from 1 on, not '1,x'/,
    ],
    [["profile", model, "--target", "wasn"], /unknown --target 'wasn'; did you mean 'wasm'\?/],
    [["profile", model, "--distribution", "1"], /'1' is no SIZE:WEIGHT/],
    [["profile", model, "--plot", "a.png"], /ends in \.svg or \.html, not 'a\.png'/],
    [["profile", "data/samples"], /is neither a SavedModel/],
  ])("refuses %j", (args, message) => {
    const { code, stderr } = tfaot(...args);
    expect(code).not.toBe(0);
    expect(exceptionBlock({ code, stdout: "", stderr })).toMatch(message);
  });
});
