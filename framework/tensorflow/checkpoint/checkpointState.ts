/**
 * The file `checkpoint` beside checkpoints, in which TensorFlow's Saver and CheckpointManager note the latest one and
 * those that are kept, and which tf.train.latest_checkpoint reads.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, relative } from "node:path";
import { Exception } from "../../base/errors.js";
import { replaceFile } from "../../base/replaceFile.js";
import { parseTextFormat } from "../proto/parseTextFormat.js";
import { checkpointStateType } from "../proto/savedModelSchema.js";
import { VariablesBundle } from "./VariablesBundle.js";

interface CheckpointState {
  readonly model_checkpoint_path: string;
  readonly all_model_checkpoint_paths: readonly string[];
}

/**
 * The prefix of the latest checkpoint that a state file names. One that was moved with its folder is found there.
 * @throws InvalidSession when the file does not parse, names none, or the one it names is not there
 */
export function latestCheckpoint(stateFile: string): string {
  const { model_checkpoint_path: latest } = read(stateFile);
  if (latest === "") throw invalid(stateFile, "names no checkpoint");
  const folder = dirname(stateFile);
  const candidates = [isAbsolute(latest) ? latest : join(folder, latest), join(folder, baseOf(latest))];
  const found = candidates.find((prefix) => VariablesBundle.exists(prefix));
  if (found !== undefined) return found;
  throw invalid(stateFile, `names the checkpoint '${latest}', but '${candidates[0]}.index' is missing`);
}

/** Makes `prefix` the latest checkpoint of its folder; those noted before are kept while their files are there. */
export function noteCheckpoint(prefix: string): void {
  const folder = dirname(prefix);
  const stateFile = join(folder, "checkpoint");
  const own = relative(folder, prefix);
  const before = existsSync(stateFile) ? read(stateFile).all_model_checkpoint_paths : [];
  const kept = before.filter(
    (path) => join(folder, baseOf(path)) !== prefix && VariablesBundle.exists(absolute(folder, path)),
  );
  const lines = [
    `model_checkpoint_path: ${quoted(own)}`,
    ...[...kept, own].map((path) => `all_model_checkpoint_paths: ${quoted(path)}`),
  ];
  replaceFile(stateFile, `${lines.join("\n")}\n`);
}

function read(stateFile: string): CheckpointState {
  try {
    return parseTextFormat(checkpointStateType(), readFileSync(stateFile, "utf8")) as CheckpointState;
  } catch (error) {
    throw invalid(stateFile, `cannot be read as a checkpoint state file: ${(error as Error).message}`);
  }
}

function absolute(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}

/** The last part of a path that may come from another system. */
function baseOf(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

/** As protobuf's text format has strings: bytes that are not printable in octal. */
function quoted(text: string): string {
  const bytes = [...Buffer.from(text)].map((byte) =>
    byte < 32 || byte > 126
      ? `\\${byte.toString(8).padStart(3, "0")}`
      : String.fromCharCode(byte).replace(/["\\]/, "\\$&"),
  );
  return `"${bytes.join("")}"`;
}

function invalid(stateFile: string, what: string): Exception {
  return new Exception("InvalidSession", `'${stateFile}' ${what}.`);
}
