/**
 * The thread side of writing: turns the events of one cluster into finished records, so that the main thread only
 * appends them to the file in input order.
 */
import { Exception } from "../base/errors.js";
import { branchName } from "../data/BranchDescription.js";
import type { EventID } from "../data/EventID.js";
import { appendEvents, type GrowingSegments } from "../data/LumiSegment.js";
import { packBlocks } from "./blockCodec.js";
import { ByteBuffer } from "./ByteBuffer.js";
import { splitBytes } from "./byteSplit.js";
import { encodeColumn } from "./columnCodec.js";
import { appendClusterHead, appendTag, type ClusterIndex, type FileBranch } from "./eventFileFormat.js";
import { appendRecord } from "./tfrecord.js";

/** Plain data over one buffer of its own: post it with `bytes.buffer` in the transfer list. */
export interface EncodedCluster {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Its offset is 0: relative to `bytes`. */
  readonly index: ClusterIndex;
}

export class ClusterEncoder {
  readonly #branches: readonly { name: string; fields: NonNullable<FileBranch["type"]["fields"]> }[];
  readonly #columns = new ByteBuffer();
  readonly #head = new ByteBuffer(1024);

  /** @throws LogicError for a branch whose product is transient. */
  constructor(branches: readonly FileBranch[]) {
    this.#branches = branches.map(({ description, type }) => {
      const name = branchName(description);
      if (type.fields) return { name, fields: type.fields };
      throw new Exception("LogicError", `${name} is transient: it has no message to be written as.`);
    });
  }

  /**
   * @param products the product of branch `branch` in event `event` (both indices), undefined where it is absent.
   * @throws InsertFailure naming branch and field when a product is not what its type declares.
   */
  encode(ids: readonly EventID[], products: (branch: number, event: number) => unknown): EncodedCluster {
    const columns = this.#columns.clear();
    const columnSizes = [appendColumn(columns, 0, () => encodeIds(ids, columns))];
    for (const [branch, { name, fields }] of this.#branches.entries()) {
      const values = ids.map((_, event) => products(branch, event));
      columnSizes.push(appendColumn(columns, branch + 1, () => encodeColumn(fields, values, columns, name)));
    }
    const cluster = { eventCount: ids.length, segments: segmentsOf(ids), columnSizes };
    const headSize = appendRecord(this.#head.clear(), (out) => appendClusterHead(out, cluster));
    const bytes = new Uint8Array(headSize + columns.size);
    bytes.set(this.#head.written());
    bytes.set(columns.written(), headSize);
    return { bytes, index: { offset: 0, headSize, ...cluster } };
  }
}

function appendColumn(columns: ByteBuffer, column: number, encode: () => void): number {
  return appendRecord(columns, (out) => {
    appendTag(out, "EDMD");
    out.appendUint32(column);
    encode();
  });
}

/** Runs, luminosity blocks (uint32) and event numbers (uint64), byte-split one after the other. */
function encodeIds(ids: readonly EventID[], out: ByteBuffer): void {
  const count = ids.length;
  const raw = new Uint8Array(16 * count);
  splitBytes(
    Uint32Array.from(ids, (id) => id.run),
    raw,
    0,
  );
  splitBytes(
    Uint32Array.from(ids, (id) => id.luminosityBlock),
    raw,
    4 * count,
  );
  splitBytes(
    BigUint64Array.from(ids, (id) => BigInt(id.event)),
    raw,
    8 * count,
  );
  packBlocks(raw, out);
}

function segmentsOf(ids: readonly EventID[]): GrowingSegments {
  const segments: GrowingSegments = [];
  for (const { run, luminosityBlock } of ids) appendEvents(segments, run, luminosityBlock);
  return segments;
}
