/**
 * cmsml's write_graph_summary: a TensorBoard event file with a graph. It has two records, Event { 1: wall_time,
 * 3: file_version } and Event { 1: wall_time, 4: graph_def }, framed as TFRecords.
 */
import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { Exception } from "../base/errors.js";
import { protobuf } from "../base/protobuf.js";
import { replaceFile } from "../base/replaceFile.js";
import { ByteBuffer } from "../io/ByteBuffer.js";
import { appendRecord } from "../io/tfrecord.js";
import type { GraphDef } from "./GraphDef.js";
import { encodeGraphDef } from "./proto/encodeGraph.js";
import { loadGraph } from "./savedmodel/SavedModel.js";

/** Protobuf's wire forms of fields: a double, and bytes with their length. */
const double = (field: number) => (field << 3) | 1;
const delimited = (field: number) => (field << 3) | 2;
/** Files of one process in one second. */
let written = 0;

/**
 * Writes the graph (or the one in a file or SavedModel of that path) into `directory`, which is made where it is
 * missing; `tensorboard --logdir directory` shows it. Gives the path of the file.
 * @throws FileWriteError when it cannot be written, and then nothing is left behind; as loadGraph
 */
export function writeGraphSummary(graph: GraphDef | string, directory: string): string {
  const loaded = typeof graph === "string" ? loadGraph(graph) : graph;
  const seconds = Date.now() / 1000;
  // TensorBoard looks for "tfevents" in the name; the rest keeps files of other writers apart.
  const stamp = String(Math.floor(seconds)).padStart(10, "0");
  const path = join(directory, `events.out.tfevents.${stamp}.${hostname()}.${process.pid}.${written++}`);
  try {
    mkdirSync(directory, { recursive: true });
    replaceFile(path, encodeEvents(loaded, seconds));
  } catch (error) {
    throw new Exception(
      "FileWriteError",
      `the graph of '${loaded.origin}' cannot be written into '${directory}': ${(error as Error).message}.`,
    );
  }
  return path;
}

/** The bytes of the event file. `seconds`: since 1970, in both events. */
export function encodeEvents(graph: GraphDef, seconds: number): Uint8Array {
  const { Writer } = protobuf();
  const event = () => Writer.create().uint32(double(1)).double(seconds);
  const out = new ByteBuffer();
  const records = [
    event().uint32(delimited(3)).string("brain.Event:2").finish(),
    event().uint32(delimited(4)).bytes(encodeGraphDef(graph)).finish(),
  ];
  for (const record of records) appendRecord(out, (buffer) => buffer.append(record));
  return out.written();
}
