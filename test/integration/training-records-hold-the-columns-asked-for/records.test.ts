import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Example, readExamples } from "#framework";
import { describe, expect, it } from "vitest";
import {
  cmsrun,
  cmsrunConfig,
  exceptionBlock,
  type Outcome,
  root,
  startCmsrunConfig,
  temporaryFolder,
} from "../run.js";

const folder = temporaryFolder();
const sha256 = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");
const heldout = join(root, "data/samples/jets_heldout.root");
let folders = 0;

interface Job extends Outcome {
  readonly cwd: string;
}

async function run(body: string, args: readonly string[] = []): Promise<Job> {
  const cwd = join(folder, String(folders++));
  mkdirSync(cwd);
  return { ...(await cmsrunConfig(body, args, { cwd })), cwd };
}

async function job(body: string, args: readonly string[] = []): Promise<Job> {
  const outcome = await run(body, args);
  expect(exceptionBlock(outcome)).toBe("");
  expect(outcome.code).toBe(0);
  return outcome;
}

const records = (features: readonly string[], parameters = "", file = "a.tfrecord") =>
  `process.records = cms.OutputModule("TFRecordOutputModule", { fileName: cms.untracked.string("${file}"),
     features: cms.untracked.vstring(${features.map((f) => `"${f}"`).join(", ")}), ${parameters} });
   process.e = cms.EndPath(process.records);`;
const nano = (perRange = 100) => `process.source = cms.Source("NanoAODSource", {
    fileNames: cms.untracked.vstring("${heldout}"), eventsPerRange: cms.untracked.uint32(${perRange}) });`;
const rows = 'granularity: cms.untracked.string("row"),';

/** A file's column; numbers, because those of these tests are small. */
function column(cwd: string, name: string, file = "a.tfrecord"): number[][] {
  const values = (example: Example) => Array.from(example.get(name) as Float32Array | BigInt64Array, Number);
  return [...readExamples(join(cwd, file))].map(values);
}

describe("records and their descriptions are the same bytes with any number of threads and streams", () => {
  it.each([
    ["events in one file", ""],
    [
      "rows, packed, in shards that end within ranges",
      `${rows} compression: cms.untracked.string("GZIP"), recordsPerShard: cms.untracked.uint32(500),`,
    ],
  ])("%s", async (_, parameters) => {
    const hashes = new Set<string>();
    for (const [threads, streams] of [
      [1, 1],
      [1, 3],
      [2, 2],
      [2, 4],
    ]) {
      const { cwd } = await job(
        `${nano(37)} process.maxEvents.input = -1;
         process.features = cms.EDProducer("JetFeaturesProducer");
         process.p = cms.Path(process.features);
         ${records(["features.*", "JetTruth_Jet.hadronFlavour"], parameters)}`,
        ["-n", String(threads), "--streams", String(streams)],
      );
      const files = readdirSync(cwd).filter((name) => name.startsWith("a"));
      hashes.add(
        files
          .sort()
          .map((name) => `${name} ${sha256(join(cwd, name))}`)
          .join("\n"),
      );
      expect(files).toHaveLength(parameters === "" ? 3 : 8 + 2);
    }
    expect(hashes.size).toBe(1);
  });
});

