/**
 * npm run build:tensorflow: makes the `tensorflow` engine usable. Installs tfjs-node into .tensorflow/ without its
 * install script (which downloads a binary, and where that fails npm removes the whole package) and links its native
 * addon against a libtensorflow that is on this machine. Silent when up to date; .tensorflow/ is replaced in one step.
 *
 * LIBTENSORFLOW_DIR  a pip wheel's tensorflow folder, or a C distribution (lib/ and include/); without it the wheel of
 * TF_PYTHON, what was linked last, or the wheel of .ci/run's .venv-tensorflow or of python3. CXX: the compiler (g++).
 */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const home = join(root, ".tensorflow");
const stampFile = join(home, "stamp.json");
const { optionalDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
/** The headers come as a package, because not every installation of Node has them. */
const packages = {
  "@tensorflow/tfjs-node": optionalDependencies["@tensorflow/tfjs-node"],
  "node-api-headers": "1.5.0",
};
const wheelRemedy =
  "install one (pip install tensorflow-cpu==2.15.1), then name its folder: LIBTENSORFLOW_DIR=…/site-packages/tensorflow";

/** Something for the user to put right; everything else is a bug and shows its stack. */
class BuildFailure extends Error {}

function run(command, args, options = {}) {
  return spawnSync(command, args, { encoding: "utf8", maxBuffer: 2 ** 26, ...options });
}

/** The folders and libraries of a TensorFlow in `directory`, or undefined. */
function librariesIn(directory) {
  for (const folder of [directory, join(directory, "lib")]) {
    if (!existsSync(folder)) continue;
    const names = readdirSync(folder).sort();
    const library = (pattern) =>
      names.filter((name) => pattern.test(name)).map((name) => join(folder, name))[0];
    const main = library(/^libtensorflow(_cc)?(\.so\.2|\.2\.dylib)$/);
    const framework = library(/^libtensorflow_framework(\.so\.2|\.2\.dylib)$/);
    const headers = [join(directory, "include"), join(directory, "..", "include")];
    const include = headers.find((each) => existsSync(join(each, "tensorflow", "c", "c_api.h")));
    if (main && framework && include) return { folder, main, framework, include };
  }
  return undefined;
}

function findTensorFlow() {
  const { LIBTENSORFLOW_DIR: given, TF_PYTHON: python } = process.env;
  if (given) {
    const found = librariesIn(resolve(given));
    if (found) return found;
    throw new BuildFailure(
      `LIBTENSORFLOW_DIR='${given}' has no libtensorflow with its include/tensorflow/c; ${wheelRemedy}`,
    );
  }
  const last = stampedLibrary();
  if (last && !python) return last;
  const find =
    "import importlib.util as u; s = u.find_spec('tensorflow'); print(s.submodule_search_locations[0] if s else '')";
  const pythons = [python, join(root, ".venv-tensorflow", "bin", "python"), "python3"].filter(Boolean);
  for (const each of pythons) {
    const directory = run(each, ["-c", find]).stdout?.trim();
    const found = directory ? librariesIn(directory) : undefined;
    if (found) return found;
  }
  throw new BuildFailure(`there is no TensorFlow in ${pythons.join(", ")}; ${wheelRemedy}`);
}

/** What the result depends on; a file's size and time stand for its contents. */
function stampOf({ main, framework, include }) {
  const files = [main, framework].map((path) => [path, statSync(path).size, statSync(path).mtimeMs]);
  return JSON.stringify({ packages, files, include, napi: process.versions.napi, root });
}

/** The TensorFlow that the present addon is linked against, if it is still there. */
function stampedLibrary() {
  if (!existsSync(stampFile)) return undefined;
  const [[main]] = JSON.parse(readFileSync(stampFile, "utf8")).files;
  return librariesIn(dirname(main));
}

const addonOf = (folder) => {
  const { binary } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const napi = Math.max(
    ...binary.napi_versions.filter((version) => version <= Number(process.versions.napi)),
  );
  return { napi, path: join(folder, "lib", `napi-v${napi}`, "tfjs_binding.node") };
};

const compiler = process.env.CXX || "g++";

function checkCompiler() {
  const { error } = run(compiler, ["--version"]);
  if (error)
    throw new BuildFailure(`there is no C++ compiler '${compiler}'; install g++, or name one with CXX`);
}

function install(folder) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, dependencies: packages }));
  const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status, stderr } = run("npm", args, { cwd: folder, shell: process.platform === "win32" });
  if (status !== 0)
    throw new BuildFailure(
      `npm cannot install ${Object.keys(packages).join(" and ")}; is its registry reachable?\n${stderr}`,
    );
}

function link(folder, { folder: libraries, main, framework, include }) {
  const tfjs = join(folder, "node_modules", "@tensorflow", "tfjs-node");
  const headers = join(folder, "node_modules", "node-api-headers", "include");
  const { napi, path } = addonOf(tfjs);
  mkdirSync(dirname(path), { recursive: true });
  const { status, stderr } = run(compiler, [
    "-std=c++17",
    "-O2",
    "-fPIC",
    "-shared",
    "-fno-exceptions",
    "-w",
    `-DNAPI_VERSION=${napi}`,
    "-DBUILDING_NODE_EXTENSION",
    ...[tfjs, include, headers].map((each) => `-I${each}`),
    ...["tfjs_backend.cc", "tfjs_binding.cc"].map((name) => join(tfjs, "binding", name)),
    main,
    framework,
    `-Wl,-rpath,${libraries}`,
    ...(process.platform === "darwin" ? ["-undefined", "dynamic_lookup"] : ["-Wl,--as-needed"]),
    "-o",
    path,
  ]);
  if (status !== 0) throw new BuildFailure(`'${compiler}' cannot link the addon against ${main}:\n${stderr}`);
  return path;
}

/** In a process of its own: a library that does not fit may take the process down. */
function versionOf(addon) {
  const { status, stdout, stderr } = run(
    process.execPath,
    ["-p", `require(${JSON.stringify(addon)}).TF_Version`],
    {
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3" },
    },
  );
  if (status !== 0) throw new BuildFailure(`the linked addon does not load:\n${stderr}`);
  return stdout.trim();
}

function build() {
  const tensorflow = findTensorFlow();
  const stamp = stampOf(tensorflow);
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;
  checkCompiler();
  const unfinished = `${home}.${process.pid}`;
  try {
    install(unfinished);
    const version = versionOf(link(unfinished, tensorflow));
    writeFileSync(join(unfinished, "stamp.json"), stamp);
    const old = `${unfinished}.old`;
    if (existsSync(home)) renameSync(home, old);
    renameSync(unfinished, home);
    rmSync(old, { recursive: true, force: true });
    process.stdout.write(`engine tensorflow: TensorFlow ${version} of ${tensorflow.folder}\n`);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

try {
  build();
} catch (error) {
  if (!(error instanceof BuildFailure)) throw error;
  process.stderr.write(`build:tensorflow: ${error.message}\n`);
  process.exitCode = 1;
}
