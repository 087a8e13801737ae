/** A thread of tensorflowEngine.test.ts: runs its streams of a posted SessionCache in turn and checks every output. */
import { parentPort, workerData } from "node:worker_threads";
import { fromPosted } from "../../../framework/base/sharedForm.js";
import type { SessionCache } from "../../../framework/tensorflow/SessionCache.js";
import "../../../framework/tensorflow/SessionCache.js";
import { Tensor } from "../../../framework/tensorflow/Tensor.js";
import { loadAddon } from "../../../framework/tensorflow/tfjs/addon.js";

const { cache, streams } = workerData as { cache: unknown; streams: number[] };
const received = fromPosted(cache) as SessionCache;
const calls = streams.map((stream) => received.getSession(stream).prepare(["input", "scale"], ["output"]));
const scale = new Tensor("float32", [], [1]);
const batches = [1, 7, 64, 2];
const runs = 4000;
let wrong = 0;
for (let run = 0; run < runs; run++) {
  const batch = batches[run % batches.length] as number;
  const rows = new Float32Array(10 * batch).map((_, i) => Math.floor(i / 10) + (run % 5));
  const output = calls[run % calls.length]?.run([new Tensor("float32", [batch, 10], rows), scale])[0];
  for (let row = 0; row < batch; row++) if (output?.data[row] !== 10 * (row + (run % 5)) + 1) wrong++;
}
const addon = loadAddon();
parentPort?.postMessage({
  runs,
  wrong,
  sessions: addon.getNumOfSavedModels(),
  tensors: addon.getNumOfTensors(),
});
