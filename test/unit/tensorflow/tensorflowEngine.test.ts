/** TensorFlow itself as an engine: what it shares and releases, threads, what it says, and the graph on its way there. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { afterAll, describe, expect, it, vi } from "vitest";
import { toPosted } from "../../../framework/base/sharedForm.js";
import { loadGraphDef, parseGraphDef } from "../../../framework/tensorflow/GraphDef.js";
import { createSession, loadModel } from "../../../framework/tensorflow/Session.js";
import { SessionCache } from "../../../framework/tensorflow/SessionCache.js";
import { Tensor } from "../../../framework/tensorflow/Tensor.js";
import { loadAddon } from "../../../framework/tensorflow/tfjs/addon.js";
import { encodeGraphDef } from "../../../framework/tensorflow/proto/encodeGraph.js";
import { hasTensorflowAddon } from "../../tensorflowAddon.js";
import { constantGraphNodes, encode, graphOf, node, placeholder } from "./buildGraph.js";

const isTested = hasTensorflowAddon("tensorflowEngine.test.ts");

/** Inside the package: the bundled programs look for .tensorflow/ from where they lie. */
const caches = fileURLToPath(new URL("../../../node_modules/.cache", import.meta.url));
mkdirSync(caches, { recursive: true });
const folder = mkdtempSync(join(caches, "tensorflow-engine-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A program as node runs it, in one file. */
async function bundle(source: string): Promise<string> {
  const entry = fileURLToPath(new URL(source, import.meta.url));
  const outfile = join(folder, `${basename(source, ".ts")}.mjs`);
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "silent",
  });
  return outfile;
}

const feeds = {
  input: new Tensor("float32", [1, 10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
  scale: new Tensor("float32", [], [1]),
};
const options = { engine: "tensorflow" };

describe("a graph on its way to TensorFlow", () => {
  const shared = process.env.CMSRUN_SHARED;
  const models = ["multi", "tf1_frozen", "gru", "cms/deepmet_v1"].map((name) => {
    return join(shared ?? "", "models", name, name.startsWith("cms/") ? "graph.pb" : "frozen.pb");
  });

  it.skipIf(shared === undefined).each(models)("loses nothing that we read: %s", (path) => {
    const graph = loadGraphDef(path);
    expect(parseGraphDef(encodeGraphDef(graph), path)).toEqual(graph);
  });
});

describe.skipIf(!isTested)("engine tensorflow", () => {
  const sessionsNow = () => loadAddon().getNumOfSavedModels();

  it("opens one TensorFlow session for all streams, and releases it with the last of them", () => {
    const before = sessionsNow();
    const model = loadModel(graphOf(...constantGraphNodes), options);
    expect(sessionsNow()).toBe(before);
    const runners = [1, 2, 3].map(() => model.createRunner());
    expect(sessionsNow()).toBe(before + 1);
    for (const runner of runners) runner.close?.();
    expect(sessionsNow()).toBe(before);
  });

  it("opens a second one only for a call that feeds or fetches types its addon does not carry", () => {
    const before = sessionsNow();
    const session = createSession(
      graphOf(placeholder("x", "float64", null), node("y", "Neg", ["x"], { T: { type: 2 } })),
      options,
    );
    const x = new Tensor("float64", [2], [1, 2]);
    for (let run = 0; run < 3; run++)
      expect(session.run({ x }, ["y"])[0]?.data).toEqual(new Float64Array([-1, -2]));
    expect(sessionsNow()).toBe(before + 2);
    session.close();
    expect(sessionsNow()).toBe(before);
  });

  it("leaves neither tensors nor files behind, after failed runs too", () => {
    vi.stubEnv("TMPDIR", folder);
    const session = createSession(graphOf(...constantGraphNodes), options);
    const tensors = loadAddon().getNumOfTensors();
    const call = session.prepare(["matmul", "b", "scale"], ["output", "sum"]);
    const matmul = new Tensor("float32", [2], [1, 2]);
    for (let run = 0; run < 20; run++) {
      const isWrong = run % 2 === 1;
      const feed = () => call.run([matmul, new Tensor("float32", [isWrong ? 3 : 2]), feeds.scale]);
      if (isWrong) expect(feed).toThrow("TensorFlow: node 'sum': Incompatible shapes");
      else expect(feed()).toHaveLength(2);
    }
    expect(loadAddon().getNumOfTensors()).toBe(tensors);
    expect(readdirSync(folder).filter((name) => name.startsWith("cmsrun-tensorflow-"))).toEqual([]);
    vi.unstubAllEnvs();
    session.close();
  });

  it("does not run a prepared call of a closed session", () => {
    const session = createSession(graphOf(...constantGraphNodes), options);
    const call = session.prepare(["input", "scale"], ["output"]);
    session.close();
    expect(() => call.run([feeds.input, feeds.scale])).toThrow(
      "cannot run empty session: it has been closed.",
    );
  });

  it("reads inputs that lie in shared memory", () => {
    const session = createSession(graphOf(...constantGraphNodes), options);
    const data = new Float32Array(new SharedArrayBuffer(40)).fill(2);
    expect(
      session.run({ ...feeds, input: { dtype: "float32", shape: [1, 10], data } }, ["output"])[0]?.data[0],
    ).toBe(21);
    session.close();
  });

  it("runs on two threads at once, 4 streams over one SessionCache, with mixed batch sizes", async () => {
    const program = await bundle("./tensorflowEngineWorker.ts");
    const path = join(folder, "graph.pb");
    writeFileSync(path, encode(constantGraphNodes));
    const cache = new SessionCache(path, options);
    const results = await Promise.all(
      [0, 1].map((thread) => {
        const workerData = { cache: toPosted(cache, "test"), streams: [thread, thread + 2] };
        const worker = new Worker(program, { workerData });
        return new Promise((done, fail) => worker.once("message", done).once("error", fail));
      }),
    );
    expect(results).toEqual([0, 1].map(() => ({ runs: 4000, wrong: 0, sessions: 1, tensors: 0 })));
  });

  it("is quiet, unless the user asks TensorFlow to talk", async () => {
    const program = join(folder, "load.mjs");
    const addon = await bundle("../../../framework/tensorflow/tfjs/addon.ts");
    writeFileSync(program, `(await import(${JSON.stringify(addon)})).loadAddon();`);
    const { TF_CPP_MIN_LOG_LEVEL: _, ...env } = process.env;
    const load = (level: object) =>
      spawnSync(process.execPath, [program], { encoding: "utf8", env: { ...env, ...level } });
    const quiet = load({});
    expect([quiet.status, quiet.stderr]).toEqual([0, ""]);
    expect(load({ TF_CPP_MIN_LOG_LEVEL: "0" }).stderr).toContain("tensorflow/core");
  });
});
