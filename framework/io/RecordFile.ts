/** Reads single records of an event file, each checked before anything in it is used. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { Exception } from "../base/errors.js";
import { tagOf, tagSize, type Tag } from "./eventFileFormat.js";
import { frameHeadSize, frameOverhead, isPayloadIntact, payloadLength } from "./tfrecord.js";

export class RecordFile {
  /** In bytes, at the time of opening. */
  readonly size: number;
  readonly #descriptor: number;
  #isOpen = true;
  #scratch = new Uint8Array(1 << 16);

  /** @throws FileOpenError when the file does not exist or cannot be read. */
  constructor(readonly path: string) {
    try {
      this.#descriptor = openSync(path, "r");
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      const why = code === "ENOENT" ? "it does not exist" : message;
      throw new Exception("FileOpenError", `cannot open input file '${path}': ${why}; check fileNames.`, {
        cause,
      });
    }
    this.size = fstatSync(this.#descriptor).size;
  }

  close(): void {
    if (this.#isOpen) closeSync(this.#descriptor);
    this.#isOpen = false;
  }

  /**
   * Reads `size` bytes into memory that the next read reuses.
   * @param what names the record or column in errors.
   */
  read(offset: number, size: number, what: string): Uint8Array {
    if (this.#scratch.length < size) this.#scratch = new Uint8Array(2 * size);
    let done = 0;
    while (done < size) {
      const count = this.#readSome(offset + done, done, size - done, what);
      if (count === 0) throw this.error(what, offset, `the file ends after ${done} of its ${size} bytes`);
      done += count;
    }
    return this.#scratch.subarray(0, size);
  }

  #readSome(offset: number, at: number, size: number, what: string): number {
    try {
      return readSync(this.#descriptor, this.#scratch, at, size, offset);
    } catch (cause) {
      throw this.error(what, offset, `reading failed (${(cause as Error).message})`);
    }
  }

  /** The size in bytes of the record at `offset`, from its checked length; the whole record may lie beyond the end. */
  recordSize(offset: number, what: string): number {
    const length = payloadLength(this.read(offset, frameHeadSize, what));
    if (length === undefined) throw this.error(what, offset, "its length has a wrong checksum");
    return length + frameOverhead;
  }

  /** The payload of the record at `offset`, of `size` bytes with its frame, in memory that the next read reuses. */
  readRecord(offset: number, size: number, tag: Tag, what: string): Uint8Array {
    return this.checkRecord(this.read(offset, size, what), offset, tag, what);
  }

  /** The payload of `record`, which was read from `offset`; any tag when none is given. */
  checkRecord(record: Uint8Array, offset: number, tag: Tag | undefined, what: string): Uint8Array {
    const length = payloadLength(record);
    if (length === undefined) throw this.error(what, offset, "its length has a wrong checksum");
    if (length + frameOverhead !== record.length)
      throw this.error(what, offset, `its length is ${length} bytes`);
    if (!isPayloadIntact(record)) throw this.error(what, offset, "its contents have a wrong checksum");
    const payload = record.subarray(frameHeadSize, frameHeadSize + length);
    const found = payload.length < tagSize ? "" : tagOf(payload);
    if (tag && found !== tag) throw this.error(what, offset, `it starts with '${found}' instead of '${tag}'`);
    return payload;
  }

  /** A FileReadError that says what is damaged, where, and what to do. */
  error(
    what: string,
    offset: number,
    why: string,
    remedy = "copy the file again or write it anew",
  ): Exception {
    const where = `file '${this.path}', byte ${offset}`;
    return new Exception("FileReadError", `${where}: ${what} cannot be read: ${why}; ${remedy}.`);
  }
}
