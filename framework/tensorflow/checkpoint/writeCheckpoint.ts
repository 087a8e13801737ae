/** Writes a checkpoint as TensorFlow's Saver does: a tensor bundle, and the file `checkpoint` that names the latest one. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { Exception } from "../../base/errors.js";
import type { TensorLike } from "../Tensor.js";
import { noteCheckpoint } from "./checkpointState.js";
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
 * @throws InvalidTensor, FileWriteError as writeBundle
 */
export function writeCheckpoint(
  prefix: string,
  variables: ReadonlyMap<string, TensorLike> | Readonly<Record<string, TensorLike>>,
  { stateFile = true }: WriteCheckpointOptions = {},
): void {
  const tensors = new Map(variables instanceof Map ? variables : Object.entries(variables));
  try {
    mkdirSync(dirname(prefix), { recursive: true });
  } catch (error) {
    throw new Exception("FileWriteError", `'${prefix}' cannot be written: ${(error as Error).message}.`);
  }
  writeBundle(prefix, tensors);
  if (stateFile) noteCheckpoint(prefix);
}