describe("the columns", () => {
  it("are those of NanoAOD, read for the records alone, one Example an event", async () => {
    const { cwd } = await job(
      `${nano()} process.maxEvents.input = 30; ${records(["JetCollection_Jet.pt", "truth=JetTruth_Jet.hadronFlavour"])}`,
    );
    const counts = column(cwd, "nJet").flat();
    expect(counts).toHaveLength(30);
    expect(column(cwd, "Jet_pt").map(({ length }) => length)).toEqual(counts);
    expect(column(cwd, "truth").map(({ length }) => length)).toEqual(counts);
    expect(
      column(cwd, "truth")
        .flat()
        .every((flavour) => [0, 4, 5].includes(flavour)),
    ).toBe(true);
    expect(column(cwd, "Jet_pt").flat()[0]).toBeGreaterThan(15);
    const described = JSON.parse(readFileSync(join(cwd, "a.features.json"), "utf8"));
    expect(described).toMatchObject({ granularity: "event", compression: "", events: 30, records: 30 });
    expect(described.files).toEqual([{ name: "a.tfrecord", records: 30 }]);
    expect(described.features[4]).toEqual({
      name: "Jet_pt",
      type: "float32",
      isList: true,
      description: "transverse momentum [GeV]",
      column: "JetCollection_Jet__NANO.pt",
      kind: "float",
    });
    expect(readFileSync(join(cwd, "a_features.py"), "utf8")).toContain(
      '    "Jet_pt": tf.io.RaggedFeature(tf.float32),  # transverse momentum [GeV]; float JetCollection_Jet__NANO.pt\n',
    );
  });

  it("are the same from an event file", async () => {
    const features = ["JetCollection_Jet.*", "JetTruth_Jet.*"];
    const first = await job(
      `${nano()} process.maxEvents.input = 120;
       process.events = cms.OutputModule("PoolOutputModule", { fileName: cms.untracked.string("events.edm") });
       ${records(features)} process.e2 = cms.EndPath(process.events);`,
    );
    const second = await job(
      `const process = new cms.Process("AGAIN");
       process.source = cms.Source("PoolSource", { fileNames: cms.untracked.vstring("${first.cwd}/events.edm") });
       ${records(["Jet.*"])}`,
    );
    for (const name of ["event", "nJet", "Jet_pt", "Jet_nConstituents", "Jet_hadronFlavour"])
      expect(column(second.cwd, name)).toEqual(column(first.cwd, name));
  });

  it("of two processes are told apart by their branch names", async () => {
    const scoring = (name: string, value: number, source: string, end: string) =>
      `const process = new cms.Process("${name}"); ${source}
       process.scores = cms.EDProducer("Adder", { value: cms.double(${value}) });
       process.p = cms.Path(process.scores); ${end}`;
    const first = await job(
      scoring(
        "FIRST",
        1,
        'process.source = cms.Source("EmptySource"); process.maxEvents.input = 3;',
        `process.events = cms.OutputModule("PoolOutputModule", { fileName: cms.untracked.string("events.edm") });
         process.e = cms.EndPath(process.events);`,
      ),
    );
    const source = `process.source = cms.Source("PoolSource", { fileNames: cms.untracked.vstring("${first.cwd}/events.edm") });`;
    const ambiguous = await run(scoring("SECOND", 2, source, records(["scores.score"])));
    expect(exceptionBlock(ambiguous)).toContain(
      "two features have the name 'scores_score': JetScores_scores__SECOND.score and JetScores_scores__FIRST.score; write only one of them, by its branch name",
    );
    const both = ["old=JetScores_scores__FIRST.score", "JetScores_scores__SECOND.score"];
    const { cwd } = await job(scoring("SECOND", 2, source, records(both)));
    expect(column(cwd, "old").flat()).toEqual([1, 1, 1]);
    expect(column(cwd, "scores_score").flat()).toEqual([2, 2, 2]);
  });

  it("are one Example a row, with the event's id in each", async () => {
    const both = `${nano()} process.maxEvents.input = 40;`;
    const { cwd } = await job(`${both} ${records(["JetCollection_Jet.pt"], rows)}`);
    const whole = await job(`${both} ${records(["JetCollection_Jet.pt"])}`);
    const pts = column(whole.cwd, "Jet_pt");
    const events = column(whole.cwd, "event").flat();
    expect(column(cwd, "Jet_pt").flat()).toEqual(pts.flat());
    expect(column(cwd, "event").flat()).toEqual(pts.flatMap((pt, i) => pt.map(() => events[i])));
    expect(column(cwd, "row").flat()).toEqual(pts.flatMap((pt) => pt.map((_, row) => row)));
  });

  it("are those of the events that SelectEvents takes", async () => {
    const { cwd, stderr } = await job(
      `process.scores = cms.EDProducer("Adder");
       process.f = cms.EDFilter("ModuloFilter", { acceptValue: cms.uint32(3) });
       process.p = cms.Path(process.f, process.scores);
       ${records(["scores.score"], 'SelectEvents: cms.untracked.PSet({ SelectEvents: cms.vstring("p") }),')}`,
    );
    expect(column(cwd, "event").flat()).toEqual([3, 6, 9]);
    expect(column(cwd, "scores_score").flat()).toEqual([3, 6, 9]);
    expect(stderr).toBe("");
  });
});

