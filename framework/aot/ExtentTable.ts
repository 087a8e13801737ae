/**
 * Which parts of the models' memory are taken, and by which threads: a table in that memory itself, sorted by address.
 * What lies between two extents is free, so there is no list of free parts to keep, to merge or to damage. All of it is
 * called under the lock of ModelMemory.
 */
import { Exception } from "../base/errors.js";
import { blockAlignment, roundUp } from "./kernel/ir.js";
import { memoryLimits, WebAssembly, type WasmMemory } from "./wasm/WebAssembly.js";

const pageBytes = 65536;
export const headerBytes = 2 * blockAlignment;
/** Words of the header; the first is the lock. Addresses are in units of blockAlignment. */
const tableWord = 1;
const capacityWord = 2;
const countWord = 3;
/** Nothing was ever written from this address on. */
const untouchedWord = 4;
const poisonWord = 5;
/** What all extents take, in units of blockAlignment. */
const usedWord = 6;
/** A bit for each thread's number. */
const threadsWord = 8;
const maskWords = 4;
/** What cannot be released: the table, and whatever threads beyond the number of bits hold. */
export const noThread = maskWords * 32 - 1;

/** An entry: address, bytes, hash (4 words, zeros for what is not shared), the threads that hold it (4 words). */
const entryWords = 10;
const hashAt = 2;
const threadsAt = 6;
const firstCapacity = 512;

/** The four words of a block's hash; zeros for what is found by its address only. */
export type Key = readonly number[];
const noKey: Key = [0, 0, 0, 0];

export class ExtentTable {
  readonly #memory: WasmMemory;

  constructor(memory: WasmMemory) {
    this.#memory = memory;
  }

  /** A memory with an empty table. */
  static create(): WasmMemory {
    const memory = new WebAssembly.Memory(memoryLimits);
    const tableBytes = roundUp(firstCapacity * entryWords * 4);
    memory.grow(Math.ceil((headerBytes + tableBytes) / pageBytes));
    const header = new Int32Array(memory.buffer);
    header[tableWord] = headerBytes / blockAlignment;
    header[capacityWord] = firstCapacity;
    header[untouchedWord] = (headerBytes + tableBytes) / blockAlignment;
    new ExtentTable(memory).#insert(0, headerBytes, tableBytes, noKey, noThread);
    return memory;
  }

