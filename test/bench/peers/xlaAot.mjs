/**
 * XLA ahead of time, as tfaot runs it: the SavedModel compiled for one batch size by the TensorFlow of TF_PYTHON, linked
 * with XLA's runtime from the same wheel. Compiling takes seconds, once: programs are kept in the build folder.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import { processPeer } from "./processPeer.mjs";
import {
  buildFolder,
  built,
  compile,
  compilerVersion,
  nativeCpu,
  peerFile,
  python,
  runTool,
  sourceOf,
  tensorflowWheel,
} from "./toolchain.mjs";

/** tfaot itself cannot compile the loops of these. */
const notCompilable = new Set(["deepjet_like", "gru"]);
const sources = ["native/xlaModel.cc", "native/protocol.h", "xlaCompile.py"];
/** What a model compiled for one thread calls. */
const runtimeFiles =
  /^(xla_compiled_cpu_function|cpu_function_runtime|executable_run_options|custom_call_status|eigen_contraction_kernel|env_time|runtime_(custom_call_status|fp16|key_value_sort|pow|topk|single_threaded_(conv2d|matmul_\w\d\d)))\.cc$/;
/** gcc 12 does not compile Eigen's AVX-512 kernels of the convolution. */
const optimized = ["-O2", "-march=native", "-DEIGEN_USE_AVX512_GEMM_KERNELS=0"];

/** What tells a CPU that has the instructions of LLVM's znver4. */
const wideFlags = ["avx512f", "avx512vl", "avx512_vbmi2", "avx512_bitalg", "avx512_bf16", "gfni", "vaes"];

/**
 * LLVM stays with 256-bit vectors on Intel's CPUs of 512; its code for an AMD CPU of the same instructions does not. Which is
 * faster depends on model and batch size, so both are peers.
 */
async function wideCpu() {
  const flags = new Set(/^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1].split(" "));
  if (!wideFlags.every((flag) => flags.has(flag)))
    throw new Error("this CPU has not the instructions of znver4");
  if ((await nativeCpu()) === "znver4") throw new Error("that is what xla-aot is here already");
  return "znver4";
}

/** Runs `make` of each item, as many at a time as there are cores. */
async function eachInParallel(items, make) {
  const rest = [...items];
  const worker = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await make(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

async function buildRuntime(path, { folder, include }) {
  const source = join(folder, "xla_aot_runtime_src");
  const files = readdirSync(source, { recursive: true }).filter((file) => runtimeFiles.test(basename(file)));
  if (files.length === 0) throw new Error(`TF_PYTHON's TensorFlow has no sources in ${source}`);
  const objects = `${path}.objects`;
  mkdirSync(objects, { recursive: true });
  try {
    const objectOf = (file) => join(objects, `${basename(file)}.o`);
    await eachInParallel(files, (file) =>
      compile([...optimized, `-I${include}`, `-I${source}`, "-c", join(source, file), "-o", objectOf(file)]),
    );
    await runTool("ar", ["rcs", path, ...files.map(objectOf)]);
  } finally {
    rmSync(objects, { recursive: true, force: true });
  }
}

const savedModelParts = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, path, name }) => join(parentPath ?? path, name))
    .sort()
    .map((file) => readFileSync(file));

/** For this machine's CPU as the compiler calls it. */
export const xlaAot = () => xlaPeer("xla-aot", "XLA AOT", nativeCpu);

/** For the same instructions with 512-bit vectors. */
export const xlaAotWide = () => xlaPeer("xla-aot-znver4", "XLA AOT (znver4)", wideCpu);

function xlaPeer(engine, title, targetCpu) {
  const programs = new Map();
  const keyOf = (model, batch) => `${model.name} ${batch}`;
  let wheel;
  let runtime;
  let parts;
  let cpu;

  /** Objects and headers of `batches`, made by one start of TensorFlow when the first of them is asked for. */
  const compiler = (model, batches) => {
    let folder;
    let compiling;
    return {
      object: async (batch) => {
        folder ??= mkdtempSync(join(buildFolder(), "xla-"));
        compiling ??= python([
          peerFile("xlaCompile.py"),
          model.savedModel,
          folder,
          cpu,
          ...batches.map(String),
        ]);
        await compiling;
        return join(folder, `b${batch}`);
      },
      end: () => folder && rmSync(folder, { recursive: true, force: true }),
    };
  };

  return processPeer({
    engine,
    title,
    async prepare() {
      wheel = await tensorflowWheel();
      cpu = await targetCpu();
      parts = [wheel.identity, await compilerVersion(), ...optimized];
      runtime = await built("xlaRuntime", parts, (path) => buildRuntime(path, wheel));
    },
    runs: ({ name, savedModel }) => savedModel !== undefined && !notCompilable.has(name),
    async prepareModel(model, batches) {
      const given = [...parts, cpu, ...sources.map(sourceOf), ...savedModelParts(model.savedModel)];
      const { object, end } = compiler(model, batches);
      try {
        await eachInParallel(batches, async (batch) => {
          const program = await built(
            `xla-${model.name}-b${batch}`,
            [...given, String(batch)],
            async (path) => {
              const compiled = await object(batch);
              const header = `-DMODEL_HEADER="${compiled}.h"`;
              const inputs = [peerFile("native/xlaModel.cc"), `${compiled}.o`, runtime];
              await compile([...optimized, header, `-I${wheel.include}`, ...inputs, "-o", path]);
            },
          );
          programs.set(keyOf(model, batch), program);
        });
      } finally {
        end();
      }
    },
    command: (model, batch) => [programs.get(keyOf(model, batch))],
    graph: () => "-",
    name: ({ key }) => key,
  });
}
