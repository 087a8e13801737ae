/** Loads a printed module in this thread, on the memory of its model. */
import { WebAssembly, type WasmMemory } from "./WebAssembly.js";

/**
 * The module's `run`, which takes the arena's address. `constantAddresses` are where Program.constants lie in `memory`.
 * No cache: V8 keeps one machine code for equal bytes in the whole process, tiered up once, while a thread uses it.
 */
export function instantiate(
  code: Uint8Array,
  memory: WasmMemory,
  constantAddresses: readonly number[],
): (arena: number) => void {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code), {
    env: { memory },
    constant: Object.fromEntries(constantAddresses.map((address, index) => [index, address | 0])),
  });
  return exports.run as (arena: number) => void;
}
