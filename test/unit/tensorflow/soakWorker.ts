/**
 * A thread of soak.test.ts: its streams run one shared cache with batches of mixed sizes and compare every output with
 * the row-by-row results that the main thread has sent.
 */
import { parentPort, workerData } from "node:worker_threads";
import { fromPosted } from "../../../framework/base/sharedForm.js";
import type { SessionCache } from "../../../framework/tensorflow/SessionCache.js";
import "../../../framework/tensorflow/SessionCache.js";
import { Tensor } from "../../../framework/tensorflow/Tensor.js";

export interface SoakOrder {
  readonly cache: unknown;
  readonly streams: readonly number[];
  readonly runs: number;
  readonly width: number;
  readonly inputs: Float32Array;
  readonly expected: Float32Array;
}

const { cache: posted, streams, runs, width, inputs, expected } = workerData as SoakOrder;
const cache = fromPosted(posted as never) as SessionCache;
const calls = streams.map((stream) => cache.getSession(stream).prepare(["x"], ["y"]));
const outputs = calls.map((): Tensor[] => []);
const known = inputs.length / width;
let wrong = 0;
const heap: number[] = [];
const arenas: number[] = [];
for (let run = 0; run < runs; run++) {
  const rows = 1 + ((run * 7) % 31);
  const first = (run * 13) % (known - rows);
  const x = new Tensor("float32", [rows, width], inputs.subarray(first * width, (first + rows) * width));
  const at = run % streams.length;
  const [y] = calls[at]?.run([x], outputs[at]) ?? [];
  for (let i = 0; i < rows; i++) if (y?.data[i] !== expected[first + i]) wrong++;
  if (run % Math.ceil(runs / 10) === 0) {
    heap.push(process.memoryUsage().arrayBuffers);
    arenas.push(streams.reduce((sum, stream) => sum + cache.getSession(stream).arenaBytes, 0));
  }
}
parentPort?.postMessage({ wrong, heap, arenas });
