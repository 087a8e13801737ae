import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EventFileReader, JetScores } from "#framework";
import { describe, expect, it } from "vitest";
import { cmsrun, cmsrunConfig, exceptionBlock, root, temporaryFolder } from "../run.js";

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
const folder = temporaryFolder();
const own = (args: readonly string[], name: string) => {
  const output = join(folder, `${name}.edm`);
  return {
    output,
    outcome: cmsrun([...args, "configs/my_plugin_cfg.ts", "maxEvents=50", `outputFile=${output}`]),
  };
};

function scoresIn(path: string): number[] {
  const reader = new EventFileReader(path);
  const branch = reader.header.branches.findIndex(({ type }) => type.name === "JetScores");
  const scores = [...reader.clusters.entries()].flatMap(([cluster, { eventCount }]) => {
    const column = reader.column(cluster, branch, JetScores);
    return Array.from({ length: eventCount }, (_, event) => [
      ...(column.get(event) as JetScores).score,
    ]).flat();
  });
  reader.close();
  return scores;
}

describe("the job report", () => {
  it.each([["-n1"], ["-n2"]])("says which engine made the scores (%s)", async (threads) => {
    const { code, stderr } = await own([threads], `reference${threads}`).outcome;
    expect(code).toBe(0);
    const lines = stderr.split("\n").filter((line) => line.startsWith("Inference:"));
    const compiler = "engine compiled [0-9a-f]{12} \\(wasm, simd128\\)";
    const start = `Inference: module 'scores': ${compiler}, cmsrun ${version}, on `;
    expect(lines).toEqual([expect.stringMatching(`^${start}(x64|arm64)( with [a-z0-9_, ]+)?$`)]);
  });

  it("says nothing where no model ran", async () => {
    expect((await cmsrunConfig("")).stderr).not.toContain("Inference:");
  });
});

describe("the compiled engine's target", () => {
  /** A machine without a C compiler has no native code; the reason is said when it is asked for. */
  const hasCompiler = spawnSync("cc", ["--version"]).status === 0;
  if (!hasCompiler) console.warn("\nengine.test.ts: native code is NOT TESTED: there is no C compiler\n");

  it.skipIf(!hasCompiler).each([
    ["the command line", ["--engineTarget", "native"], {}],
    ["the environment", ["-n2"], { CMSRUN_ENGINE_TARGET: "native" }],
  ])("is native when %s says so", async (name, options, env) => {
    const output = join(folder, `native ${name}.edm`);
    const args = [...options, "configs/my_plugin_cfg.ts", "maxEvents=50", `outputFile=${output}`];
    const { code, stderr } = await cmsrun(args, { env });
    expect(code).toBe(0);
    expect(stderr).toMatch(/engine compiled [0-9a-f]{12} \(native, \S.*\)/);
    const wasm = own([], `wasm for ${name}`);
    expect((await wasm.outcome).code).toBe(0);
    const expected = scoresIn(wasm.output);
    expect(expected.length).toBeGreaterThan(50);
    for (const [i, score] of scoresIn(output).entries()) expect(score).toBeCloseTo(expected[i] as number, 6);
  });

  it("is refused by name when there is none of that kind", async () => {
    const outcome = await cmsrun(["configs/my_plugin_cfg.ts"], { env: { CMSRUN_ENGINE_TARGET: "wasn" } });
    expect(outcome.code).toBe(7000 & 0xff);
    expect(exceptionBlock(outcome)).toContain(
      "CMSRUN_ENGINE_TARGET is 'wasn'; it may be auto, wasm, native.",
    );
    const configured = await cmsrunConfig('process.options.engineTarget = cms.untracked.string("gpu");');
    expect(configured.code).toBe(8009 & 0xff);
  });
});

describe("an engine that is not there", () => {
  it("ends the job before the first event, by name", async () => {
    const outcome = await cmsrun(["--engine", "referense", "configs/my_plugin_cfg.ts"]);
    expect(outcome.code).toBe(8009 & 0xff);
    expect(exceptionBlock(outcome)).toContain(
      "option inferenceEngine: unknown engine 'referense'; did you mean 'reference'?",
    );
    const configured = await cmsrunConfig('process.options.inferenceEngine = cms.untracked.string("onnx");');
    expect(exceptionBlock(configured)).toContain(
      "option inferenceEngine: unknown engine 'onnx'; known: 'auto', 'reference', 'tensorflow'",
    );
  });

  it("is refused to the module that names it", async () => {
    const jets =
      'process.source = cms.Source("NanoAODSource", { fileNames: cms.untracked.vstring("data/samples/nano_tt_v15.root") });';
    const scores =
      'process.scores = cms.EDProducer("MyPlugin", { graphPath: cms.FileInPath("data/models/jet_btag/graph.pb"), jets: cms.InputTag("Jet"), engine: cms.untracked.string("none") });';
    const outcome = await cmsrunConfig(`${jets}\n${scores}\nprocess.p = cms.Path(process.scores);`);
    expect(outcome.code).toBe(8001 & 0xff);
    expect(exceptionBlock(outcome)).toMatch(
      /Constructing module: class=MyPlugin label='scores'[\s\S]*unknown engine 'none'/,
    );
  });
});

/** Whether the engine is there is found out as a user would: by asking for it. */
const trial = await cmsrun(["--engine", "tensorflow", "--check", "configs/my_plugin_cfg.ts"]);
const isThere = trial.code === 0;
if (!isThere && process.env.CMSRUN_REQUIRE_TENSORFLOW)
  throw new Error(`the tensorflow engine has to be tested here: ${trial.stderr}`);
if (!isThere)
  console.warn(`\nengine.test.ts: jobs with engine tensorflow are NOT TESTED: ${exceptionBlock(trial)}\n`);

describe.skipIf(!isThere)("--engine tensorflow", () => {
  it.each([
    ["one thread", ["-n1"]],
    ["two threads and four streams", ["-n2", "--streams=4"]],
    ["a model in each instance, made in the threads", ["-n2"]],
  ])("scores as the reference engine does, on %s", async (name, args) => {
    const policy = name.startsWith("a model") ? ["modelPolicy=perInstance"] : [];
    const output = join(folder, `${name}.edm`);
    const job = [
      "--engine",
      "tensorflow",
      ...args,
      "configs/my_plugin_cfg.ts",
      "maxEvents=50",
      `outputFile=${output}`,
      ...policy,
    ];
    const { code, stderr } = await cmsrun(job);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      new RegExp(
        `^Inference: module 'scores': engine tensorflow \\(TensorFlow 2\\.\\S+\\), cmsrun ${version}, on`,
        "m",
      ),
    );
    // TensorFlow's own log lines begin with a date.
    expect(stderr).not.toMatch(/^\d{4}-\d\d-\d\d .*tensorflow/m);
    const reference = own([], "compared");
    expect((await reference.outcome).code).toBe(0);
    const [scores, expected] = [scoresIn(output), scoresIn(reference.output)];
    expect(scores.length).toBe(expected.length);
    expect(Math.max(...scores.map((score, i) => Math.abs(score - (expected[i] as number))))).toBeLessThan(
      1e-6,
    );
  });
});
