/** A thread of unloading.test.ts: loads models in random order, runs them, unloads them, and checks every output. */
import { parentPort, workerData } from "node:worker_threads";
import { setCompilerSettings } from "../../../../framework/aot/engine/settings.js";
import "../../../../framework/aot/engine/register.js";
import { adoptModelMemory, modelMemory } from "../../../../framework/aot/ModelMemory.js";
import type { WasmMemory } from "../../../../framework/aot/wasm/WebAssembly.js";
import { createSession, loadModel, type Session } from "../../../../framework/tensorflow/Session.js";
import { SessionCache } from "../../../../framework/tensorflow/SessionCache.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { Random } from "../codegen/randomSteps.js";
import { denseModel, rowsOf, width } from "./denseModel.js";

export interface Order {
  readonly memory: WasmMemory;
  readonly thread: number;
  readonly cacheDirectory: string;
  readonly target: "wasm" | "native";
  readonly models: number;
  readonly rounds: number;
  readonly batches: readonly number[];
  /** By model: the bits of its outputs for the rows of rowsOf. */
  readonly expected: readonly Float32Array[];
  /** Whether what is left open at the end is left to whoever ends the thread. */
  readonly isUntidy: boolean;
}

export interface Outcome {
  readonly wrong: number;
  readonly runs: number;
  /** Of the memory, after each round. */
  readonly sizes: readonly number[];
}

interface Open {
  readonly session: Session;
  close(): void;
}

const order = workerData as Order;
adoptModelMemory(order.memory, order.thread);
setCompilerSettings({ cacheDirectory: order.cacheDirectory });
const options = { engine: "compiled", engineTarget: order.target } as const;
const random = new Random(17 * order.thread);
const rows = rowsOf(Math.max(...order.batches));
const open = new Map<number, Open>();
const sizes: number[] = [];
let wrong = 0;
let runs = 0;

for (let round = 0; round < order.rounds; round++) {
  const number = random.below(order.models);
  const known = open.get(number) ?? load(number);
  open.set(number, known);
  for (let call = 0; call < 3; call++) check(number, known.session);
  if (open.size > 3) {
    const [oldest, first] = [...open][0] as [number, Open];
    first.close();
    open.delete(oldest);
  }
  for (const [other, { session }] of open) check(other, session);
  sizes.push(modelMemory().sizeBytes);
}
if (!order.isUntidy) for (const { close } of open.values()) close();
// Until the thread is terminated, neither ended nor collected.
parentPort?.on("message", () => check(0, [...open.values()][0]?.session as Session));
parentPort?.postMessage({ wrong, runs, sizes } satisfies Outcome);

function load(number: number): Open {
  const graph = denseModel(number);
  if (random.below(2) === 0) {
    const session = createSession(graph, options);
    return { session, close: () => session.close() };
  }
  const cache = new SessionCache(`model ${number}`, loadModel(graph, options));
  return { session: cache.getSession(random.below(3)), close: () => cache.closeSession() };
}

function check(number: number, session: Session): void {
  const batch = order.batches[random.below(order.batches.length)] as number;
  const x = new Tensor("float32", [batch, width], rows.slice(0, batch * width));
  const [y] = session.run({ x }, ["y"]);
  const expected = order.expected[number] as Float32Array;
  runs++;
  if (Buffer.compare(bytesOf(y?.data as Float32Array), bytesOf(expected.subarray(0, y?.data.length))) !== 0)
    wrong++;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
