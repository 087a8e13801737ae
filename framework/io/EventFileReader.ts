/**
 * Reads an event file: the header and the index at once, then only the columns that are asked for. Synchronous, because
 * each thread reads its own clusters with nothing else to do meanwhile; each thread opens the file for itself.
 */
import { Exception } from "../base/errors.js";
import { branchName } from "../data/BranchDescription.js";
import type { ProductType } from "../data/ProductType.js";
import { unpackBlocks } from "./blockCodec.js";
import { ByteBuffer } from "./ByteBuffer.js";
import { joinBytes } from "./byteSplit.js";
import { decodeColumn, type Column } from "./columnCodec.js";
import {
  parseHeader,
  tagOf,
  tagSize,
  type ClusterIndex,
  type FileBranch,
  type FileHeader,
} from "./eventFileFormat.js";
import { matchFields, type MessagePlan } from "./matchFields.js";
import { readFooter, scanClusters } from "./readIndex.js";
import { RecordFile } from "./RecordFile.js";
import { frameHeadSize, frameOverhead } from "./tfrecord.js";

export interface ReaderOptions {
  /**
   * Whether a file that ends too early, as a killed job leaves it, may be read up to its last complete cluster. By
   * default only for names that end in ".partial". A damaged file is never recovered.
   */
  readonly recover?: boolean;
}

/** The identities of a cluster's events, one element an event. */
export interface EventIDColumns {
  readonly run: Uint32Array;
  readonly luminosityBlock: Uint32Array;
  readonly event: BigUint64Array;
}

export class EventFileReader {
  readonly header: FileHeader;
  readonly clusters: readonly ClusterIndex[];
  readonly eventCount: number;
  /** True when the file lacked its end and the complete clusters before it were found by scanning. */
  readonly recovered: boolean;
  readonly #file: RecordFile;
  /** For each branch, how the type that last asked for it is read. */
  readonly #plans: { wanted: ProductType<unknown>; plan: MessagePlan }[] = [];
  readonly #scratch = new ByteBuffer(0);

  /**
   * @throws FileOpenError when the file does not exist, FileReadError when it is empty, truncated, damaged or something
   * else, FormatIncompatibility when a later program wrote it.
   */
  constructor(
    readonly path: string,
    { recover = path.endsWith(".partial") }: ReaderOptions = {},
  ) {
    this.#file = new RecordFile(path);
    try {
      const { header, size } = readHeader(this.#file);
      this.header = header;
      const { clusters, recovered } = findClusters(this.#file, size, header.branches.length, recover);
      this.clusters = clusters;
      this.recovered = recovered;
      this.eventCount = clusters.reduce((sum, cluster) => sum + cluster.eventCount, 0);
    } catch (error) {
      this.close();
      throw Exception.from(error);
    }
  }

  close(): void {
    this.#file.close();
  }

  /** @throws FileReadError when the cluster's head or ids are damaged. */
  ids(cluster: number): EventIDColumns {
    const { offset, headSize, columnSizes, eventCount } = this.#cluster(cluster);
    this.#file.readRecord(offset, headSize, "EDMC", `the head of cluster ${cluster}`);
    const what = `the event ids of cluster ${cluster}`;
    return this.#decode(offset + headSize, columnSizes[0] as number, 0, what, (block) => {
      const raw = unpackBlocks(block, this.#scratch);
      if (raw.length !== 16 * eventCount) throw new Exception("FileReadError", `${raw.length} bytes of ids.`);
      return {
        run: joinBytes(Uint32Array, eventCount, raw, 0) as Uint32Array,
        luminosityBlock: joinBytes(Uint32Array, eventCount, raw, 4 * eventCount) as Uint32Array,
        event: joinBytes(BigUint64Array, eventCount, raw, 8 * eventCount) as BigUint64Array,
      };
    });
  }

  /**
   * The products of one branch in one cluster, as the reader's type has them.
   * @throws FileReadError when the column is damaged, FormatIncompatibility when a field changed its kind.
   */
  column(cluster: number, branch: number, wanted: ProductType<unknown>): Column {
    const { offset, headSize, columnSizes, eventCount } = this.#cluster(cluster);
    const { found, plan } = this.#branch(branch, wanted);
    let start = offset + headSize;
    for (let i = 0; i <= branch; i++) start += columnSizes[i] as number;
    const what = `the column of ${branchName(found.description)} in cluster ${cluster}`;
    const size = columnSizes[branch + 1] as number;
    return this.#decode(start, size, branch + 1, what, (block) => decodeColumn(plan, block, eventCount));
  }

  #cluster(cluster: number): ClusterIndex {
    const found = this.clusters[cluster];
    if (found) return found;
    throw new Exception(
      "LogicError",
      `${this.path} has ${this.clusters.length} clusters, none with index ${cluster}.`,
    );
  }

  #branch(branch: number, wanted: ProductType<unknown>): { found: FileBranch; plan: MessagePlan } {
    const found = this.header.branches[branch];
    if (!found) throw new Exception("LogicError", `${this.path} has no branch ${branch}.`);
    const last = this.#plans[branch];
    if (last?.wanted === wanted) return { found, plan: last.plan };
    const path = `${branchName(found.description)} in file '${this.path}'`;
    if (found.type.name !== wanted.name) {
      throw new Exception("LogicError", `${path}: read as '${wanted.name}', which is another type.`);
    }
    const plan = matchFields(found.type.fields ?? [], wanted.fields ?? [], path);
    this.#plans[branch] = { wanted, plan };
    return { found, plan };
  }

  #decode<T>(
    offset: number,
    size: number,
    column: number,
    what: string,
    decode: (block: Uint8Array) => T,
  ): T {
    const payload = this.#file.readRecord(offset, size, "EDMD", what);
    const stored = new DataView(payload.buffer, payload.byteOffset).getUint32(tagSize, true);
    if (stored !== column)
      throw this.#file.error(what, offset, `it is column ${stored} instead of ${column}`);
    try {
      return decode(payload.subarray(tagSize + 4));
    } catch (cause) {
      throw this.#file.error(what, offset, (cause as Error).message);
    }
  }
}

function readHeader(file: RecordFile): { header: FileHeader; size: number } {
  const what = "the header";
  if (file.size < frameOverhead) throw file.error(what, 0, `the file has ${file.size} bytes`);
  const start = file.read(0, Math.min(frameHeadSize + tagSize, file.size), what);
  if (tagOf(start.subarray(frameHeadSize)) !== "EDMH") {
    throw file.error(
      what,
      0,
      "this is no event file (.edm) or its first bytes are damaged",
      "check the name",
    );
  }
  const size = file.recordSize(0, what);
  if (size > file.size) throw file.error(what, 0, `the file ends before its header of ${size} bytes does`);
  const payload = file.readRecord(0, size, "EDMH", what);
  try {
    return { header: parseHeader(payload), size };
  } catch (error) {
    throw Exception.from(error).addContext(`Opening file '${file.path}'`);
  }
}

/** A complete file has a footer; only when it has none and may be recovered is it scanned. */
function findClusters(
  file: RecordFile,
  start: number,
  branchCount: number,
  recover: boolean,
): { clusters: ClusterIndex[]; recovered: boolean } {
  try {
    return { clusters: readFooter(file, start, branchCount), recovered: false };
  } catch (error) {
    if (!recover) throw error;
    return { clusters: scanClusters(file, start, branchCount), recovered: true };
  }
}
