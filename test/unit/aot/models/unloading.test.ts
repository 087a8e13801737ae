/**
 * Models that come and go, as in a server: memory is bounded by what is loaded at a time, on two threads that share it,
 * and what is freed is nobody's. 120 loads a thread; CMSRUN_SOAK=500 does more.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { compilerSettings, setCompilerSettings } from "../../../../framework/aot/engine/settings.js";
import { adoptModelMemory, ModelMemory, modelMemory } from "../../../../framework/aot/ModelMemory.js";
import { createSession, loadModel } from "../../../../framework/tensorflow/Session.js";
import { SessionCache } from "../../../../framework/tensorflow/SessionCache.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { graphOf } from "../../tensorflow/buildGraph.js";
import { denseModel, denseNodes, rowsOf, width } from "./denseModel.js";
import { compiledSession, testableTargets } from "./targets.js";
import type { Order, Outcome } from "./unloadingWorker.js";

// Within the checkout: the bundled worker looks for the C headers of Node from where it lies.
const modules = fileURLToPath(new URL("../../../../node_modules/", import.meta.url));
const folder = mkdtempSync(join(modules, ".unloading-"));
const before = compilerSettings();
afterAll(() => {
  setCompilerSettings(before);
  rmSync(folder, { recursive: true });
});

const rounds = Number(process.env.CMSRUN_SOAK ?? 120);
const batches = [1, 2, 4, 8];
/** Each unit of native code is a run of the C compiler. */
const sizeOf = { wasm: { models: 20, batches }, native: { models: 6, batches: [1, 8] } };
const MB = 2 ** 20;
const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const batchOf = (rows: number) => new Tensor("float32", [rows, width], rowsOf(rows));

beforeAll(async () => {
  setCompilerSettings({ cacheDirectory: null });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  await build({
    entryPoints: {
      worker: source("./unloadingWorker.ts"),
      compiler: source("../../../../framework/aot/compile.ts"),
      referenceKernels: source("../../../../framework/tensorflow/reference/kernelTable.ts"),
    },
    outdir: folder,
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    external: ["node-api-headers"],
    // What is awaited only where nothing is built goes: what is loaded by require must not await.
    minifySyntax: true,
    define: { CMSRUN_COMPILER: '"unloading"' },
    logLevel: "silent",
  });
});

/** A job's memory of its own, in which freed blocks are overwritten. */
function freshMemory(): ModelMemory {
  adoptModelMemory(new ModelMemory().memory);
  modelMemory().poisonFreed();
  return modelMemory();
}

afterEach(() => {
  freshMemory();
});

function outcomeOf(worker: Worker): Promise<Outcome> {
  return new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
}

