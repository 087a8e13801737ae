import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { cmsrun, cmsrunConfig, exceptionBlock, type Outcome, root, temporaryFolder } from "../run.js";

const folder = temporaryFolder();
const nano = join(root, "data/samples/nano_dy.root");
const graph = join(root, "data/models/jet_btag/graph.pb");

/** One block, the right code, what it must say, no stack of ours. */
function expectError(outcome: Outcome, code: number, ...texts: string[]): void {
  const block = exceptionBlock(outcome);
  for (const text of texts) expect(block).toContain(text);
  expect(outcome.code).toBe(code & 0xff);
  expect(outcome.stderr.match(/Begin Fatal Exception/g)).toHaveLength(1);
  expect(outcome.stderr).not.toMatch(/^ +at /m);
}

const readEdm = (file: string) => `const process = new cms.Process("SECOND");
  process.MessageLogger.cerr.FwkReport.limit = 0;
  process.source = cms.Source("PoolSource", { fileNames: cms.untracked.vstring("${file}") });
  process.maxEvents.input = -1;
  process.scores = cms.EDProducer("Adder", { inputs: cms.VInputTag("scores::TEST") });
  process.out = cms.OutputModule("PoolOutputModule", { fileName: cms.untracked.string("out.edm") });
  process.p = cms.Path(process.scores);
  process.e = cms.EndPath(process.out);`;
const readNano = (
  file: string,
  parameters = "",
) => `process.source = cms.Source("NanoAODSource", { fileNames: cms.untracked.vstring("${file}") });
  process.maxEvents.input = -1;
  process.scores = cms.EDProducer("MyPlugin", { graphPath: cms.FileInPath("${graph}"), ${parameters} });
  process.out = cms.OutputModule("PoolOutputModule", { fileName: cms.untracked.string("out.edm") });
  process.p = cms.Path(process.scores);
  process.e = cms.EndPath(process.out);`;

let edm: Buffer;
beforeAll(async () => {
  const made = await cmsrunConfig(
    `process.source.eventsPerRange = cms.untracked.uint32(50);
     process.source.numberEventsInRun = cms.untracked.uint32(120);
     process.maxEvents.input = 300;
     process.scores = cms.EDProducer("Adder");
     process.out = cms.OutputModule("PoolOutputModule", { fileName: cms.untracked.string("good.edm") });
     process.p = cms.Path(process.scores);
     process.e = cms.EndPath(process.out);`,
    [],
    { cwd: folder },
  );
  expect(made.code).toBe(0);
  edm = readFileSync(join(folder, "good.edm"));
});

describe("an input file", () => {
  it.each(["PoolSource", "NanoAODSource"])("that is not there is a FileOpenError of %s", async (source) => {
    const outcome =
      await cmsrunConfig(`process.source = cms.Source("${source}", { fileNames: cms.untracked.vstring("nowhere.root") });
      process.p = cms.Path();`);
    expectError(
      outcome,
      8020,
      "[0] Constructing the EventProcessor",
      `[1] Constructing input source of type ${source}`,
      "input file 'nowhere.root' is not there; check fileNames",
    );
  });

  it("that is an event file cut off anywhere is a FileReadError, with no output", async () => {
    for (const [i, size] of [0, 1, 11, 100, edm.length - 200, edm.length - 1].entries()) {
      const cwd = join(folder, `cut${i}`);
      mkdirSync(cwd);
      writeFileSync(join(cwd, "cut.edm"), edm.subarray(0, size));
      expectError(await cmsrunConfig(readEdm("cut.edm"), [], { cwd }), 8021, "cut.edm");
    }
  });

  it("that is an event file with a flipped bit anywhere is a FileReadError, on one thread and on two", async () => {
    for (let i = 0; i < 12; i++) {
      const flipped = Buffer.from(edm);
      const at = Math.floor(((i + 0.37) / 12) * edm.length);
      flipped[at] = (flipped[at] as number) ^ (1 << (i % 8));
      const file = join(folder, `flipped${i}.edm`);
      writeFileSync(file, flipped);
      expectError(await cmsrunConfig(readEdm(file), ["-n", String(1 + (i % 2))]), 8021, `flipped${i}.edm`);
    }
  });

  it("that is a damaged ROOT file ends in one error or a finished job", async () => {
    const bytes = readFileSync(nano);
    const damaged = [0, 60, 100_000].map((size) => bytes.subarray(0, size));
    for (const at of [5, 40, 70, 400, 50_000, 180_000, 300_000, bytes.length - 500]) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] as number) ^ 0x10;
      damaged.push(flipped);
    }
    for (const [i, content] of damaged.entries()) {
      const file = join(folder, `damaged${i}.root`);
      writeFileSync(file, content);
      const outcome = await cmsrunConfig(readNano(file), [], { timeoutMs: 10_000 });
      expect([0, 8021 & 0xff]).toContain(outcome.code);
      if (outcome.code !== 0) expectError(outcome, 8021, `damaged${i}.root`);
    }
  });

  const shared = process.env.CMSRUN_SHARED;
  if (!shared) console.warn("CMSRUN_SHARED is not set: the refusal of an RNTuple is not tested.");
  it.skipIf(!shared)("that holds an RNTuple is refused", async () => {
    const outcome = await cmsrunConfig(readNano(`${shared}/samples/nano_dy_rntuple.root`));
    expectError(outcome, 8021, "RNTuple");
  });

  it("that lacks a branch is told with the branch's name", async () => {
    const outcome = await cmsrunConfig(readNano(nano, 'jets: cms.InputTag("Jett")'));
    expectError(outcome, 8006, "Looking for module label: Jett", "the file has no branch 'Jett_pt'", nano);
  });

  it("made by a process of the same name is refused", async () => {
    const outcome = await cmsrunConfig(readEdm(join(folder, "good.edm")).replace("SECOND", "TEST"));
    expectError(outcome, 8009, "Duplicate process name: the input was made by a process 'TEST' already");
  });
});

