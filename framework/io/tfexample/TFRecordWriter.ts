/**
 * The main thread's side of writing tf.Example records: appends finished batches to one file or to shards of a number
 * of records each, which get their names only when all of them are complete.
 */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { Exception } from "../../base/errors.js";
import type { Compression, EncodedExamples } from "./ExampleEncoder.js";

/** One complete file. */
export interface RecordShard {
  /** Without its folder: the description beside it stays true when both are moved. */
  readonly name: string;
  readonly records: number;
}

export interface TFRecordWriterOptions {
  readonly compression?: Compression;
  /** Records a file; 0: one file, named as asked, for all. */
  readonly recordsPerShard?: number;
}

interface OpenShard {
  readonly partialPath: string;
  records: number;
  sizeBytes: number;
}

/** As TensorFlow names the parts of a set of files. */
function shardName(path: string, index: number, count: number): string {
  return `${path}-${fiveDigits(index)}-of-${fiveDigits(count)}`;
}

function fiveDigits(n: number): string {
  return String(n).padStart(5, "0");
}

export class TFRecordWriter {
  readonly #compression: Compression;
  readonly #recordsPerShard: number;
  readonly #shards: OpenShard[] = [];
  #descriptor: number | undefined;

  /** @throws FileOpenError when the file cannot be created */
  constructor(
    readonly path: string,
    { compression = "", recordsPerShard = 0 }: TFRecordWriterOptions = {},
  ) {
    this.#compression = compression;
    this.#recordsPerShard = recordsPerShard;
    this.#openShard();
  }

  get recordCount(): number {
    return this.#shards.reduce((sum, { records }) => sum + records, 0);
  }

  /** Under which names there are records until all is complete. */
  get partialPaths(): readonly string[] {
    return this.#shards.filter(({ records }) => records > 0).map(({ partialPath }) => partialPath);
  }

  /** @throws FileWriteError when the disk is full or gone */
  append({ bytes, ends }: EncodedExamples): void {
    if (ends.length === 0) return;
    const limit = this.#recordsPerShard || Number.POSITIVE_INFINITY;
    if (this.#shard.records + ends.length <= limit) this.#write(bytes, ends.length);
    else this.#split(this.#compression === "GZIP" ? gunzipSync(bytes) : bytes, ends, limit);
  }

  /** A batch over the end of a shard: only such a one is compressed here once more. */
  #split(bytes: Uint8Array, ends: Uint32Array, limit: number): void {
    for (let first = 0; first < ends.length; ) {
      if (this.#shard.records === limit) {
        this.#closeShard();
        this.#openShard();
      }
      const next = Math.min(ends.length, first + limit - this.#shard.records);
      const part = bytes.subarray(first === 0 ? 0 : ends[first - 1], ends[next - 1]);
      this.#write(this.#compression === "GZIP" ? gzipSync(part) : part, next - first);
      first = next;
    }
  }

  /** The one that is being written. */
  get #shard(): OpenShard {
    return this.#shards.at(-1) as OpenShard;
  }

  #openShard(): void {
    const index = this.#recordsPerShard > 0 ? `-${fiveDigits(this.#shards.length)}` : "";
    const partialPath = `${this.path}${index}.${process.pid}.partial`;
    try {
      this.#descriptor = openSync(partialPath, "w");
    } catch (cause) {
      const why = (cause as Error).message;
      const message = `cannot create output file '${this.path}': ${why}; make sure its folder exists.`;
      throw new Exception("FileOpenError", message, { cause });
    }
    this.#shards.push({ partialPath, records: 0, sizeBytes: 0 });
  }

  #write(bytes: Uint8Array, records: number): void {
    const descriptor = this.#descriptor;
    if (descriptor === undefined)
      throw new Exception("LogicError", `${this.path}: written to after it was closed.`);
    this.#guard(() => {
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
    });
    this.#shard.records += records;
    this.#shard.sizeBytes += bytes.length;
  }

  #closeShard(): void {
    // Nothing at all is no gzip file.
    if (this.#compression === "GZIP" && this.#shard.sizeBytes === 0)
      this.#write(gzipSync(new Uint8Array(0)), 0);
    const descriptor = this.#descriptor as number;
    this.#guard(() => fsyncSync(descriptor));
    this.#guard(() => closeSync(descriptor));
    this.#descriptor = undefined;
  }

  /** Completes the files and gives them their names; older files of these names are replaced. @throws FileWriteError */
  close(): RecordShard[] {
    this.#closeShard();
    const count = this.#shards.length;
    return this.#shards.map(({ partialPath, records }, index) => {
      const path = this.#recordsPerShard > 0 ? shardName(this.path, index, count) : this.path;
      this.#guard(() => renameSync(partialPath, path));
      return { name: basename(path), records };
    });
  }

  /** Gives up: what was written stays under its partial names, unless there is none. Harmless after a failure. */
  abandon(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    if (descriptor !== undefined) this.#guard(() => closeSync(descriptor));
    for (const { partialPath, records } of this.#shards)
      if (records === 0) rmSync(partialPath, { force: true });
  }

  #guard(operation: () => void): void {
    try {
      operation();
    } catch (cause) {
      this.abandon();
      const why = (cause as Error).message;
      throw new Exception(
        "FileWriteError",
        `cannot write output file '${this.path}': ${why}; free some space or write elsewhere.`,
        { cause },
      );
    }
  }
}
