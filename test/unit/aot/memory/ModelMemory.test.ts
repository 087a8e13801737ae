/** The job's memory for compiled models: each constant once, an arena a thread, whoever asks and when. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { afterAll, describe, expect, it } from "vitest";
import { ModelMemory } from "../../../../framework/aot/ModelMemory.js";
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
