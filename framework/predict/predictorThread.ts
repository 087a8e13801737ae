/** What a thread of MultiThreadPredictor runs: a session on the model that all of them share. */
import { parentPort, workerData } from "node:worker_threads";
import "../aot/engine/register.js";
import { type CompilerSettings, setCompilerSettings } from "../aot/engine/settings.js";
import { adoptModelMemory } from "../aot/ModelMemory.js";
import type { WasmMemory } from "../aot/wasm/WebAssembly.js";
import { Exception, type PlainException } from "../base/errors.js";
import { setNativeLock } from "../base/nativeLock.js";
import { SessionCache, type SharedCache } from "../tensorflow/SessionCache.js";
import type { TensorLike } from "../tensorflow/Tensor.js";

/** What the thread is started with. */
export interface PredictorPlan {
  readonly cache: SharedCache;
  readonly modelMemory: WasmMemory;
  /** The thread's number in it: ModelMemory.beginThread. */
  readonly memoryThread: number;
  readonly compiler: CompilerSettings;
  readonly nativeLock: Int32Array;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** One batch, or what went wrong with it. */
export interface PredictorReply {
  readonly outputs?: readonly TensorLike[];
  readonly error?: PlainException;
}

const plan = workerData as PredictorPlan;
adoptModelMemory(plan.modelMemory, plan.memoryThread);
setCompilerSettings(plan.compiler);
setNativeLock(plan.nativeLock);
const cache = SessionCache.fromShared(plan.cache);
const call = cache.createSession().prepare(plan.inputs, plan.outputs);

parentPort?.on("message", (feeds: readonly TensorLike[]) => {
  try {
    const outputs = call.run(feeds).map(({ dtype, shape, data }) => ({ dtype, shape, data }));
    const buffers = outputs.flatMap(({ data }) => (Array.isArray(data) ? [] : [data.buffer as ArrayBuffer]));
    parentPort?.postMessage({ outputs } satisfies PredictorReply, buffers);
  } catch (error) {
    parentPort?.postMessage({ error: Exception.from(error).toPlain() } satisfies PredictorReply);
  }
});
