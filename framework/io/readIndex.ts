/**
 * Finds the clusters of an event file: from the footer, which the trailer at the end of a complete file points to, or,
 * after a killed job, by walking over all records.
 */
import {
  clusterSize,
  parseClusterHead,
  parseFooter,
  parseTrailer,
  tagOf,
  trailerSize,
  type ClusterIndex,
} from "./eventFileFormat.js";
import type { RecordFile } from "./RecordFile.js";
import { frameHeadSize } from "./tfrecord.js";

/**
 * The clusters that the footer lists.
 * @param start where the header ends and the first cluster begins.
 * @param branchCount number of branches in the header.
 * @throws FileReadError when trailer or footer are damaged, missing or do not describe this file.
 */
export function readFooter(file: RecordFile, start: number, branchCount: number): ClusterIndex[] {
  const trailerOffset = file.size - trailerSize;
  if (trailerOffset < start)
    throw file.error("the trailer", file.size, "the file ends before it", truncationRemedy);
  const footerOffset = readTrailer(file, trailerOffset);
  if (footerOffset < start || footerOffset >= trailerOffset) {
    throw file.error("the trailer", trailerOffset, `it says that the footer is at byte ${footerOffset}`);
  }
  const clusters = parseFooter(
    file.readRecord(footerOffset, trailerOffset - footerOffset, "EDMF", "the footer"),
  );
  let end = start;
  for (const cluster of clusters) {
    if (cluster.offset !== end || cluster.columnSizes.length !== branchCount + 1) break;
    end += clusterSize(cluster);
  }
  if (end !== footerOffset) throw file.error("the footer", footerOffset, "its clusters do not fill the file");
  return clusters;
}

const truncationRemedy =
  "if the job that wrote it was killed, open it for recovery to read its complete clusters; else copy it again";

function readTrailer(file: RecordFile, offset: number): number {
  try {
    return parseTrailer(file.readRecord(offset, trailerSize, "EDMT", "the trailer"));
  } catch {
    const why = "the file is truncated or damaged at its end";
    throw file.error("the trailer", offset, why, truncationRemedy);
  }
}

/**
 * The complete clusters of a file that ends too early. Every byte before that end is checked.
 * @throws FileReadError when something is damaged and not merely missing at the end.
 */
export function scanClusters(file: RecordFile, start: number, branchCount: number): ClusterIndex[] {
  const clusters: ClusterIndex[] = [];
  let offset = start;
  for (;;) {
    const size = wholeRecordSize(file, offset);
    if (size === undefined) return clusters;
    const what = `the record after cluster ${clusters.length - 1}`;
    const payload = file.checkRecord(file.read(offset, size, what), offset, undefined, what);
    const tag = tagOf(payload);
    if (tag === "EDMF") {
      requireTruncatedTrailer(file, offset + size);
      return clusters;
    }
    if (tag !== "EDMC") throw file.error(what, offset, `it starts with '${tag}' where a cluster must begin`);
    const cluster = parseClusterHead(payload, offset);
    if (cluster.columnSizes.length !== branchCount + 1) {
      throw file.error(
        what,
        offset,
        `it has ${cluster.columnSizes.length - 1} columns for ${branchCount} branches`,
      );
    }
    if (!areColumnsWhole(file, cluster, clusters.length)) return clusters;
    clusters.push(cluster);
    offset += clusterSize(cluster);
  }
}

/** The size of the record at `offset`, undefined when the file ends before the record does. */
function wholeRecordSize(file: RecordFile, offset: number): number | undefined {
  if (offset + frameHeadSize > file.size) return undefined;
  const size = file.recordSize(offset, "a record");
  return offset + size > file.size ? undefined : size;
}

function areColumnsWhole(file: RecordFile, cluster: ClusterIndex, ordinal: number): boolean {
  let offset = cluster.offset + cluster.headSize;
  for (const [column, expected] of cluster.columnSizes.entries()) {
    const size = wholeRecordSize(file, offset);
    if (size === undefined) return false;
    const what = `column ${column} of cluster ${ordinal}`;
    if (size !== expected)
      throw file.error(what, offset, `it has ${size} bytes where the head says ${expected}`);
    file.readRecord(offset, size, "EDMD", what);
    offset += size;
  }
  return true;
}

function requireTruncatedTrailer(file: RecordFile, offset: number): void {
  const size = wholeRecordSize(file, offset);
  if (size === undefined) return;
  file.readRecord(offset, size, "EDMT", "the trailer");
  throw file.error("the trailer", offset, `${file.size - offset - size} bytes follow it`);
}
