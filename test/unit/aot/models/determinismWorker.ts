/**
 * A thread of determinism.test.ts: its streams run one shared cache with batches of mixed sizes and compare the bits of
 * every output with those of each row alone, which the main thread has sent.
 */
import { parentPort, workerData } from "node:worker_threads";
import "../../../../framework/aot/engine/register.js";
import { setCompilerSettings } from "../../../../framework/aot/engine/settings.js";
import { adoptModelMemory } from "../../../../framework/aot/ModelMemory.js";
import type { WasmMemory } from "../../../../framework/aot/wasm/WebAssembly.js";
import { fromPosted } from "../../../../framework/base/sharedForm.js";
import type { SessionCache } from "../../../../framework/tensorflow/SessionCache.js";
import "../../../../framework/tensorflow/SessionCache.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";

export interface Order {
  readonly cache: unknown;
  readonly memory: WasmMemory;
  readonly cacheDirectory: string;
  readonly streams: readonly number[];
  readonly runs: number;
  readonly batches: readonly number[];
  readonly width: number;
  readonly inputs: Float32Array;
  /** The output's bits, a row each. */
  readonly expected: Uint32Array;
}

export interface Outcome {
  readonly wrong: number;
  readonly explained: readonly string[];
  /** Bytes of the job's memory and of this thread's arrays, after a tenth of the runs and at the end. */
  readonly memoryBytes: readonly number[];
  readonly arrayBytes: readonly number[];
}

const order = workerData as Order;
const { streams, runs, batches, width, inputs, expected, memory } = order;
adoptModelMemory(memory);
setCompilerSettings({ cacheDirectory: order.cacheDirectory });
const cache = fromPosted(order.cache) as SessionCache;
const calls = streams.map((stream) => cache.getSession(stream).prepare(["x"], ["y"]));
const outputs = calls.map((): Tensor[] => []);
const known = expected.length;
const memoryBytes: number[] = [];
const arrayBytes: number[] = [];
let wrong = 0;
for (let run = 0; run < runs; run++) {
  const rows = batches[(run * 7) % batches.length] as number;
  const first = (run * 13) % (known - rows);
  const x = new Tensor("float32", [rows, width], inputs.subarray(first * width, (first + rows) * width));
  const at = run % streams.length;
  const [y] = calls[at]?.run([x], outputs[at]) ?? [];
  const { buffer, byteOffset, length } = (y as Tensor<"float32">).data;
  const bits = new Uint32Array(buffer, byteOffset, length);
  if (length !== rows) wrong++;
  for (let i = 0; i < rows; i++) if (bits[i] !== expected[first + i]) wrong++;
  if (run !== Math.floor(runs / 10) && run !== runs - 1) continue;
  memoryBytes.push(memory.buffer.byteLength);
  arrayBytes.push(process.memoryUsage().arrayBuffers);
}
const explained = calls.flatMap((call) => call.explain());
parentPort?.postMessage({ wrong, explained, memoryBytes, arrayBytes } satisfies Outcome);