describe("a model", () => {
  it("that is not there is a FileInPathError", async () => {
    const outcome = await cmsrunConfig(readNano(nano).replace(graph, "data/models/none/graph.pb"));
    expectError(
      outcome,
      8019,
      "data/models/none/graph.pb",
      "Validating configuration of module: class=MyPlugin label='scores'",
    );
  });

  it.each([
    ["is empty", Buffer.alloc(0)],
    ["is no protobuf", Buffer.from("this is a text, not a graph")],
    ["is cut off", readFileSync(graph).subarray(0, 2000)],
  ])("that %s is an InvalidGraphDef", async (what, content) => {
    const file = join(folder, `${what.replaceAll(" ", "-")}.pb`);
    writeFileSync(file, content);
    const outcome = await cmsrunConfig(readNano(nano).replace(graph, file));
    expectError(outcome, 8001, "category 'InvalidGraphDef'", file);
  });

  it("asked for a tensor it does not have names the nearest", async () => {
    const outcome = await cmsrunConfig(readNano(nano, 'outputTensorName: cms.string("outptu")'));
    expectError(outcome, 8001, "category 'InvalidRun'", "'outptu'", "did you mean 'output'?");
  });
});

describe("a model's tensor", () => {
  it("of another shape than one score a jet is an InvalidRun", async () => {
    const outcome = await cmsrunConfig(readNano(nano, 'inputTensorName: cms.string("output")'));
    expectError(outcome, 8001, "category 'InvalidRun'", "gave a tensor of shape [", "one score a jet");
  });
});

describe("a global cache", () => {
  it("that threads cannot share is refused with the member and the remedy", async () => {
    const env = { CMSRUN_PLUGIN_PATH: `${import.meta.dirname}/plugins` };
    const outcome = await cmsrunConfig(
      'process.a = cms.EDProducer("UnshareableCache"); process.p = cms.Path(process.a);',
      [],
      { env },
    );
    expectError(
      outcome,
      8009,
      "module 'a' (UnshareableCache)",
      "cache.model.weights is a Float32Array over an ordinary ArrayBuffer",
      "typed arrays over a SharedArrayBuffer",
    );
  });
});

describe("an output file", () => {
  const writing = (...names: string[]) =>
    `process.scores = cms.EDProducer("Adder"); process.p = cms.Path(process.scores);
     ${names.map((name, i) => `process.out${i} = cms.OutputModule("PoolOutputModule", { fileName: cms.untracked.string("${name}") });`).join("\n")}
     process.e = cms.EndPath(${names.map((_, i) => `process.out${i}`).join(", ")});`;

  it("in a folder that is not there is a FileOpenError", async () => {
    expectError(
      await cmsrunConfig(writing("nowhere/out.edm")),
      8020,
      "nowhere/out.edm",
      "make sure its folder exists",
    );
  });

  it("of two output modules is refused, however it is written", async () => {
    expectError(
      await cmsrunConfig(writing("out.edm", "./out.edm")),
      8009,
      "is written by two output modules",
    );
  });
});

it("the config of the bug report: an unknown file on the command line", async () => {
  const outcome = await cmsrun(["configs/my_plugin_cfg.ts", "inputFiles=nowhere.root"]);
  expectError(outcome, 8020, "nowhere.root");
});