  get header(): Int32Array {
    return new Int32Array(this.#memory.buffer, 0, headerBytes / 4);
  }

  get count(): number {
    return this.header[countWord] as number;
  }

  /** A number for a further thread; noThread when all are taken. */
  takeThread(): number {
    const masks = this.header.subarray(threadsWord, threadsWord + maskWords);
    for (let thread = 0; thread < noThread; thread++) {
      if (hasBit(masks, thread)) continue;
      flipBit(masks, thread);
      return thread;
    }
    return noThread;
  }

  /** Releases all that a thread holds, and its number. */
  endThread(thread: number): void {
    const masks = this.header.subarray(threadsWord, threadsWord + maskWords);
    if (thread === noThread || !hasBit(masks, thread)) return;
    for (let at = this.count - 1; at >= 0; at--) if (this.#isHeld(at, thread)) this.#drop(at, thread);
    flipBit(masks, thread);
  }

  /** The address of a block that is there, held by `thread` from now on. */
  hold(key: Key, sizeBytes: number, thread: number): number | undefined {
    const entries = this.#entries();
    const [first] = key;
    const end = this.count * entryWords;
    for (let word = 0; word < end; word += entryWords) {
      if (entries[word + hashAt] !== first || entries[word + 1] !== sizeBytes) continue;
      if (!key.every((part, i) => entries[word + hashAt + i] === part)) continue;
      const masks = entries.subarray(word + threadsAt, word + threadsAt + maskWords);
      if (!hasBit(masks, thread)) flipBit(masks, thread);
      return (entries[word] as number) * blockAlignment;
    }
    return undefined;
  }

  /** The address of an extent held by `thread`, in the first place where it fits; zeros. @throws InvalidSession */
  allocate(sizeBytes: number, thread: number, key: Key = noKey): number {
    if (this.count === this.header[capacityWord]) this.#enlarge();
    const wanted = roundUp(Math.max(1, sizeBytes));
    const { at, address } = this.#firstFit(wanted);
    const missing = address + wanted - this.#memory.buffer.byteLength;
    if (missing > 0) this.#grow(Math.ceil(missing / pageBytes), sizeBytes);
    const { header } = this;
    const untouched = (header[untouchedWord] as number) * blockAlignment;
    const end = address + wanted;
    if (address < untouched) new Uint8Array(this.#memory.buffer).fill(0, address, Math.min(end, untouched));
    if (end > untouched) header[untouchedWord] = end / blockAlignment;
    this.#insert(at, address, sizeBytes, key, thread);
    return address;
  }

  /** `thread` needs the extent no longer. @throws LogicError when it does not hold it */
  release(address: number, thread: number): void {
    if (thread === noThread) return;
    const at = this.#find(address);
    if (at === undefined || !this.#isHeld(at, thread))
      throw new Exception("LogicError", `model memory at ${address} is released, but not held.`);
    this.#drop(at, thread);
  }

  /** Bytes in extents, the table's own among them. */
  get usedBytes(): number {
    return (this.header[usedWord] as number) * blockAlignment;
  }

  /** For tests: what is freed is filled with NaN from now on, in all threads. */
  poisonFreed(): void {
    this.header[poisonWord] = 1;
  }

  #entries(): Uint32Array {
    const { header } = this;
    const address = (header[tableWord] as number) * blockAlignment;
    return new Uint32Array(this.#memory.buffer, address, (header[capacityWord] as number) * entryWords);
  }

  #firstFit(wanted: number): { at: number; address: number } {
    const entries = this.#entries();
    const { count } = this;
    let free = headerBytes;
    const end = this.#end(entries);
    if (end - headerBytes - this.usedBytes < wanted) return { at: count, address: end };
    for (let at = 0; at < count; at++) {
      const address = (entries[at * entryWords] as number) * blockAlignment;
      if (address - free >= wanted) return { at, address: free };
      free = address + extentBytes(entries, at);
    }
    return { at: count, address: free };
  }

  /** Behind the last extent. */
  #end(entries: Uint32Array): number {
    const last = this.count - 1;
    return last < 0
      ? headerBytes
      : (entries[last * entryWords] as number) * blockAlignment + extentBytes(entries, last);
  }

  #find(address: number): number | undefined {
    const entries = this.#entries();
    const units = address / blockAlignment;
    for (let low = 0, high = this.count - 1; low <= high; ) {
      const at = (low + high) >>> 1;
      const found = entries[at * entryWords] as number;
      if (found === units) return at;
      if (found < units) low = at + 1;
      else high = at - 1;
    }
    return undefined;
  }

  #isHeld(at: number, thread: number): boolean {
    return hasBit(this.#entries().subarray(at * entryWords + threadsAt), thread);
  }

  #drop(at: number, thread: number): void {
    const entries = this.#entries();
    const masks = entries.subarray(at * entryWords + threadsAt, (at + 1) * entryWords);
    flipBit(masks, thread);
    if (masks.some((mask) => mask !== 0)) return;
    const address = (entries[at * entryWords] as number) * blockAlignment;
    const end = address + extentBytes(entries, at);
    if (this.header[poisonWord] === 1) new Uint8Array(this.#memory.buffer).fill(255, address, end);
    const { count, header } = this;
    entries.copyWithin(at * entryWords, (at + 1) * entryWords, count * entryWords);
    header[countWord] = count - 1;
    header[usedWord] = (header[usedWord] as number) - (end - address) / blockAlignment;
  }

  /** No loop between the move and the count: a thread that is terminated stops at loops and calls only. */
  #insert(at: number, address: number, sizeBytes: number, key: Key, thread: number): void {
    const entries = this.#entries();
    const { count, header } = this;
    const units = roundUp(Math.max(1, sizeBytes)) / blockAlignment;
    const entry = [address / blockAlignment, sizeBytes, ...key, 0, 0, 0, 0];
    flipBit(entry, thread, threadsAt);
    entries.copyWithin((at + 1) * entryWords, at * entryWords, count * entryWords);
    entries.set(entry, at * entryWords);
    header[countWord] = count + 1;
    header[usedWord] = (header[usedWord] as number) + units;
  }

  /** The table moves to where there is room for twice as many. */
  #enlarge(): void {
    const { header } = this;
    const entries = this.#entries();
    const capacity = 2 * (header[capacityWord] as number);
    const before = (header[tableWord] as number) * blockAlignment;
    const sizeBytes = roundUp(capacity * entryWords * 4);
    // Behind all the rest: nothing is inserted into the full table before it has moved.
    const address = this.#end(entries);
    const missing = address + sizeBytes - this.#memory.buffer.byteLength;
    if (missing > 0) this.#grow(Math.ceil(missing / pageBytes), sizeBytes);
    new Uint32Array(this.#memory.buffer, address, entries.length).set(entries);
    const now = this.header;
    now[tableWord] = address / blockAlignment;
    now[capacityWord] = capacity;
    now[untouchedWord] = Math.max(now[untouchedWord] as number, (address + sizeBytes) / blockAlignment);
    this.#insert(this.count, address, sizeBytes, noKey, noThread);
    this.#drop(this.#find(before) as number, noThread);
  }

  #grow(pages: number, sizeBytes: number): void {
    try {
      this.#memory.grow(pages);
    } catch {
      const held = Math.round(this.#memory.buffer.byteLength / 2 ** 20);
      throw new Exception(
        "InvalidSession",
        `compiled models and their working memory need ${Math.ceil(sizeBytes / 2 ** 20)} MB more than the ${held} MB ` +
          "that the job's models have now, and the limit is 4096 MB: use smaller batches, close models that are not " +
          "needed, or engine 'reference' for some.",
      );
    }
  }
}

function extentBytes(entries: Uint32Array, at: number): number {
  return roundUp(Math.max(1, entries[at * entryWords + 1] as number));
}

type Words = { [word: number]: number };

function hasBit(words: Readonly<Words>, bit: number): boolean {
  return (((words[bit >> 5] as number) >>> (bit & 31)) & 1) === 1;
}

function flipBit(words: Words, bit: number, from = 0): void {
  const word = from + (bit >> 5);
  words[word] = ((words[word] as number) ^ (1 << (bit & 31))) >>> 0;
}
