/**
 * What the peers that are compiled here need: a C++ compiler, a TensorFlow wheel, and a build folder of this user under
 * the system's temporary folder, where each result has a hash of all that it was made from in its name.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const execute = promisify(execFile);
const compiler = process.env.CXX ?? "g++";
const interpreter = process.env.TF_PYTHON;

/** A file beside this one. */
export const peerFile = (name) => fileURLToPath(new URL(name, import.meta.url));

function once(make) {
  let made;
  return () => {
    made ??= make();
    return made;
  };
}

export const buildFolder = once(() => {
  const folder = join(tmpdir(), `cmsrun-bench-${process.getuid?.() ?? 0}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // What is in there gets executed.
  if (process.getuid && statSync(folder).uid !== process.getuid())
    throw new Error(`${folder} belongs to another user`);
  return folder;
});

/** The path of NAME made from `parts`; `make(path)` makes it where it is not there yet. */
export async function built(name, parts, make) {
  const hash = createHash("sha256").update(cpus()[0].model);
  for (const part of parts) hash.update(part).update("\0");
  const path = join(buildFolder(), `${name}-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(path)) return path;
  const unfinished = `${path}.${process.pid}`;
  try {
    await make(unfinished);
    renameSync(unfinished, path);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return path;
}

export const sourceOf = (name) => readFileSync(peerFile(name));

/** Runs a program; what it says against it is the last line of its standard error. */
export async function runTool(program, args, options) {
  try {
    return (await execute(program, args, { maxBuffer: 1 << 28, ...options })).stdout;
  } catch (error) {
    if (error.code === "ENOENT") throw new Error(`there is no program '${program}'`);
    const lines = String(error.stderr ?? error.message)
      .trim()
      .split("\n");
    throw new Error(lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1));
  }
}

export const compile = (args) => runTool(compiler, ["-std=c++17", "-w", ...args]);

/** Throws where there is no C++ compiler; else its version. */
export const compilerVersion = once(async () => runTool(compiler, ["--version"]));

/** The compiler's name for this machine's CPU. */
export const nativeCpu = once(async () => {
  const options = await runTool(compiler, ["-march=native", "-Q", "--help=target"]);
  return /-march=\s+(\S+)/.exec(options)?.[1] ?? "";
});

const locate =
  "import importlib.util as u; s = u.find_spec('tensorflow'); print(s.submodule_search_locations[0] if s else '')";

/** The wheel that TF_PYTHON has: its folder, its libraries and what tells it from another. */
export const tensorflowWheel = once(async () => {
  const folder = (await python(["-c", locate])).trim();
  if (folder === "") throw new Error("TF_PYTHON names an interpreter without TensorFlow");
  const libraries = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"].map((name) =>
    join(folder, name),
  );
  for (const path of [join(folder, "include"), ...libraries])
    if (!existsSync(path)) throw new Error(`TF_PYTHON's TensorFlow has no ${path}`);
  const { size, mtimeMs } = statSync(libraries[0]);
  return { folder, include: join(folder, "include"), libraries, identity: `${folder} ${size} ${mtimeMs}` };
});

export function python(args) {
  if (!interpreter) throw new Error("TF_PYTHON names no Python interpreter with a TensorFlow wheel");
  return runTool(interpreter, args, { env: { ...process.env, ...quiet } });
}

/** The environment of a peer's process: one thread, no word about itself. */
export const quiet = { TF_CPP_MIN_LOG_LEVEL: "3", CUDA_VISIBLE_DEVICES: "", OMP_NUM_THREADS: "1" };
