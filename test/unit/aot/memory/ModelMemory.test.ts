/** The job's memory for compiled models: each constant once, an arena a thread, whoever asks and when. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { afterAll, describe, expect, it } from "vitest";
import { ModelMemory } from "../../../../framework/aot/ModelMemory.js";
import { Random } from "../codegen/randomSteps.js";
import { blockOf, bytesOf } from "./blocks.js";

const folder = mkdtempSync(join(tmpdir(), "modelmemory-"));
afterAll(() => rmSync(folder, { recursive: true }));

function place(memory: ModelMemory, ...numbers: number[]): number[] {
  return memory.place(numbers.map(blockOf), numbers.map(bytesOf));
}

function contents(memory: ModelMemory, address: number, number: number): Uint8Array {
  return new Uint8Array(memory.memory.buffer, address, bytesOf(number).length).slice();
}

describe("a model memory", () => {
  it("holds equal blocks once, aligned, without overlap", () => {
    const memory = new ModelMemory();
    const numbers = Array.from({ length: 300 }, (_, i) => i % 100);
    const addresses = place(memory, ...numbers);
    expect(new Set(addresses).size).toBe(100);
    expect(place(memory, ...numbers)).toEqual(addresses);
    const ends = new Map(
      addresses.map((address, i) => [address, address + bytesOf(numbers[i] as number).length]),
    );
    const sorted = [...ends].sort(([a], [b]) => a - b);
    for (const [i, [address]] of sorted.entries()) {
      expect(address % 64).toBe(0);
      if (i > 0) expect(address).toBeGreaterThanOrEqual((sorted[i - 1] as [number, number])[1]);
    }
    for (const [i, number] of numbers.entries())
      expect(contents(memory, addresses[i] as number, number)).toEqual(bytesOf(number));
  });

  it("tells blocks apart whose hashes begin alike, or that differ in length alone", () => {
    const memory = new ModelMemory();
    const hashes = ["0", "1", "2", "3"].map((last) => `ffffffff${"0".repeat(23)}${last}`);
    const blocks = hashes.map((hash) => ({ hash, sizeBytes: 64 }));
    const bytes = blocks.map((_, i) => new Uint8Array(64).fill(i));
    const addresses = memory.place(blocks, bytes);
    expect(new Set(addresses).size).toBe(4);
    expect(memory.place(blocks.toReversed(), bytes.toReversed())).toEqual(addresses.toReversed());
    const longer = { hash: hashes[0] as string, sizeBytes: 128 };
    expect(memory.place([longer], [new Uint8Array(128)])).not.toContain(addresses[0]);
  });

  it("works on when its directory is full", () => {
    const memory = new ModelMemory();
    const zeros = new Uint8Array(64);
    const blocks = Array.from({ length: (1 << 14) + 5 }, (_, i) => ({
      hash: (i + 1).toString(16).padStart(8, "0").padEnd(32, "0"),
      sizeBytes: 64,
    }));
    const addresses = memory.place(
      blocks,
      blocks.map(() => zeros),
    );
    expect(new Set(addresses).size).toBe(blocks.length);
    const again = memory.place(blocks.slice(0, 3), [zeros, zeros, zeros]);
    expect(again).toEqual(addresses.slice(0, 3));
  });

  it("grows, and keeps what it holds", () => {
    const memory = new ModelMemory();
    const [address] = place(memory, 5) as [number];
    const before = memory.sizeBytes;
    const arena = memory.arena(10_000_000);
    expect(memory.sizeBytes).toBeGreaterThan(before + 9_000_000);
    expect(arena % 64).toBe(0);
    new Uint8Array(memory.memory.buffer, arena, 10_000_000).fill(255);
    const [other] = place(memory, 6) as [number];
    expect(contents(memory, address, 5)).toEqual(bytesOf(5));
    expect(contents(memory, other, 6)).toEqual(bytesOf(6));
  });

  it("gives a thread one arena of zeros, and another when it is too small", () => {
    const memory = new ModelMemory();
    const first = memory.arena(1000);
    expect(memory.arena(10)).toBe(first);
    expect(memory.arena(1024)).toBe(first);
    const second = memory.arena(1025);
    expect(second).not.toBe(first);
    expect(memory.arena(1536)).toBe(second);
    expect(new Uint8Array(memory.memory.buffer, second, 1536).every((byte) => byte === 0)).toBe(true);
    expect(new ModelMemory(memory.memory).arena(1000)).not.toBe(second);
  });

  it("says what to do when there is no more, and works on", () => {
    const memory = new ModelMemory();
    expect(() => memory.arena(2 ** 32)).toThrow(/the limit is 4096 MB: use smaller batches/);
    expect(memory.arena(100)).toBeGreaterThan(0);
    expect(place(memory, 1)).toHaveLength(1);
  });

  it("frees a block when it has been released as often as placed, by all threads", () => {
    const memory = new ModelMemory();
    const other = new ModelMemory(memory.memory);
    const empty = memory.usedBytes;
    const [address] = place(memory, 1) as [number];
    expect(place(memory, 1)).toEqual([address]);
    expect(place(other, 1)).toEqual([address]);
    const held = memory.usedBytes;
    memory.release([address]);
    other.release([address]);
    expect(memory.usedBytes).toBe(held);
    memory.release([address]);
    expect(memory.usedBytes).toBe(empty);
  });

  it("refuses what is not held: released twice, by another thread, or never placed", () => {
    const memory = new ModelMemory();
    const other = new ModelMemory(memory.memory);
    const [address, rest] = place(memory, 1, 2) as [number, number];
    expect(() => other.release([address])).toThrow(`model memory at ${address} is released, but not held`);
    expect(() => memory.release([address + 64 * 1000])).toThrow("not held");
    expect(() => memory.release([0])).toThrow("not held");
    memory.release([address]);
    expect(() => memory.release([address])).toThrow("not held");
    expect(() => memory.releaseArena(address)).toThrow("not held");
    const arena = memory.arena(100);
    expect(() => other.releaseArena(arena)).toThrow("not held");
    memory.releaseArena(arena);
    expect(() => memory.releaseArena(arena)).toThrow("not held");
    expect(contents(memory, rest, 2)).toEqual(bytesOf(2));
  });

  it("uses what is free again: the first place that is large enough, with its neighbours", () => {
    const memory = new ModelMemory();
    const sizes = [64, 128, 64, 64];
    const blocks = sizes.map((sizeBytes, i) => ({ hash: `${i + 1}`.padStart(32, "a"), sizeBytes }));
    const bytes = sizes.map((size) => new Uint8Array(size));
    const [first, second, third, last] = memory.place(blocks, bytes) as [number, number, number, number];
    memory.release([first, third]);
    memory.release([second]);
    const whole = { hash: "b".repeat(32), sizeBytes: 256 };
    expect(memory.place([whole], [new Uint8Array(256)])).toEqual([first]);
    memory.release([first]);
    expect(memory.place([blocks[1] as (typeof blocks)[0]], [new Uint8Array(128)])).toEqual([first]);
    expect(memory.place([whole], [new Uint8Array(256)])[0]).toBeGreaterThan(last);
  });

  it("asks only for bytes that are not there, and holds nothing when they cannot be had", () => {
    const memory = new ModelMemory();
    const empty = memory.usedBytes;
    const [address] = place(memory, 1) as [number];
    const held = memory.usedBytes;
    const asked: number[] = [];
    const bytesFor = (index: number) => {
      asked.push(index);
      return bytesOf(index + 1);
    };
    const addresses = memory.place([1, 2, 3].map(blockOf), bytesFor);
    expect(addresses[0]).toBe(address);
    expect(asked).toEqual([1, 2]);
    memory.release(addresses);
    expect(memory.usedBytes).toBe(held);
    const fails = () => {
      throw new Error("cannot be read");
    };
    expect(() => memory.place([1, 4].map(blockOf), fails)).toThrow("cannot be read");
    expect(memory.usedBytes).toBe(held);
    memory.release([address]);
    expect(memory.usedBytes).toBe(empty);
  });

  it("keeps an arena that was outgrown as long as somebody works on it; a new one is zeros wherever it lies", () => {
    const memory = new ModelMemory();
    memory.poisonFreed();
    const empty = memory.usedBytes;
    const small = memory.arena(1000);
    expect(memory.arena(500)).toBe(small);
    const large = memory.arena(2000);
    expect(memory.arena(700)).toBe(large);
    memory.releaseArena(small);
    expect(memory.usedBytes).toBe(empty + 1024 + 2048);
    memory.releaseArena(small);
    expect(memory.usedBytes).toBe(empty + 2048);
    const other = new ModelMemory(memory.memory).arena(1024);
    expect(other).toBe(small);
    expect(new Uint8Array(memory.memory.buffer, other, 1024).every((byte) => byte === 0)).toBe(true);
    memory.releaseArena(large);
    memory.releaseArena(large);
    expect(memory.usedBytes).toBe(empty + 1024);
  });

  it("frees what an ended thread held, even one that ended with the lock in its hand", () => {
    const memory = new ModelMemory();
    const number = memory.beginThread();
    const ended = new ModelMemory(memory.memory, number);
    const empty = memory.usedBytes;
    const [shared] = place(memory, 1) as [number];
    const held = memory.usedBytes;
    place(ended, 1, 2, 3);
    ended.arena(5000);
    Atomics.store(new Int32Array(memory.memory.buffer), 0, number + 1);
    memory.endThread(number);
    expect(memory.usedBytes).toBe(held);
    expect(contents(memory, shared, 1)).toEqual(bytesOf(1));
    memory.endThread(number);
    expect(memory.beginThread()).toBe(number);
    memory.release([shared]);
    expect(memory.usedBytes).toBe(empty);
  });

  it("serves more threads than it has numbers for", () => {
    const memory = new ModelMemory();
    const threads = Array.from({ length: 200 }, () => new ModelMemory(memory.memory));
    const addresses = threads.map((thread) => place(thread, 1)[0]);
    expect(new Set(addresses).size).toBe(1);
    for (const thread of threads) thread.release([addresses[0] as number]);
    for (let number = 0; number < 127; number++) memory.endThread(number);
    // Of those without a number nobody can say whether they have ended.
    expect(contents(memory, addresses[0] as number, 1)).toEqual(bytesOf(1));
    expect(place(new ModelMemory(memory.memory), 1)).toEqual([addresses[0]]);
  });

  it("does what a list of blocks would, for random orders of placing and releasing", () => {
    for (let seed = 0; seed < 10; seed++) {
      const random = new Random(seed);
      const memory = new ModelMemory();
      memory.poisonFreed();
      const threads = [memory, new ModelMemory(memory.memory), new ModelMemory(memory.memory)];
      const held: { thread: number; number: number; address: number }[] = [];
      let empty = memory.usedBytes;
      let largest = 0;
      for (let step = 0; step < 600; step++) {
        const thread = random.below(3);
        const own = threads[thread] as ModelMemory;
        if (held.length > 0 && random.below(step < 300 ? 3 : 2) === 0) {
          const [gone] = held.splice(random.below(held.length), 1) as [(typeof held)[0]];
          (threads[gone.thread] as ModelMemory).release([gone.address]);
        } else {
          const number = random.below(900);
          held.push({ thread, number, address: place(own, number)[0] as number });
        }
        if (step % 20 !== 0) continue;
        const bytes = new Map(held.map(({ number }) => [number, bytesOf(number).length]));
        const used = [...bytes.values()].reduce((sum, size) => sum + size, 0);
        // The table has grown.
        if (memory.usedBytes - empty > used) empty = memory.usedBytes - used;
        expect(memory.usedBytes - empty).toBe(used);
        largest = Math.max(largest, used);
        const isRight = ({ number, address }: (typeof held)[0]) =>
          Buffer.compare(contents(memory, address, number), bytesOf(number)) === 0;
        expect(held.every(isRight)).toBe(true);
      }
      expect(memory.sizeBytes).toBeLessThan(2 * largest + 4 * 65536);
      for (const { thread, address } of held) (threads[thread] as ModelMemory).release([address]);
      expect(memory.usedBytes).toBe(empty);
    }
  });

  it("is shared by threads that place the same and different blocks and claim arenas at once", async () => {
    const entry = fileURLToPath(new URL("./modelMemoryWorker.ts", import.meta.url));
    const outfile = join(folder, "worker.mjs");
    const options = { bundle: true, platform: "node", format: "esm", logLevel: "silent" } as const;
    await build({ entryPoints: [entry], outfile, ...options });
    const memory = new ModelMemory();
    const start = new SharedArrayBuffer(8);
    const rounds = 211;
    const threads = [0, 1, 2];
    const workers = threads.map(
      (thread) => new Worker(outfile, { workerData: { memory: memory.memory, thread, rounds, start } }),
    );
    const results = workers.map(
      (worker) =>
        new Promise<{ addresses: Record<number, number>; problems: string[] }>((resolve, reject) =>
          worker.once("message", resolve).once("error", reject),
        ),
    );
    const gate = new Int32Array(start);
    while (Atomics.load(gate, 0) < threads.length) await new Promise((resolve) => setTimeout(resolve, 5));
    Atomics.store(gate, 1, 1);
    Atomics.notify(gate, 1);
    const all = await Promise.all(results);
    for (const { problems } of all) expect(problems).toEqual([]);
    const [first, ...others] = all.map(({ addresses }) => addresses) as [Record<number, number>];
    const shared = Object.keys(first).filter((number) => Number(number) < 1000);
    expect(shared).toHaveLength(rounds);
    for (const other of others)
      for (const number of shared) expect(other[Number(number)]).toBe(first[Number(number)]);
    const numbers = shared.map(Number);
    expect(place(memory, ...numbers)).toEqual(numbers.map((number) => first[number]));
    await Promise.all(workers.map((worker) => worker.terminate()));
  });
});
