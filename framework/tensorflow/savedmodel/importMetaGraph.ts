/**
 * What TensorFlow 1's Saver writes: the meta graph of a training (X.meta) beside its checkpoint (X.index, X.data-…).
 * It says nothing about which of its tensors are for inference, so that has to be said.
 */
import { existsSync, readFileSync } from "node:fs";
import { Exception } from "../../base/errors.js";
import { parseTextFormat } from "../proto/parseTextFormat.js";
import { metaGraphType, storedMetaGraphType } from "../proto/savedModelSchema.js";
import { decodeMetaGraph, type MetaGraphDef, type MetaGraphMessage } from "./metaGraph.js";

const suffix = ".meta";

/** A meta graph and the checkpoint beside it. */
export interface TrainingMetaGraph {
  readonly metaGraph: MetaGraphDef;
  /** Its path without ".index"; undefined when there is none. */
  readonly checkpoint: string | undefined;
}

/** The path of the meta graph that `path` means: "X.meta" itself, or "X" of which there is only X.meta. */
export function metaGraphPath(path: string): string | undefined {
  if (path.endsWith(suffix)) return path;
  return !existsSync(path) && existsSync(path + suffix) ? path + suffix : undefined;
}

/** TensorFlow's import_meta_graph. @throws InvalidMetaGraphDef naming the file */
export function importMetaGraph(path: string): TrainingMetaGraph {
  const prefix = path.slice(0, -suffix.length);
  const checkpoint = existsSync(`${prefix}.index`) ? prefix : undefined;
  try {
    return { metaGraph: decodeMetaGraph(read(path), path), checkpoint };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const what = code === "ENOENT" ? "no such file" : message.replace(/\.$/, "");
    throw new Exception("InvalidMetaGraphDef", `error while loading metaGraphDef from '${path}': ${what}.`, {
      cause: error,
    });
  }
}

function read(path: string): MetaGraphMessage {
  const bytes = readFileSync(path);
  if (/^\s*(meta_info_def|graph_def)\s*\{/.test(bytes.toString("latin1", 0, 200)))
    return parseTextFormat(metaGraphType(), bytes.toString("utf8")) as MetaGraphMessage;
  try {
    return storedMetaGraphType().decode(bytes) as unknown as MetaGraphMessage;
  } catch (error) {
    const what = `it does not parse as a MetaGraphDef (${(error as Error).message}); is it complete?`;
    throw new Exception("InvalidMetaGraphDef", what, { cause: error });
  }
}
