/**
 * One SessionCache of the compiled engine on one thread and on two, with one to four streams and batches of mixed
 * sizes: every row has the same bits everywhere, and memory does not grow. 10,000 runs a target; CMSRUN_SOAK=100000
 * does more.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { modelMemory } from "../../../../framework/aot/ModelMemory.js";
import { toPosted } from "../../../../framework/base/sharedForm.js";
import { SessionCache } from "../../../../framework/tensorflow/SessionCache.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { constant, encode, floats, node, placeholder } from "../../tensorflow/buildGraph.js";
import type { Order, Outcome } from "./determinismWorker.js";
import { bytesOf, testableTargets } from "./targets.js";

// Within the checkout: the bundled worker looks for the C headers of Node from where it lies.
const modules = fileURLToPath(new URL("../../../../node_modules/", import.meta.url));
const folder = mkdtempSync(join(modules, ".determinism-"));
afterAll(() => rmSync(folder, { recursive: true }));

const runs = Number(process.env.CMSRUN_SOAK ?? 10_000);
const width = 6;
const rows = 200;
const batches = [1, 8, 3, 31, 5];
const frame = { frame_name: { s: Buffer.from("steps") } };
const weights = (seed: number, count: number) =>
  Array.from({ length: count }, (_, i) => Math.sin(seed + i * i));

/** A dense layer, four steps of a recurrent loop, a softmax, a sum a row. */
const nodes = [
  placeholder("x", "float32", [-1, width]),
  floats("w", [width, 16], weights(1, width * 16)),
  floats("u", [16, 16], weights(2, 256)),
  floats("v", [1, 16], weights(4, 16)),
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
  node("shares", "Softmax", ["last"]),
  node("weighted", "Mul", ["shares", "v"]),
  node("y", "Sum", ["weighted", "one"]),
];

const path = join(folder, "graph.pb");
const worker = join(folder, "worker.js");
const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));
beforeAll(async () => {
  writeFileSync(path, encode(nodes));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  await build({
    // As the build does: the compiler is a file of its own, loaded when it is needed.
    entryPoints: {
      worker: source("./determinismWorker.ts"),
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
    // Code is kept on disk, and the threads find what the other has compiled.
    define: { CMSRUN_COMPILER: '"determinism"' },
    logLevel: "silent",
  });
});

function outcomeOf(order: Order): Promise<Outcome> {
  const thread = new Worker(worker, { workerData: order });
  return new Promise((resolve, reject) => thread.once("message", resolve).once("error", reject));
}

describe.each(testableTargets("aot/models/determinism.test.ts"))("compiled for %s", (target) => {
  it("one cache gives the same bits on one thread and on two, in any batch and stream", {
    timeout: 600_000,
  }, async () => {
    const cache = new SessionCache(path, { engine: "compiled", engineTarget: target });
    const inputs = Float32Array.from(weights(3, rows * width));
    const alone = cache.getSession(9).prepare(["x"], ["y"]);
    const expected = Uint32Array.from({ length: rows }, (_, at) => {
      const x = new Tensor("float32", [1, width], inputs.slice(at * width, (at + 1) * width));
      return bytesOf(alone.run([x])[0] as Tensor).readUInt32LE();
    });
    expect(new Set(expected).size).toBeGreaterThan(rows / 2);
    const cacheDirectory = join(folder, "cache");
    mkdirSync(cacheDirectory, { recursive: true });
    const common = { memory: modelMemory().memory, cacheDirectory, batches, width, inputs, expected };
    const inThreads = (...streamsOfThreads: number[][]) =>
      Promise.all(
        streamsOfThreads.map((streams) =>
          outcomeOf({
            ...common,
            cache: toPosted(cache, "test"),
            streams,
            runs: runs / (2 * streamsOfThreads.length),
          }),
        ),
      );
    for (const outcomes of [await inThreads([0, 1, 2, 3]), await inThreads([0, 2], [1, 3])])
      for (const { wrong, explained, memoryBytes, arrayBytes } of outcomes) {
        expect(wrong).toBe(0);
        expect(new Set(explained.map((line) => line.includes(`of ${target} code`)))).toEqual(new Set([true]));
        const [memoryEarly, memoryLate] = memoryBytes as [number, number];
        const [arraysEarly, arraysLate] = arrayBytes as [number, number];
        expect(memoryLate - memoryEarly).toBeLessThanOrEqual(2 ** 20);
        expect(arraysLate - arraysEarly).toBeLessThan(2 ** 20);
      }
  });
});
