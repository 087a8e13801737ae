/** The other thread of SessionCache.test.ts: receives a posted cache, runs it, and writes a mark into its weights. */
import { parentPort, workerData } from "node:worker_threads";
import { fromPosted } from "../../../framework/base/sharedForm.js";
import type { SessionCache } from "../../../framework/tensorflow/SessionCache.js";
import "../../../framework/tensorflow/SessionCache.js";
import { Tensor } from "../../../framework/tensorflow/Tensor.js";

const cache = fromPosted(workerData) as SessionCache;
const input = new Tensor("float32", [1, 10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
const feeds = { input, scale: new Tensor("float32", [], [1]) };
const before = cache.getSession(1).run(feeds, ["output"])[0]?.data[0];
const ones = cache.graph?.nodes.find((node) => node.name === "ones")?.attrs.value?.tensor
  ?.data as Float32Array;
ones.fill(2);
const after = cache.getSession(1).run(feeds, ["output"])[0]?.data[0];
parentPort?.postMessage({ before, after });
