/**
 * Preloaded into a job (--import), in each of its threads: counts the bytes of every SharedArrayBuffer and every shared
 * WebAssembly.Memory that is made, and tells them at the job's end as "SHARED … bytes in … threads".
 */
import { writeSync } from "node:fs";
import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";

const key = "cmsrun/sharedMemory";
/** Words: bytes of buffers, which do not grow; threads that count. */
const counts = isMainThread ? new Int32Array(new SharedArrayBuffer(8)) : getEnvironmentData(key);
if (isMainThread) setEnvironmentData(key, counts);
Atomics.add(counts, 1, 1);

/** Of this thread; a thread that is ended from outside tells nothing, so only the main one may make them. */
const memories = [];

const counting = (shared, note) =>
  new Proxy(shared, {
    construct(target, args, newTarget) {
      const object = Reflect.construct(target, args, newTarget);
      note(object);
      return object;
    },
  });

globalThis.SharedArrayBuffer = counting(SharedArrayBuffer, ({ byteLength }) =>
  Atomics.add(counts, 0, byteLength),
);
WebAssembly.Memory = counting(WebAssembly.Memory, (memory) => {
  if (Object.prototype.toString.call(memory.buffer) !== "[object SharedArrayBuffer]") return;
  if (!isMainThread) throw new Error("a shared memory is made in a worker thread, where it is not counted");
  memories.push(memory);
});

if (isMainThread)
  process.on("exit", () => {
    const bytes = memories.reduce((sum, { buffer }) => sum + buffer.byteLength, counts[0]);
    writeSync(1, `SHARED ${bytes} bytes in ${counts[1]} threads\n`);
  });
