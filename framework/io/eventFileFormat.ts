/**
 * The event file `.edm`, format 1: TFRecords whose payloads start with a four-letter tag.
 *   EDMH  header, first: process history, branches and their FileDescriptorSets (JSON)
 *   EDMC  head of a cluster: event count, lumi segments, record sizes (JSON); then its columns, which follow at once:
 *   EDMD  uint32 column number and block: column 0 the event ids, column 1 + b the products of branch b
 *   EDMF  footer: the index of all clusters (JSON)
 *   EDMT  trailer, last and of fixed size: uint64 offset of the footer
 * Nothing in a file depends on when, where or by how many threads it was written.
 */
import { Exception } from "../base/errors.js";
import { branchName, type BranchDescription } from "../data/BranchDescription.js";
import type { LumiSegment } from "../data/LumiSegment.js";
import type { ProductType } from "../data/ProductType.js";
import type { ByteBuffer } from "./ByteBuffer.js";
import { describedTypes } from "./describedTypes.js";
import { frameOverhead } from "./tfrecord.js";

export const formatVersion = 1;
export const tagSize = 4;
export const trailerSize = tagSize + 8 + frameOverhead;
export type Tag = "EDMH" | "EDMC" | "EDMD" | "EDMF" | "EDMT";

export interface FileBranch {
  readonly description: BranchDescription;
  readonly type: ProductType<unknown>;
}

/** One process that made or changed the file's events, oldest first. */
export interface ProcessHistoryEntry {
  readonly name: string;
  /** Hexadecimal. */
  readonly parameterSetId: string;
  readonly release: string;
}

export interface FileHeader {
  readonly processHistory: readonly ProcessHistoryEntry[];
  readonly branches: readonly FileBranch[];
}

/** Where a cluster lies. Sizes are of whole records in bytes; `offset` is from the start of the file. */
export interface ClusterIndex {
  readonly offset: number;
  readonly eventCount: number;
  readonly segments: readonly LumiSegment[];
  readonly headSize: number;
  /** Column 0 holds the event ids, column 1 + b the products of branch b. */
  readonly columnSizes: readonly number[];
}

/** The size of a cluster's records together, in bytes. */
export function clusterSize({ headSize, columnSizes }: ClusterIndex): number {
  return columnSizes.reduce((sum, size) => sum + size, headSize);
}

export function appendTag(out: ByteBuffer, tag: Tag): void {
  out.append(Buffer.from(tag, "latin1"));
}

export function appendJson(out: ByteBuffer, tag: Tag, content: unknown): void {
  out.append(Buffer.from(tag + JSON.stringify(content)));
}

export function tagOf(payload: Uint8Array): string {
  return Buffer.from(payload.subarray(0, tagSize)).toString("latin1");
}

function parseJson(payload: Uint8Array): unknown {
  return JSON.parse(Buffer.from(payload.subarray(tagSize)).toString("utf8"));
}

interface StoredHeader {
  format: "cmsrun event file";
  version: number;
  processHistory: ProcessHistoryEntry[];
  /** `types` is the index of the FileDescriptorSet that declares the branch's type. */
  branches: (BranchDescription & { types: number })[];
  /** Base64. */
  fileDescriptorSets: string[];
}

/** @throws LogicError for a branch whose product cannot be written. */
export function appendHeader(out: ByteBuffer, header: FileHeader): void {
  const fileDescriptorSets: string[] = [];
  const branches = header.branches.map(({ description, type }) => {
    const { label, instance, process } = description;
    if (!type.fields || type.fileDescriptorSet === undefined) {
      throw new Exception(
        "LogicError",
        `${branchName(description)} is transient: it has no message to be written as.`,
      );
    }
    if (!fileDescriptorSets.includes(type.fileDescriptorSet)) fileDescriptorSets.push(type.fileDescriptorSet);
    return {
      type: type.name,
      label,
      instance,
      process,
      types: fileDescriptorSets.indexOf(type.fileDescriptorSet),
    };
  });
  const processHistory = header.processHistory.map(({ name, parameterSetId, release }) => {
    return { name, parameterSetId, release };
  });
  const format = "cmsrun event file";
  const stored = { format, version: formatVersion, processHistory, branches, fileDescriptorSets } as const;
  appendJson(out, "EDMH", stored satisfies Readonly<StoredHeader>);
}

/** @throws FormatIncompatibility for a file of a later format or with types that its descriptors do not declare. */
export function parseHeader(payload: Uint8Array): FileHeader {
  const stored = parseJson(payload) as StoredHeader;
  if (stored.version !== formatVersion) {
    throw new Exception(
      "FormatIncompatibility",
      `the file has format version ${stored.version}, this program reads version ${formatVersion}; use a later cmsrun.`,
    );
  }
  const types = stored.fileDescriptorSets.map(describedTypes);
  const branches = stored.branches.map(({ types: set, ...description }) => {
    const type = types[set]?.get(description.type);
    if (type) return { description, type };
    throw new Exception(
      "FormatIncompatibility",
      `the file does not declare the type of ${branchName(description)}`,
    );
  });
  return { processHistory: stored.processHistory, branches };
}

/** What is stored of a ClusterIndex in its head; the footer adds where the head lies. */
interface StoredCluster {
  eventCount: number;
  /** run, luminosity block, event count. */
  segments: [number, number, number][];
  columnSizes: number[];
}

type StoredFooter = {
  eventCount: number;
  clusters: (StoredCluster & { offset: number; headSize: number })[];
};

function toStored({
  eventCount,
  segments,
  columnSizes,
}: Omit<ClusterIndex, "offset" | "headSize">): StoredCluster {
  const triples = segments.map((s): [number, number, number] => [s.run, s.luminosityBlock, s.count]);
  return { eventCount, segments: triples, columnSizes: [...columnSizes] };
}

function fromStored(stored: StoredCluster, offset: number, headSize: number): ClusterIndex {
  const segments = stored.segments.map(([run, luminosityBlock, count]) => ({ run, luminosityBlock, count }));
  return { offset, eventCount: stored.eventCount, segments, headSize, columnSizes: stored.columnSizes };
}

export function appendClusterHead(out: ByteBuffer, cluster: Omit<ClusterIndex, "offset" | "headSize">): void {
  appendJson(out, "EDMC", toStored(cluster));
}

export function parseClusterHead(payload: Uint8Array, offset: number): ClusterIndex {
  return fromStored(parseJson(payload) as StoredCluster, offset, payload.length + frameOverhead);
}

export function appendFooter(out: ByteBuffer, clusters: readonly ClusterIndex[]): void {
  const eventCount = clusters.reduce((sum, cluster) => sum + cluster.eventCount, 0);
  const stored = clusters.map((c) => ({ offset: c.offset, headSize: c.headSize, ...toStored(c) }));
  appendJson(out, "EDMF", { eventCount, clusters: stored } satisfies StoredFooter);
}

export function parseFooter(payload: Uint8Array): ClusterIndex[] {
  const { clusters } = parseJson(payload) as StoredFooter;
  return clusters.map((stored) => fromStored(stored, stored.offset, stored.headSize));
}

export function appendTrailer(out: ByteBuffer, footerOffset: number): void {
  appendTag(out, "EDMT");
  const at = out.reserve(8);
  out.setUint64(at, footerOffset);
}

/** The offset of the footer. */
export function parseTrailer(payload: Uint8Array): number {
  return Number(new DataView(payload.buffer, payload.byteOffset).getBigUint64(tagSize, true));
}
