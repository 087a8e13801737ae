/**
 * The memory that compiled code of a whole job works on: one shared WebAssembly.Memory (native code takes its address),
 * in which every constant block lies once, found by its hash, and every thread has an arena.
 */
import { Exception } from "../base/errors.js";
import { blockAlignment, roundUp } from "./kernel/ir.js";
import type { ConstantBlock } from "./Unit.js";
import { memoryLimits, WebAssembly, type WasmMemory } from "./wasm/WebAssembly.js";

const pageBytes = 65536;
/** Words at the start: a lock (0 free, 1 taken), the first free address in units of blockAlignment, known blocks. */
const lockWord = 0;
const freeWord = 1;
const countWord = 2;
const headerBytes = blockAlignment;
/** The directory: a table of entries of hash (4 words), address, length; a slot whose length is 0 is free. */
const slots = 1 << 14;
const entryWords = 6;
const directoryBytes = slots * entryWords * 4;
const recheckMs = 20;
/** A minute: others hold the lock while they copy a model's weights. */
const maxRounds = 3000;

export class ModelMemory {
  readonly memory: WasmMemory;
  /** This thread's arena: code runs to its end, so units take turns in it. */
  #arena = { address: 0, sizeBytes: 0 };

  /** @param memory one that another thread has made */
  constructor(memory?: WasmMemory) {
    this.memory = memory ?? newMemory();
  }

  get sizeBytes(): number {
    return this.memory.buffer.byteLength;
  }

  /** Where blocks of these hashes lie; those that are new are copied in from `bytes`. */
  place(blocks: readonly ConstantBlock[], bytes: readonly Uint8Array[]): number[] {
    return this.#locked(() => blocks.map((block, i) => this.#place(block, bytes[i] as Uint8Array)));
  }

  /** The address of this thread's arena, of at least that size. Zeros at first; grows by at least its half. */
  arena(sizeBytes: number): number {
    if (this.#arena.sizeBytes < sizeBytes) {
      const wanted = roundUp(Math.max(sizeBytes, Math.ceil(this.#arena.sizeBytes * 1.5)));
      this.#arena = { address: this.#locked(() => this.#allocate(wanted)), sizeBytes: wanted };
    }
    return this.#arena.address;
  }

  #place({ hash, sizeBytes }: ConstantBlock, bytes: Uint8Array): number {
    const words = new Uint32Array(this.memory.buffer, headerBytes, slots * entryWords);
    const key = [0, 8, 16, 24].map((at) => Number.parseInt(hash.slice(at, at + 8), 16) >>> 0);
    let slot = (key[0] as number) % slots;
    for (let tried = 0; tried < slots; tried++, slot = (slot + 1) % slots) {
      const at = slot * entryWords;
      if (words[at + 5] === 0) return this.#add(words, at, key, sizeBytes, bytes);
      if (words[at + 5] === sizeBytes && key.every((word, i) => words[at + i] === word))
        return (words[at + 4] as number) * blockAlignment;
    }
    return this.#copyIn(bytes, sizeBytes);
  }

  #add(words: Uint32Array, at: number, key: readonly number[], sizeBytes: number, bytes: Uint8Array): number {
    const address = this.#copyIn(bytes, sizeBytes);
    words.set([...key, address / blockAlignment, sizeBytes], at);
    Atomics.add(this.#header(), countWord, 1);
    return address;
  }

  #copyIn(bytes: Uint8Array, sizeBytes: number): number {
    const address = this.#allocate(sizeBytes);
    new Uint8Array(this.memory.buffer, address, bytes.length).set(bytes);
    return address;
  }

  #allocate(sizeBytes: number): number {
    const header = this.#header();
    const address = (Atomics.load(header, freeWord) >>> 0) * blockAlignment;
    const end = address + roundUp(sizeBytes);
    const missing = end - this.memory.buffer.byteLength;
    if (missing > 0) this.#grow(Math.ceil(missing / pageBytes), sizeBytes);
    Atomics.store(this.#header(), freeWord, end / blockAlignment);
    return address;
  }

  #grow(pages: number, sizeBytes: number): void {
    try {
      this.memory.grow(pages);
    } catch {
      const held = Math.round(this.memory.buffer.byteLength / 2 ** 20);
      throw new Exception(
        "InvalidSession",
        `compiled models and their working memory need ${Math.ceil(sizeBytes / 2 ** 20)} MB more than the ${held} MB ` +
          "that the job's models have now, and the limit is 4096 MB: use smaller batches, or engine 'reference' for some.",
      );
    }
  }

  #header(): Int32Array {
    return new Int32Array(this.memory.buffer, 0, headerBytes / 4);
  }

  #locked<T>(call: () => T): T {
    const header = this.#header();
    for (let round = 0; Atomics.compareExchange(header, lockWord, 0, 1) !== 0; round++) {
      if (round > maxRounds)
        throw new Exception("LogicError", "a thread that ended has left the memory of the models locked.");
      Atomics.wait(header, lockWord, 1, recheckMs);
    }
    try {
      return call();
    } finally {
      Atomics.store(header, lockWord, 0);
      Atomics.notify(header, lockWord, 1);
    }
  }
}

function newMemory(): WasmMemory {
  const memory = new WebAssembly.Memory(memoryLimits);
  memory.grow(Math.ceil((headerBytes + directoryBytes) / pageBytes));
  new Int32Array(memory.buffer)[freeWord] = (headerBytes + directoryBytes) / blockAlignment;
  return memory;
}

let jobMemory: ModelMemory | undefined;

/** The job's memory, as this thread sees it; made at the first call. */
export function modelMemory(): ModelMemory {
  jobMemory ??= new ModelMemory();
  return jobMemory;
}

/** In a worker thread, before any model is loaded: the memory of the thread that started it. */
export function adoptModelMemory(memory: WasmMemory): void {
  jobMemory = new ModelMemory(memory);
}
