/**
 * The main thread's side of writing an event file: appends finished clusters, and gives the file its name only when it
 * is complete. What a killed job leaves is `<path>.<pid>.partial`, whose complete clusters can be recovered.
 */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";
import { Exception } from "../base/errors.js";
import { ByteBuffer } from "./ByteBuffer.js";
import type { EncodedCluster } from "./ClusterEncoder.js";
import {
  appendFooter,
  appendHeader,
  appendTrailer,
  type ClusterIndex,
  type FileHeader,
} from "./eventFileFormat.js";
import { appendRecord } from "./tfrecord.js";

export class EventFileWriter {
  readonly partialPath: string;
  readonly #branchCount: number;
  readonly #clusters: ClusterIndex[] = [];
  #descriptor: number | undefined;
  #eventCount = 0;
  #byteCount = 0;

  /**
   * @throws FileOpenError when the file cannot be created, LogicError when a branch is transient.
   */
  constructor(
    readonly path: string,
    header: FileHeader,
  ) {
    this.partialPath = `${path}.${process.pid}.partial`;
    this.#branchCount = header.branches.length;
    const record = new ByteBuffer();
    appendRecord(record, (out) => appendHeader(out, header));
    try {
      this.#descriptor = openSync(this.partialPath, "w");
    } catch (cause) {
      const why = (cause as Error).message;
      const message = `cannot create output file '${path}': ${why}; make sure its folder exists.`;
      throw new Exception("FileOpenError", message, { cause });
    }
    this.#write(record.written());
  }

  get eventCount(): number {
    return this.#eventCount;
  }

  /** Bytes written so far. */
  get byteCount(): number {
    return this.#byteCount;
  }

  /** @throws FileWriteError when the disk is full or gone; what was complete before stays recoverable. */
  append(cluster: EncodedCluster): void {
    if (cluster.index.columnSizes.length !== this.#branchCount + 1) {
      const found = cluster.index.columnSizes.length - 1;
      throw new Exception(
        "LogicError",
        `${this.path} has ${this.#branchCount} branches, a cluster for it ${found}.`,
      );
    }
    const offset = this.#byteCount;
    this.#write(cluster.bytes);
    this.#clusters.push({ ...cluster.index, offset });
    this.#eventCount += cluster.index.eventCount;
  }

  /** Completes the file: footer, trailer, fsync, rename to `path` (an older file of that name is replaced). */
  close(): void {
    const records = new ByteBuffer();
    appendRecord(records, (out) => appendFooter(out, this.#clusters));
    appendRecord(records, (out) => appendTrailer(out, this.#byteCount));
    this.#write(records.written());
    const descriptor = this.#descriptor as number;
    this.#guard(() => fsyncSync(descriptor));
    this.#guard(() => closeSync(descriptor));
    this.#descriptor = undefined;
    this.#guard(() => renameSync(this.partialPath, this.path));
  }

  /** Gives up: what was written stays as `partialPath`, never as `path`. Harmless after close or a failure. */
  abandon(): void {
    if (this.#descriptor === undefined) return;
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    this.#guard(() => closeSync(descriptor));
  }

  #write(bytes: Uint8Array): void {
    const descriptor = this.#descriptor;
    if (descriptor === undefined)
      throw new Exception("LogicError", `${this.path}: written to after it was closed.`);
    this.#guard(() => {
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
    });
    this.#byteCount += bytes.length;
  }

  /** After a failure nothing more is written: the file ends in at most one incomplete record. */
  #guard(operation: () => void): void {
    try {
      operation();
    } catch (cause) {
      this.abandon();
      const why = (cause as Error).message;
      throw new Exception(
        "FileWriteError",
        `cannot write output file '${this.path}': ${why}; free some space or write elsewhere. ` +
          `The ${this.#eventCount} events before that are in '${this.partialPath}'.`,
        { cause },
      );
    }
  }
}
