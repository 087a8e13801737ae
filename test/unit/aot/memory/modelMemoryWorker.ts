/** A thread of ModelMemory.test.ts: places blocks that others place too, claims arenas, and checks that nobody writes over them. */
import { parentPort, workerData } from "node:worker_threads";
import { ModelMemory } from "../../../../framework/aot/ModelMemory.js";
import type { WasmMemory } from "../../../../framework/aot/wasm/WebAssembly.js";
import { blockOf, bytesOf } from "./blocks.js";

const { memory, thread, rounds, start } = workerData as {
  memory: WasmMemory;
  thread: number;
  rounds: number;
  start: SharedArrayBuffer;
};
const gate = new Int32Array(start);
const own = new ModelMemory(memory);
Atomics.add(gate, 0, 1);
Atomics.notify(gate, 0);
while (Atomics.load(gate, 1) === 0) Atomics.wait(gate, 1, 0, 10);

const addresses: Record<number, number> = {};
const problems: string[] = [];
const check = (number: number, address: number) => {
  const expected = bytesOf(number);
  const found = new Uint8Array(memory.buffer, address, expected.length);
  if (!found.every((byte, i) => byte === expected[i])) problems.push(`block ${number} is damaged`);
  if (address % 64 !== 0) problems.push(`block ${number} lies at ${address}`);
};
for (let round = 0; round < rounds; round++) {
  // Half of the blocks are those that the other threads place, in another order.
  const shared = (round * (thread + 1)) % rounds;
  const numbers = [shared, 1000 * (thread + 1) + round];
  const placed = own.place(numbers.map(blockOf), numbers.map(bytesOf));
  for (const [i, number] of numbers.entries()) {
    const address = placed[i] as number;
    if (addresses[number] !== undefined && addresses[number] !== address)
      problems.push(`block ${number} twice`);
    addresses[number] = address;
    check(number, address);
  }
  const size = 1000 * (1 + round);
  const arena = own.arena(size);
  if (arena % 64 !== 0) problems.push(`arena at ${arena}`);
  new Uint8Array(memory.buffer, arena, size).fill(thread + 1);
  if (round % 10 === 0)
    for (const [number, address] of Object.entries(addresses)) check(Number(number), address);
  if (!new Uint8Array(memory.buffer, arena, size).every((byte) => byte === thread + 1))
    problems.push(`arena of thread ${thread} is damaged`);
}
for (const [number, address] of Object.entries(addresses)) check(Number(number), address);
parentPort?.postMessage({ addresses, problems });
