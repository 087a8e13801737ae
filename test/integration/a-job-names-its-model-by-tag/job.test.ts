import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EventFileReader, ModelStore, models, JetScores } from "#framework";
import { beforeAll, describe, expect, it } from "vitest";
import { cmsrun, cmsrunConfig, exceptionBlock, root, temporaryFolder } from "../run.js";

const folder = temporaryFolder();
const store = new ModelStore(join(folder, "store"));
const savedModel = join(root, "data", "models", "jet_btag", "saved_model");
const env = { CMSRUN_MODEL_STORE: store.root };
let tag: string;
let hash: string;

beforeAll(async () => {
  await models.tensorflow.save(join(root, "data", "models", "simple", "saved_model"), "jet_btag", { store });
  const model = await models.tensorflow.save(savedModel, "jet_btag", { store, labels: { stage: "test" } });
  tag = String(model.tag);
  hash = model.hash();
});

/** A job of the jet sample, whose module is of `type`. */
function job(type: string, parameters: string, output: string): string {
  return `
process.source = cms.Source("NanoAODSource", { fileNames: cms.untracked.vstring("${join(root, "data/samples/nano_tt_v15.root")}") });
process.maxEvents.input = 50;
process.scores = cms.EDProducer("${type}", { ${parameters}, jets: cms.InputTag("Jet") });
process.out = cms.OutputModule("PoolOutputModule", { fileName: cms.untracked.string("${output}"), outputCommands: cms.untracked.vstring("drop *", "keep *_scores_*_*") });
process.p = cms.Path(process.scores);
process.e = cms.EndPath(process.out);`;
}

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

const modelLines = (stderr: string) => stderr.split("\n").filter((line) => line.startsWith("Model:"));

/** Loads the model itself in each thread, from a parameter that is a text. */
const plugin = `import { DEFINE_FWK_MODULE, type Event, inputTag, JetCollection, JetScores, loadGraph, createSession, type ParameterSet, type Session, stream, string, Tensor } from "#framework";
const description = { model: string("model:jet_btag:latest"), jets: inputTag("Jet") };
@DEFINE_FWK_MODULE("ScoreByTag")
export class ScoreByTag extends stream.EDProducer {
  static readonly description = description;
  readonly #session: Session;
  readonly #jets;
  readonly #scores = this.produces(JetScores);
  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#jets = this.consumes(JetCollection, pset.getParameter("jets"));
    this.#session = createSession(loadGraph(pset.getParameter("model")));
  }
  override produce(event: Event): void {
    const { pt, eta, phi, mass, nConstituents } = event.get(this.#jets);
    const columns = [pt, eta, phi, mass, nConstituents];
    const input = new Tensor("float32", [pt.length, 5]);
    for (const [c, column] of columns.entries())
      for (let jet = 0; jet < pt.length; jet++) input.data[5 * jet + c] = column[jet] as number;
    const [output] = this.#session.run({ input }, ["output"]);
    event.put(this.#scores, { score: output ? output.as("float32") : new Float32Array(0) });
  }
}
`;

describe("a parameter that names a model by its tag", () => {
  it("may be a FileInPath: the scores are those of the path, and the report has tag and hash", async () => {
    const scores: number[][] = [];
    for (const path of ["model:jet_btag", savedModel]) {
      const output = join(folder, `cache${scores.length}.edm`);
      const outcome = await cmsrunConfig(
        job("TensorFlowCacheProducer", `modelPath: cms.FileInPath("${path}")`, output),
        ["-n2"],
        { env },
      );
      expect(outcome.code, outcome.stderr).toBe(0);
      const what = path === savedModel ? savedModel : tag;
      expect(modelLines(outcome.stderr)).toEqual([`Model: module 'scores': ${what}, sha256 ${hash}`]);
      scores.push(scoresIn(output));
    }
    expect(scores[0]?.length).toBeGreaterThan(50);
    expect(scores[0]).toEqual(scores[1]);
  });

  it.each(["-n1", "-n2"])("may be a string, which the plugin loads in each thread (%s)", async (threads) => {
    const home = join(folder, `package${threads}`);
    mkdirSync(join(home, "plugins"), { recursive: true });
    writeFileSync(join(home, "plugins", "ScoreByTag.ts"), plugin);
    const output = join(home, "scores.edm");
    const parameter = `model: cms.string("model:${tag.slice(0, -3)}")`;
    const outcome = await cmsrunConfig(job("ScoreByTag", parameter, output), [threads], { env, cwd: home });
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(modelLines(outcome.stderr)).toEqual([`Model: module 'scores': ${tag}, sha256 ${hash}`]);
    expect(scoresIn(output)).toEqual(scoresIn(join(folder, "cache0.edm")));
  });

  it("ends the job before its first event when there is no such model", async () => {
    const parameters = 'modelPath: cms.FileInPath("model:jet_tag")';
    const outcome = await cmsrunConfig(job("TensorFlowCacheProducer", parameters, "x.edm"), [], { env });
    expect(outcome.code).toBe(8001 & 0xff);
    expect(exceptionBlock(outcome)).toContain(
      `there is no model 'jet_tag' in '${store.root}'; did you mean 'jet_btag'`,
    );
  });
});

describe("the job report", () => {
  it("has the path and hash of a model that lies in no store", async () => {
    const { code, stderr } = await cmsrun([
      "configs/my_plugin_cfg.ts",
      "maxEvents=5",
      `outputFile=${join(folder, "y.edm")}`,
    ]);
    expect(code).toBe(0);
    const { createHash } = await import("node:crypto");
    const file = join(root, "data", "models", "jet_btag", "graph.pb");
    const expected = createHash("sha256").update(readFileSync(file)).digest("hex");
    expect(modelLines(stderr)).toEqual([`Model: module 'scores': ${file}, sha256 ${expected}`]);
  });
});
