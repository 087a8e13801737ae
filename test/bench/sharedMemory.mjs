/**
 * Preloaded into a job (--import), in each of its threads: counts the bytes of every SharedArrayBuffer and every shared
 * WebAssembly.Memory that the thread makes, and tells them at its end as "SHARED … bytes".
 */
import { writeSync } from "node:fs";

const made = [];

const counting = (constructor, bytes) =>
  new Proxy(constructor, {
    construct(target, args, newTarget) {
      const object = Reflect.construct(target, args, newTarget);
      made.push(() => bytes(object));
      return object;
    },
  });

globalThis.SharedArrayBuffer = counting(SharedArrayBuffer, (buffer) => buffer.byteLength);
WebAssembly.Memory = counting(WebAssembly.Memory, ({ buffer }) =>
  Object.prototype.toString.call(buffer) === "[object SharedArrayBuffer]" ? buffer.byteLength : 0,
);
process.on("exit", () => {
  const bytes = made.reduce((sum, bytesOf) => sum + bytesOf(), 0);
  // At once: what a worker thread writes to its stream may not arrive any more.
  writeSync(1, `SHARED ${bytes} bytes\n`);
});
