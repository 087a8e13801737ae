/** One model for all streams and threads: weights once in shared memory, an arena a stream. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { afterAll, describe, expect, it } from "vitest";
import { fromPosted, toPosted } from "../../../framework/base/sharedForm.js";
import type { SharedModel } from "../../../framework/tensorflow/reference/shareTensors.js";
import { SessionCache } from "../../../framework/tensorflow/SessionCache.js";
import { Tensor } from "../../../framework/tensorflow/Tensor.js";
import { constantGraphNodes, encode, floats, node, placeholder, type TestNode } from "./buildGraph.js";

const folder = mkdtempSync(join(tmpdir(), "sessioncache-"));
afterAll(() => rmSync(folder, { recursive: true }));

function cacheOf(nodes: readonly TestNode[]): SessionCache {
  const path = join(folder, "graph.pb");
  writeFileSync(path, encode(nodes));
  return new SessionCache(path);
}

const feeds = {
  input: new Tensor("float32", [1, 10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
  scale: new Tensor("float32", [], [1]),
};

function sharedModel(cache: SessionCache): SharedModel {
  return cache.toShared().model as SharedModel;
}

describe("SessionCache", () => {
  it("gives each stream its own session, the same one at every call", () => {
    const cache = cacheOf(constantGraphNodes);
    expect(cache.session).toBeNull();
    const session = cache.getSession(0);
    expect(cache.getSession(0)).toBe(session);
    expect(cache.session).toBe(session);
    expect(cache.getSession(1)).not.toBe(session);
    expect(cache.createSession()).not.toBe(session);
    for (const stream of [0, 1, 2])
      expect(cache.getSession(stream).run(feeds, ["output"])[0]?.data[0]).toBe(46);
  });

  it("has null fields after closing, as CMSSW's", () => {
    const cache = cacheOf(constantGraphNodes);
    const session = cache.getSession();
    cache.closeSession();
    expect([cache.graph, cache.session]).toEqual([null, null]);
    expect(() => session.run(feeds, ["output"])).toThrow("cannot run empty session: it has been closed.");
    expect(() => cache.getSession()).toThrow("cannot run empty session: the cache of");
    expect(() => cache.toShared()).toThrow("has been closed");
    cache.closeSession();
  });

  it("holds the weights once, in shared memory, whatever the number of streams", () => {
    const size = 300;
    const weights = Array.from({ length: size * size }, (_, i) => i % 7);
    const cache = cacheOf([
      placeholder("x", "float32", [-1, size]),
      floats("w", [size, size], weights),
      node("read", "Identity", ["w"]),
      node("y", "MatMul", ["x", "read"]),
    ]);
    const weightBytes = size * size * 4;
    const { weights: shared } = sharedModel(cache);
    expect(shared.byteLength).toBe(weightBytes);
    for (let stream = 0; stream < 8; stream++) {
      const session = cache.getSession(stream);
      session.run({ x: new Tensor("float32", [2, size]) }, ["y"]);
      expect(session.arenaBytes).toBe(2 * size * 4);
    }
    expect(sharedModel(cache).weights).toBe(shared);
    const tensor = cache.graph?.nodes.find((n) => n.name === "w")?.attrs.value?.tensor;
    expect((tensor as Tensor<"float32">).data.buffer).toBe(shared);
  });

  it("survives being posted, without a copy of the weights", () => {
    const cache = cacheOf(constantGraphNodes);
    const posted = structuredClone(toPosted(cache, "test"));
    const received = fromPosted(posted) as SessionCache;
    expect(received.getSession().run(feeds, ["output"])[0]?.data[0]).toBe(46);
    const [here, there] = [cache, received].map((c) => new Uint8Array(sharedModel(c).weights));
    here?.fill(0);
    expect(there?.every((byte) => byte === 0)).toBe(true);
  });

  it("shares its weights with a worker thread", async () => {
    const entry = fileURLToPath(new URL("./sessionCacheWorker.ts", import.meta.url));
    const outfile = join(folder, "worker.mjs");
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      logLevel: "silent",
    });
    const cache = cacheOf(constantGraphNodes);
    const worker = new Worker(outfile, { workerData: toPosted(cache, "test") });
    const result = await new Promise((resolve, reject) =>
      worker.once("message", resolve).once("error", reject),
    );
    await worker.terminate();
    // The worker doubled the weights in its own view; this thread sees it.
    expect(result).toEqual({ before: 46, after: 91 });
    expect(cache.getSession().run(feeds, ["output"])[0]?.data[0]).toBe(91);
  });
});
