/**
 * The memory that compiled code of a whole job works on: one shared WebAssembly.Memory (native code takes its address),
 * in which every constant block lies once, found by its hash, and every thread has an arena. A block is freed when the
 * last thread that uses it releases it or has ended, an arena with the last unit that works on it.
 */
import { Exception } from "../base/errors.js";
import { ExtentTable, type Key } from "./ExtentTable.js";
import { roundUp } from "./kernel/ir.js";
import type { ConstantBlock, ConstantBytes } from "./Unit.js";
import type { WasmMemory } from "./wasm/WebAssembly.js";

/** Of the header: 0 free, else 1 + the number of the thread that has it. */
const lockWord = 0;
const recheckMs = 20;
/** A minute: others hold the lock while they copy a model's weights. */
const maxRounds = 3000;

interface Arena {
  readonly address: number;
  readonly sizeBytes: number;
  users: number;
}

export class ModelMemory {
  readonly memory: WasmMemory;
  /** This thread's number in the table. */
  readonly #thread: number;
  readonly #table: ExtentTable;
  /** How often this thread has placed the block at an address. */
  readonly #held = new Map<number, number>();
  /** This thread's: code runs to its end, so units take turns in one. Older ones only where units still use them. */
  #arenas: Arena[] = [];

  /**
   * @param memory one that another thread has made
   * @param thread the number that it got for this thread from beginThread()
   */
  constructor(memory?: WasmMemory, thread?: number) {
    this.memory = memory ?? ExtentTable.create();
    this.#table = new ExtentTable(this.memory);
    this.#thread = thread ?? this.#locked(() => this.#table.takeThread(), 0);
  }

  get sizeBytes(): number {
    return this.memory.buffer.byteLength;
  }

  /** Bytes that are taken; the rest of sizeBytes is free. */
  get usedBytes(): number {
    return this.#locked(() => this.#table.usedBytes);
  }

  /**
   * Where blocks of these hashes lie; those that are new are copied in from `bytes`, which is asked for no other. Each
   * is to be released as often as it is placed. @throws what `bytes` throws, and InvalidSession when memory is full
   */
  place(blocks: readonly ConstantBlock[], bytes: ConstantBytes): number[] {
    const keys = blocks.map(({ hash }) => keyOf(hash));
    const find = (i: number) =>
      this.#table.hold(keys[i] as Key, (blocks[i] as ConstantBlock).sizeBytes, this.#thread);
    const addresses = this.#locked(() =>
      blocks.map((_, i) => {
        const address = find(i);
        if (address !== undefined) this.#count(address);
        return address;
      }),
    );
    try {
      const missing = [...addresses.keys()].filter((i) => addresses[i] === undefined);
      // Perhaps from a file: not while others wait.
      const contents = missing.map((i) =>
        typeof bytes === "function" ? bytes(i) : (bytes[i] as Uint8Array),
      );
      for (const [at, i] of missing.entries())
        addresses[i] = this.#locked(() => {
          const { sizeBytes } = blocks[i] as ConstantBlock;
          const address = find(i) ?? this.#add(keys[i] as Key, sizeBytes, contents[at] as Uint8Array);
          this.#count(address);
          return address;
        });
    } catch (error) {
      this.release(addresses.filter((address) => address !== undefined));
      throw error;
    }
    return addresses as number[];
  }

  /** Gives placed blocks back. @throws LogicError for one that this thread does not hold */
  release(addresses: readonly number[]): void {
    if (addresses.length === 0) return;
    this.#locked(() => {
      for (const address of addresses) {
        const count = this.#held.get(address) ?? 0;
        if (count > 1) this.#held.set(address, count - 1);
        else {
          this.#held.delete(address);
          this.#table.release(address, this.#thread);
        }
      }
    });
  }

  /**
   * The address of this thread's arena, of at least that size; zeros at first. Where it is too small another takes its
   * place, larger by at least its half, and what works on the old one keeps it until releaseArena.
   */
  arena(sizeBytes: number): number {
    const last = this.#arenas.at(-1);
    if (last && last.sizeBytes >= sizeBytes) {
      last.users++;
      return last.address;
    }
    const wanted = roundUp(Math.max(sizeBytes, Math.ceil((last?.sizeBytes ?? 0) * 1.5)));
    const address = this.#locked(() => this.#table.allocate(wanted, this.#thread));
    this.#arenas.push({ address, sizeBytes: wanted, users: 1 });
    return address;
  }

  /** As often as arena() has given it. @throws LogicError for what it has not given */
  releaseArena(address: number): void {
    const arena = this.#arenas.find((known) => known.address === address);
    if (!arena) throw new Exception("LogicError", `an arena at ${address} is released, but not held.`);
    if (--arena.users > 0) return;
    this.#arenas = this.#arenas.filter((known) => known !== arena);
    this.#locked(() => this.#table.release(address, this.#thread));
  }

  /** A number for a thread to be started, which it hands to its ModelMemory. */
  beginThread(): number {
    return this.#locked(() => this.#table.takeThread());
  }

  /** Frees what a thread has left behind that is no more; harmless when repeated, unless its number is given again. */
  endThread(thread: number): void {
    // It may have been ended while it had the lock.
    Atomics.compareExchange(this.#table.header, lockWord, thread + 1, 0);
    this.#locked(() => this.#table.endThread(thread));
  }

  /** For tests: what is freed is filled with NaN from now on, in all threads. */
  poisonFreed(): void {
    this.#locked(() => this.#table.poisonFreed());
  }

  #count(address: number): void {
    this.#held.set(address, (this.#held.get(address) ?? 0) + 1);
  }

  #add(key: Key, sizeBytes: number, bytes: Uint8Array): number {
    const address = this.#table.allocate(sizeBytes, this.#thread, key);
    new Uint8Array(this.memory.buffer, address, bytes.length).set(bytes);
    return address;
  }

  #locked<T>(call: () => T, thread = this.#thread): T {
    const { header } = this.#table;
    for (let round = 0; ; round++) {
      const holder = Atomics.compareExchange(header, lockWord, 0, thread + 1);
      if (holder === 0) break;
      if (round > maxRounds)
        throw new Exception("LogicError", "a thread that ended has left the memory of the models locked.");
      Atomics.wait(header, lockWord, holder, recheckMs);
    }
    try {
      return call();
    } finally {
      Atomics.store(header, lockWord, 0);
      Atomics.notify(header, lockWord, 1);
    }
  }
}

function keyOf(hash: string): Key {
  return [0, 8, 16, 24].map((at) => Number.parseInt(hash.slice(at, at + 8), 16) >>> 0);
}

let jobMemory: ModelMemory | undefined;

/** The job's memory, as this thread sees it; made at the first call. */
export function modelMemory(): ModelMemory {
  jobMemory ??= new ModelMemory();
  return jobMemory;
}

/**
 * In a worker thread, before any model is loaded: the memory of the thread that started it, and the number it got there
 * from beginThread(), with which that thread frees what this one leaves behind.
 */
export function adoptModelMemory(memory: WasmMemory, thread?: number): void {
  jobMemory = new ModelMemory(memory, thread);
}
