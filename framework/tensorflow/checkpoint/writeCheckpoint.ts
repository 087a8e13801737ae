/** Writes a checkpoint as TensorFlow's Saver does: a tensor bundle, and the file `checkpoint` that names the latest one. */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { Exception } from "../../base/errors.js";
import { replaceFile } from "../../base/replaceFile.js";
import type { TensorLike } from "../Tensor.js";
import { stateAfter } from "./checkpointState.js";
import { writeBundle } from "./writeBundle.js";

export interface WriteCheckpointOptions {
  /** Whether to make it the latest of its folder (the file `checkpoint`); default true. */
  readonly stateFile?: boolean;
}

/**
 * Writes variables so that TensorFlow's Saver restores them and tf.train.latest_checkpoint finds them. The folder is
 * made where it is not there.
 * @param prefix path of the files without .index and .data-…, "model-100" for step 100
 * @param variables name → value; names as in the graph, without ":0"
 * @throws InvalidTensor, FileWriteError as writeBundle; InvalidSession when the folder's file `checkpoint` is none
 */
export function writeCheckpoint(
  prefix: string,
  variables: ReadonlyMap<string, TensorLike> | Readonly<Record<string, TensorLike>>,
  { stateFile = true }: WriteCheckpointOptions = {},
): void {
  const tensors = new Map(variables instanceof Map ? variables : Object.entries(variables));
  // Before anything is written: a state file that is no such file is left alone.
  const state = stateFile ? stateAfter(prefix) : undefined;
  try {
    mkdirSync(dirname(prefix), { recursive: true });
    writeBundle(prefix, tensors);
    if (state !== undefined) replaceFile(join(dirname(prefix), "checkpoint"), state);
  } catch (error) {
    if (error instanceof Exception) throw error;
    throw new Exception("FileWriteError", `'${prefix}' cannot be written: ${(error as Error).message}.`);
  }
}