describe("nothing looks complete", () => {
  it.each([1, 2])("when a module throws, on %i threads", async (threads) => {
    const outcome = await run(
      `process.maxEvents.input = 40;
       process.source.eventsPerRange = cms.untracked.uint32(5);
       process.scores = cms.EDProducer("Adder");
       process.thrower = cms.EDProducer("Thrower", { where: cms.string("produce"), event: cms.untracked.uint32(33) });
       process.p = cms.Path(process.scores, process.thrower);
       ${records(["scores.score"], "recordsPerShard: cms.untracked.uint32(8),")}`,
      ["-n", String(threads)],
    );
    expect(outcome.code).not.toBe(0);
    const files = readdirSync(outcome.cwd).filter((name) => name.startsWith("a"));
    expect(files.filter((name) => !/^a\.tfrecord-\d{5}\.\d+\.partial$/.test(name))).toEqual([]);
    const [, count, names = ""] =
      /The (\d+) records written before the error are in (.*)/.exec(outcome.stderr) ?? [];
    const kept = names
      .split(", ")
      .filter(Boolean)
      .flatMap((name) => column(outcome.cwd, "event", name).flat());
    // In input order; what another thread had not done when the job stopped is missing.
    expect(kept).toHaveLength(Number(count ?? 0));
    expect(kept).toEqual([...new Set(kept)].sort((x, y) => x - y));
    if (threads === 1) expect(kept).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  });

  it("when the job is killed", async () => {
    const cwd = join(folder, "killed");
    mkdirSync(cwd);
    const killed = startCmsrunConfig(
      `process.maxEvents.input = -1;
       process.MessageLogger.cerr.FwkReport.limit = -1;
       process.source.eventsPerRange = cms.untracked.uint32(2);
       process.scores = cms.EDProducer("SpinningProducer", { busyMs: cms.uint32(10) });
       process.p = cms.Path(process.scores);
       ${records(["scores.score"])}`,
      [],
      { cwd },
    );
    await killed.seen("Begin processing the 12th record");
    killed.child.kill("SIGKILL");
    await killed.outcome;
    expect(readdirSync(cwd).filter((name) => /^a/.test(name) && !name.endsWith(".partial"))).toEqual([]);
  });

  it("warns of the parts of an earlier job", async () => {
    const body = (perShard: number) =>
      `process.scores = cms.EDProducer("Adder"); process.p = cms.Path(process.scores);
       ${records(["scores.score"], `recordsPerShard: cms.untracked.uint32(${perShard}),`, "../parts.tfrecord")}`;
    await job(body(3));
    const { stderr } = await job(body(6));
    expect(stderr).toContain("4 parts of an earlier '");
    expect(JSON.parse(readFileSync(join(folder, "parts.features.json"), "utf8")).files).toHaveLength(2);
  });
});

describe("mistakes", () => {
  const scores = 'process.scores = cms.EDProducer("Adder"); process.p = cms.Path(process.scores);';
  it.each([
    [
      "a product",
      `${scores} ${records(["scorse.score"])}`,
      73,
      "module 'records' (TFRecordOutputModule): features 'scorse.score': there is no product 'scorse'; did you mean 'scores'?",
    ],
    [
      "a column",
      `${scores} ${records(["scores.socre"])}`,
      73,
      "JetScores_scores__TEST. has no field 'socre'; did you mean 'score'?",
    ],
    ["no rule", `${scores} ${records(["scores"])}`, 73, "features 'scores': it is no such rule"],
    ["nothing to write", `${scores} ${records([])}`, 73, "features is empty"],
    [
      "a granularity",
      `${scores} ${records(["scores.score"], 'granularity: cms.untracked.string("rows"),')}`,
      73,
      "parameter 'granularity' is \"rows\"; did you mean 'row'?",
    ],
    [
      "a folder",
      `${scores} ${records(["scores.score"], "", "nowhere/a.tfrecord")}`,
      84,
      "cannot create output file 'nowhere/a.tfrecord'",
    ],
    [
      "a product that no module reads",
      `${nano()} ${records(["Jet.pt"])}`,
      73,
      'to read it for this, name its type: "JetCollection_Jet.pt"',
    ],
    [
      "a branch that the file does not have",
      `process.source = cms.Source("NanoAODSource", { fileNames: cms.untracked.vstring("${join(root, "data/samples/jets_simple.root")}") }); ${records(["JetTruth_Jet.hadronFlavour"])}`,
      73,
      "[a] NanoAODSource: ",
    ],
    [
      "two columns that are no rows of one",
      `${nano()} process.features = cms.EDProducer("JetFeaturesProducer"); process.p = cms.Path(process.features); ${records(["features.logPt", "TriggerResults.path"], rows)}`,
      72,
      "rows, 'TriggerResults_TriggerResults__TEST.path' has 1; write them into two files",
    ],
    [
      "an event without the product",
      `process.f = cms.EDFilter("ModuloFilter", { acceptValue: cms.uint32(3) }); process.scores = cms.EDProducer("Adder"); process.p = cms.Path(process.f, process.scores); ${records(["scores.score"])}`,
      70,
      "run 1, lumi 1, event 1 has no JetScores_scores__TEST.; let SelectEvents name the path",
    ],
    [
      "one file for two modules",
      `${scores} ${records(["scores.score"])} process.records2 = process.records.clone(); process.e2 = cms.EndPath(process.records2);`,
      73,
      "file 'a.tfrecord' is written by two output modules",
    ],
  ])("%s: one message that helps, and no file", async (_, body, code, message) => {
    // Half of them on worker threads: by the length, because any choice will do.
    const outcome = await run(body, ["-n", String(1 + (body.length % 2))]);
    expect(exceptionBlock(outcome)).toContain(message);
    expect(outcome.code).toBe(code);
    expect(readdirSync(outcome.cwd).filter((name) => name.startsWith("a"))).toEqual([]);
  });
});

it("training_records_cfg.ts and trained_scores_cfg.ts pass cmsrun --check", async () => {
  for (const config of ["configs/training_records_cfg.ts", "configs/trained_scores_cfg.ts"]) {
    const outcome = await cmsrun(["--check", config]);
    expect(exceptionBlock(outcome)).toBe("");
    expect(outcome.code).toBe(0);
  }
});
