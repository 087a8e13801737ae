/** tensorflow_aot_cfg.ts from a clone and from an installed package: the published scores, those of a SessionCache, the same bytes. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { JetScores } from "../../../framework/data/products.generated.js";
import { EventFileReader } from "../../../framework/io/EventFileReader.js";
import { RootTreeReader } from "../../../framework/io/root/RootTreeReader.js";
import { SessionCache } from "../../../framework/tensorflow/SessionCache.js";
import { Tensor } from "../../../framework/tensorflow/Tensor.js";
import {
  initPackage,
  installCmsrun,
  npx,
  temporaryFolder as packageFolder,
} from "../a-plugin-lives-in-a-users-own-package/userPackage.js";
import { cmsrun, exceptionBlock, root, temporaryFolder } from "../run.js";

const folder = temporaryFolder();
const config = "configs/tensorflow_aot_cfg.ts";
const models = join(root, "data/models/simple");
const published = [0.648093, 0.351907];
const hasCompiler = spawnSync("cc", ["--version"]).status === 0;

async function run(threads: number): Promise<string> {
  const output = join(folder, `threads${threads}.edm`);
  const outcome = await cmsrun(["-n", String(threads), config, `outputFile=${output}`]);
  expect(exceptionBlock(outcome)).toBe("");
  expect(outcome.code).toBe(0);
  expect(outcome.stderr).toMatch(
    /^Event 1: 1 jets \(0\.648093, 0\.351907\)\nEvent 2: 0 jets\nEvent 3: 3 jets \(/m,
  );
  return output;
}

/** The scores of a class, event by event. */
function readScores(path: string, instance: string): Float32Array[] {
  const reader = new EventFileReader(path);
  const branch = reader.header.branches.findIndex(({ description }) => description.instance === instance);
  const events = reader.clusters.flatMap(({ eventCount }, cluster) => {
    const column = reader.column(cluster, branch, JetScores);
    return Array.from({ length: eventCount }, (_, event) => (column.get(event) as JetScores).score);
  });
  reader.close();
  return events;
}

/** What a SessionCache of the reference engine gives for each event of the sample: [first, second, first, …]. */
async function referenceScores(): Promise<(ArrayLike<number> | undefined)[]> {
  const reader = await RootTreeReader.open(join(root, "data/samples/jets_simple.root"));
  const names = ["Jet_pt", "Jet_eta", "Jet_phi", "Jet_mass"];
  const columns = await reader.readColumns(names, 0, reader.entryCount);
  const { offsets } = columns.get("Jet_pt")!;
  const session = new SessionCache(join(models, "saved_model"), { engine: "reference" }).createSession();
  const events = Array.from({ length: reader.entryCount }, (_, event) => {
    const jets = Array.from(
      { length: offsets![event + 1]! - offsets![event]! },
      (_unused, i) => offsets![event]! + i,
    );
    const rows = jets.flatMap((jet) => names.map((name) => Number(columns.get(name)!.values[jet])));
    const input = new Tensor("float32", [jets.length, names.length], Float32Array.from(rows));
    return session.run([["input", input]], ["output"])[0]?.as("float32");
  });
  reader.close();
  return events;
}

describe("the example of ahead-of-time compilation", () => {
  it("gives the published scores, and writes the same bytes on 1 and 2 threads", async () => {
    const [one, two] = [await run(1), await run(2)];
    expect(readFileSync(two).equals(readFileSync(one))).toBe(true);
    const first = ["first", "second"].map((name) => readScores(one, name)[0]?.[0]);
    for (const [i, score] of first.entries()) expect(score).toBeCloseTo(published[i] as number, 6);
  });

  it("scores every jet as a SessionCache of the same model does, within 1e-6", async () => {
    const output = await run(1);
    const [first, second] = [readScores(output, "first"), readScores(output, "second")];
    const expected = await referenceScores();
    expect(first.map(({ length }) => length)).toEqual(expected.map((scores) => (scores?.length ?? 0) / 2));
    for (const [event, scores] of expected.entries()) {
      for (let jet = 0; jet < first[event]!.length; jet++) {
        expect(Math.abs(first[event]![jet]! - scores![2 * jet]!)).toBeLessThan(1e-6);
        expect(Math.abs(second[event]![jet]! - scores![2 * jet + 1]!)).toBeLessThan(1e-6);
      }
    }
  });
});

describe("the published scores", () => {
  const compiled = (target: string) => {
    const out = join(folder, target);
    const args = ["-c", join(models, "aot_config.yaml"), "-o", out, "--target", target, "--dev"];
    const done = spawnSync(process.execPath, [join(root, "dist/cms_tfaot_compile.js"), ...args], {
      encoding: "utf8",
    });
    expect(done.stderr).toBe("");
    const module = join(out, "include/tfaot-model-test-simple/model.js");
    const script = `
      import { tfaot } from ${JSON.stringify(pathToFileURL(join(root, "dist/index.js")))};
      import { test_simple } from ${JSON.stringify(pathToFileURL(module))};
      const model = new tfaot.Model(test_simple);
      console.log(JSON.stringify([1, 3, 4].map((n) => model.run(n, Array(n).fill([0, 1, 2, 3]))[0])));`;
    const ran = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    expect(ran.stderr).toBe("");
    const rows = (JSON.parse(ran.stdout) as number[][][]).flat();
    expect(rows).toHaveLength(8);
    // Whatever the batch size, the same bits.
    expect(new Set(rows.map(String)).size).toBe(1);
    for (const [i, score] of rows[0]!.entries()) expect(score).toBeCloseTo(published[i] as number, 6);
  };

  it("are those of WebAssembly", () => compiled("wasm"));
  it.runIf(hasCompiler)("are those of native code", () => compiled("native"));
});

describe("an installed cmsrun", () => {
  const { root: user, remove } = packageFolder();
  afterAll(remove);

  it("runs the shipped config with the model that came with it", async () => {
    await installCmsrun(user);
    initPackage(user);
    const { exitCode, stderr } = await npx(user, "cmsrun", [
      `node_modules/cmsrun/${config}`,
      "outputFile=scores.edm",
    ]);
    expect(stderr).toContain("Event 1: 1 jets (0.648093, 0.351907)\n");
    expect(exitCode).toBe(0);
  }, 60_000);
});
