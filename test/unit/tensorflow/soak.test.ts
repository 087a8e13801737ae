/**
 * Four streams on two threads over one SessionCache: outputs never differ and memory does not grow. The suite does
 * 2,000 runs; CMSRUN_SOAK=100000 does more.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { afterAll, expect, it } from "vitest";
import { toPosted } from "../../../framework/base/sharedForm.js";
import { SessionCache } from "../../../framework/tensorflow/SessionCache.js";
import { Tensor } from "../../../framework/tensorflow/Tensor.js";
import { constant, encode, floats, node, placeholder } from "./buildGraph.js";
import type { SoakOrder } from "./soakWorker.js";

const folder = mkdtempSync(join(tmpdir(), "soak-"));
afterAll(() => rmSync(folder, { recursive: true }));

const runs = Number(process.env.CMSRUN_SOAK ?? 2000);
const width = 6;
const frame = { frame_name: { s: Buffer.from("steps") } };
const weights = (seed: number, count: number) =>
  Array.from({ length: count }, (_, i) => Math.sin(seed + i * i));

/** A dense layer, four steps of a recurrent loop, a sum a row. */
const nodes = [
  placeholder("x", "float32", [-1, width]),
  floats("w", [width, 16], weights(1, width * 16)),
  floats("u", [16, 16], weights(2, 256)),
  constant("zero", "int32", [], { int_val: [0] }),
  constant("one", "int32", [], { int_val: [1] }),
  constant("four", "int32", [], { int_val: [4] }),
  node("dense", "MatMul", ["x", "w"]),
  node("state", "Relu", ["dense"]),
  node("enterState", "Enter", ["state"], frame),
  node("enterStep", "Enter", ["zero"], frame),
  node("stateNow", "Merge", ["enterState", "nextState"], { N: { i: 2 } }),
  node("stepNow", "Merge", ["enterStep", "nextStep"], { N: { i: 2 } }),
  node("less", "Less", ["stepNow", "four"]),
  node("goesOn", "LoopCond", ["less"]),
  node("stateSwitch", "Switch", ["stateNow", "goesOn"]),
  node("stepSwitch", "Switch", ["stepNow", "goesOn"]),
  node("product", "MatMul", ["stateSwitch:1", "u"]),
  node("tanh", "Tanh", ["product"]),
  node("added", "Add", ["stepSwitch:1", "one"]),
  node("nextState", "NextIteration", ["tanh"]),
  node("nextStep", "NextIteration", ["added"]),
  node("last", "Exit", ["stateSwitch"]),
  node("y", "Sum", ["last", "one"]),
];

const claim = "four streams on two threads share one cache, without a difference and without growing";

it(claim, { timeout: 600_000 }, async () => {
  const path = join(folder, "graph.pb");
  writeFileSync(path, encode(nodes));
  const cache = new SessionCache(path);
  const inputs = Float32Array.from(weights(3, 200 * width));
  const row = (at: number) => new Tensor("float32", [1, width], inputs.slice(at * width, (at + 1) * width));
  const alone = cache.getSession(9);
  const expected = Float32Array.from({ length: 200 }, (_, at) =>
    Number(alone.run({ x: row(at) }, ["y"])[0]?.data[0]),
  );
  const outfile = join(folder, "worker.mjs");
  const entry = fileURLToPath(new URL("./soakWorker.ts", import.meta.url));
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "silent",
  });
  const results = await Promise.all(
    [
      [0, 2],
      [1, 3],
    ].map((streams) => {
      const order: SoakOrder = {
        cache: toPosted(cache, "test"),
        streams,
        runs: runs / 2,
        width,
        inputs,
        expected,
      };
      const worker = new Worker(outfile, { workerData: order });
      return new Promise<{ wrong: number; heap: number[]; arenas: number[] }>((resolve, reject) =>
        worker.once("message", resolve).once("error", reject),
      );
    }),
  );
  for (const { wrong, heap, arenas } of results) {
    expect(wrong).toBe(0);
    expect(new Set(arenas.slice(1)).size).toBe(1);
    // The arrays of a thread: warm after a tenth of the runs, and within a megabyte of that ever after.
    expect(Math.max(...heap.slice(1)) - (heap[1] ?? 0)).toBeLessThan(2 ** 20);
  }
});
