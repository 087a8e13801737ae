/**
 * Writes the sorted table (LevelDB's format) that readTable reads, byte for byte as TensorFlow's own writer does:
 * prefix-compressed keys with a restart every 16, blocks of 256 kB, no compression, a checksum a block.
 */
import { extendCrc32c, maskCrc32c } from "../../base/crc32c.js";

const blockBytes = 2 ** 18;
const restartInterval = 16;
const footerBytes = 48;
const magic = 0xdb4775248b80fb57n;

/** @param entries in ascending order of their keys, which are latin1 strings, each key once */
export function writeTable(entries: Iterable<readonly [key: string, value: Uint8Array]>): Uint8Array {
  const file = new TableFile();
  const index = new Block(1);
  let block = new Block(restartInterval);
  let last = "";
  let handle: Uint8Array | undefined;
  for (const [key, value] of entries) {
    if (handle) index.add(separator(last, key), handle);
    handle = undefined;
    block.add(key, value);
    last = key;
    if (block.sizeBytes < blockBytes) continue;
    handle = file.append(block);
    block = new Block(restartInterval);
  }
  if (!block.isEmpty) handle = file.append(block);
  const metaHandle = file.append(new Block(restartInterval));
  if (handle) index.add(successor(last), handle);
  return file.finish(metaHandle, file.append(index));
}

/** Seven bits a byte, the lowest first. */
export function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

class Block {
  readonly #restartInterval: number;
  readonly #parts: Uint8Array[] = [];
  readonly #restarts = [0];
  #entriesBytes = 0;
  #sinceRestart = 0;
  #last = "";

  constructor(interval: number) {
    this.#restartInterval = interval;
  }

  get isEmpty(): boolean {
    return this.#entriesBytes === 0;
  }

  get sizeBytes(): number {
    return this.#entriesBytes + 4 * (this.#restarts.length + 1);
  }

  add(key: string, value: Uint8Array): void {
    let shared = 0;
    if (this.#sinceRestart < this.#restartInterval) shared = commonLength(this.#last, key);
    else {
      this.#restarts.push(this.#entriesBytes);
      this.#sinceRestart = 0;
    }
    const own = Buffer.from(key.slice(shared), "latin1");
    const head = Buffer.from([...varint(shared), ...varint(own.length), ...varint(value.length)]);
    this.#parts.push(head, own, value);
    this.#entriesBytes += head.length + own.length + value.length;
    this.#sinceRestart++;
    this.#last = key;
  }

  bytes(): Buffer {
    const ends = Buffer.alloc(4 * (this.#restarts.length + 1));
    for (const [i, restart] of this.#restarts.entries()) ends.writeUInt32LE(restart, 4 * i);
    ends.writeUInt32LE(this.#restarts.length, 4 * this.#restarts.length);
    return Buffer.concat([...this.#parts, ends]);
  }
}

class TableFile {
  readonly #parts: Uint8Array[] = [];
  #sizeBytes = 0;

  /** Gives the block's place. */
  append(block: Block): Uint8Array {
    const contents = block.bytes();
    const trailer = Buffer.alloc(5);
    trailer.writeUInt32LE(maskCrc32c(extendCrc32c(extendCrc32c(0, contents), trailer, 0, 1)), 1);
    const handle = Buffer.from([...varint(this.#sizeBytes), ...varint(contents.length)]);
    this.#parts.push(contents, trailer);
    this.#sizeBytes += contents.length + trailer.length;
    return handle;
  }

  finish(...handles: readonly Uint8Array[]): Uint8Array {
    const footer = Buffer.alloc(footerBytes);
    Buffer.concat(handles).copy(footer);
    footer.writeBigUInt64LE(magic, footerBytes - 8);
    return Buffer.concat([...this.#parts, footer]);
  }
}

function commonLength(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  let length = 0;
  while (length < end && a.charCodeAt(length) === b.charCodeAt(length)) length++;
  return length;
}

/** A short key from `last` on that is below `next`. */
function separator(last: string, next: string): string {
  const at = commonLength(last, next);
  if (at >= Math.min(last.length, next.length)) return last;
  const byte = last.charCodeAt(at) + 1;
  return byte < next.charCodeAt(at) ? last.slice(0, at) + String.fromCharCode(byte) : last;
}

/** A short key above `last`. */
function successor(last: string): string {
  const at = last.search(/[^\xff]/);
  return at < 0 ? last : last.slice(0, at) + String.fromCharCode(last.charCodeAt(at) + 1);
}
