/**
 * tfjs-node's native addon: where it is, and those of its calls that the engine makes. Only the addon is loaded, none
 * of tfjs's JavaScript: that saves half a second and needs no shim on Node >= 23, where tfjs-node itself fails.
 */
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Exception } from "../../base/errors.js";
import { withNativeLock } from "../../base/nativeLock.js";
import { LogWarning } from "../../base/log.js";

/** A tensor in TensorFlow's memory; deleteTensor releases it. */
export interface OutputInfo {
  readonly id: number;
  readonly shape: number[];
  /** A DataType number of types.proto. */
  readonly dtype: number;
}

export type AddonArray = Float32Array | Int32Array | BigInt64Array | Uint8Array | Uint8Array[];

export interface Addon {
  readonly TF_Version: string;
  loadSavedModel(directory: string, tags: string): number;
  deleteSavedModel(session: number): void;
  /** Borrows `data` until the tensor is deleted. */
  createTensor(shape: readonly number[], dtype: number, data: AddonArray): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): AddonArray;
  /** Names are "node:port", joined by commas. */
  runSavedModel(
    session: number,
    inputs: readonly number[],
    inputNames: string,
    outputNames: string,
  ): OutputInfo[];
  getNumOfTensors(): number;
  getNumOfSavedModels(): number;
}

const remedy =
  "run `npm run build:tensorflow` in cmsrun's folder; it links tfjs-node's addon against a libtensorflow, for example " +
  "that of `pip install tensorflow-cpu==2.15.1`";

let loaded: Addon | undefined;
let path: string | undefined;
let threadsSet: string | undefined;

/** Why the addon cannot be used; undefined when its file is there. */
export function missingAddon(): string | undefined {
  path ??= findAddon();
  return path === undefined ? `tfjs-node's native addon is not installed; ${remedy}` : undefined;
}

/** TensorFlow's version, once the addon is loaded in this thread. */
export function tensorFlowVersion(): string | undefined {
  return loaded?.TF_Version;
}

/** Loads the addon into this thread: 0.4 s and 200 MB, most of it shared. @throws InvalidSession with the remedy */
export function loadAddon(): Addon {
  if (loaded) return loaded;
  const missing = missingAddon();
  if (missing !== undefined) throw unusable(missing);
  chooseThreads();
  try {
    loaded = withNativeLock(() => createRequire(import.meta.url)(path as string) as Addon);
  } catch (error) {
    throw unusable(`'${path}' does not load (${(error as Error).message.split("\n")[0]}); ${remedy}`, error);
  }
  return loaded;
}

/**
 * TensorFlow's settings, which it reads from the process's environment when it is first used; what the user has set
 * stays. A worker thread cannot change that environment, so a host calls this on its main thread before it starts any.
 * Graphs run on the calling thread (it halves the time of a small model), each op on `threads` threads.
 */
export function chooseThreads(threads = 1): void {
  const { env } = process;
  env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  env.TF_NUM_INTEROP_THREADS ??= "-1";
  const isOurs = threadsSet !== undefined && threadsSet === env.TF_NUM_INTRAOP_THREADS;
  if (env.TF_NUM_INTRAOP_THREADS === undefined || (isOurs && threads > 1 && !loaded)) {
    threadsSet = String(threads);
    env.TF_NUM_INTRAOP_THREADS = threadsSet;
  }
  const inForce = env.TF_NUM_INTRAOP_THREADS;
  if (threads === 1 || inForce === String(threads)) return;
  LogWarning(
    "TensorFlow",
    `${threads} threads are asked for, but ${inForce} stay: a process chooses once (TF_NUM_INTRAOP_THREADS).`,
  );
}

/** In .tensorflow/ of the package, where build:tensorflow puts it, or of an installed @tensorflow/tfjs-node. */
function findAddon(): string | undefined {
  const resolver = createRequire(join(packageRoot(), ".tensorflow", "package.json"));
  let library: string;
  try {
    library = join(dirname(resolver.resolve("@tensorflow/tfjs-node/package.json")), "lib");
  } catch {
    return undefined;
  }
  if (!existsSync(library)) return undefined;
  const versions = readdirSync(library)
    .map((name) => Number(/^napi-v(\d+)$/.exec(name)?.[1] ?? Number.NaN))
    .filter((version) => version <= Number(process.versions.napi))
    .sort((a, b) => b - a);
  return versions
    .map((v) => join(library, `napi-v${v}`, "tfjs_binding.node"))
    .find((file) => existsSync(file));
}

function packageRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, "package.json")) && dirname(directory) !== directory)
    directory = dirname(directory);
  return directory;
}

function unusable(why: string, cause?: unknown): Exception {
  return new Exception("InvalidSession", `engine 'tensorflow' cannot be used here: ${why}.`, { cause });
}