describe("a closed model", () => {
  it("leaves no bytes behind, whoever owned it and however many batch sizes it ran", () => {
    const memory = freshMemory();
    const empty = memory.usedBytes;
    const owned = compiledSession(denseModel(1), "wasm");
    const cache = new SessionCache("a model", loadModel(denseModel(1), { engine: "compiled" }));
    for (const batch of batches) {
      owned.run({ x: batchOf(batch) }, ["y"]);
      cache.getSession(batch).run({ x: batchOf(batch) }, ["y"]);
    }
    const full = memory.usedBytes;
    owned.close();
    // The cache's sessions use the same weights and code.
    expect(memory.usedBytes).toBe(full);
    expect(cache.getSession(1).run({ x: batchOf(1) }, ["y"])[0]?.data.length).toBe(8);
    cache.closeSession();
    expect(memory.usedBytes).toBe(empty);
  });

  it("cannot be run through calls that were prepared before, nor harm who came after it", () => {
    freshMemory();
    const closed = compiledSession(denseModel(1), "wasm");
    const call = closed.prepare(["x"], ["y"]);
    const [expected] = call.run([batchOf(3)]);
    closed.close();
    closed.close();
    expect(() => call.run([batchOf(3)])).toThrow("cannot run empty session: it has been closed.");
    expect(() => call.warmUp([3])).toThrow("cannot run empty session: it has been closed.");
    const next = compiledSession(denseModel(1), "wasm");
    expect(next.run({ x: batchOf(3) }, ["y"])).toEqual([expected]);
    next.close();
  });

  it("is freed too where it is compiled in parts", () => {
    const memory = freshMemory();
    const empty = memory.usedBytes;
    const nodes = denseNodes(2).map((one) => (one.name === "relu1" ? { ...one, op: "Print" } : one));
    const session = compiledSession(graphOf(...nodes), "wasm");
    const call = session.prepare(["x"], ["y"]);
    call.run([batchOf(2)]);
    expect(call.explain().join("\n")).toMatch(/Print.*\n.*compiled for.*\n.*reference engine\ncompiled for/s);
    expect(memory.usedBytes).toBeGreaterThan(empty);
    session.close();
    expect(memory.usedBytes).toBe(empty);
    expect(() => call.run([batchOf(2)])).toThrow("it has been closed");
  });

  it("is freed too when its session was only dropped", async () => {
    const memory = freshMemory();
    const empty = memory.usedBytes;
    (() => compiledSession(denseModel(2), "wasm").run({ x: batchOf(2) }, ["y"]))();
    expect(memory.usedBytes).toBeGreaterThan(empty);
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    for (let turn = 0; turn < 50 && memory.usedBytes > empty; turn++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(memory.usedBytes).toBe(empty);
  });
});

describe("PreparedCall.warmUp", () => {
  it("makes code for batch sizes without running data, once each", () => {
    freshMemory();
    const session = compiledSession(denseModel(3), "wasm");
    const call = session.prepare(["x"], ["y"]);
    call.warmUp([2, 8, 2]);
    const explained = call.explain();
    expect(explained.map((line) => /x:0\[(\d+),/.exec(line)?.[1]).sort()).toEqual(["1", "2", "8"]);
    call.run([batchOf(8)]);
    expect(call.explain()).toHaveLength(3);
    session.close();
  });

  it("refuses what is no batch size, and inputs of which more is unknown", () => {
    const session = compiledSession(denseModel(3), "wasm");
    const call = session.prepare(["x"], ["y"]);
    for (const size of [0, -1, 1.5, Number.NaN])
      expect(() => call.warmUp([size])).toThrow(`batch size ${size} is no whole number from 1 on`);
    const inner = session.prepare(["sum0"], ["y"]);
    expect(() => inner.warmUp([4])).toThrow("input 'sum0' (unknown type");
    session.close();
  });

  it("is nothing to the reference engine", () => {
    const call = createSession(denseModel(3), { engine: "reference" }).prepare(["x"], ["y"]);
    call.warmUp([4]);
    expect(call.run([batchOf(4)])[0]?.shape).toEqual([4, 8]);
  });
});

describe.each(testableTargets("aot/models/unloading.test.ts"))("models compiled for %s", (target) => {
  it(`are loaded and unloaded ${rounds} times on two threads in bounded memory, with the same bits`, {
    timeout: 600_000,
  }, async () => {
    const { models, batches } = sizeOf[target];
    const memory = freshMemory();
    const empty = memory.usedBytes;
    let largest = 0;
    const expected = Array.from({ length: models }, (_, number) => {
      const session = compiledSession(denseModel(number), target);
      const [y] = session.run({ x: batchOf(8) }, ["y"]);
      largest = Math.max(largest, memory.usedBytes - empty);
      session.close();
      return y?.data as Float32Array;
    });
    expect(memory.usedBytes).toBe(empty);
    const threads = [false, true].map((isUntidy) => {
      const order: Order = {
        memory: memory.memory,
        thread: memory.beginThread(),
        cacheDirectory: join(folder, "cache"),
        target,
        models,
        rounds,
        batches,
        expected,
        isUntidy,
      };
      return { order, worker: new Worker(join(folder, "worker.js"), { workerData: order }) };
    });
    const outcomes = await Promise.all(threads.map(({ worker }) => outcomeOf(worker)));
    for (const { wrong, runs, sizes } of outcomes) {
      expect(runs).toBeGreaterThan(3 * rounds);
      expect(wrong).toBe(0);
      // Up to 4 models of each thread at a time, one being loaded, and the holes between.
      expect(Math.max(...sizes)).toBeLessThan(MB + 2 * 5 * largest);
      if (process.env.CMSRUN_SOAK)
        console.info(target, largest, sizes[0], sizes[sizes.length >> 2], sizes.at(-1));
      const half = sizes[sizes.length >> 1] as number;
      expect((sizes.at(-1) as number) - half).toBeLessThanOrEqual(largest);
    }
    // The untidy thread has left models open.
    expect(memory.usedBytes).toBeGreaterThan(empty);
    for (const { worker, order } of threads) {
      await worker.terminate();
      memory.endThread(order.thread);
    }
    expect(memory.usedBytes).toBe(empty);
  });
});
