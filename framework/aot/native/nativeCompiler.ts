/** Finds the machine's C compiler and asks it what the CPU can do: the target that kernels are made for. */
import type * as childProcess from "node:child_process";
import { createRequire } from "node:module";
import { Exception } from "../../base/errors.js";
import type { Target } from "../kernel/ir.js";
import type { KnownCompilers } from "./knownCompilers.js";

export interface NativeCompiler {
  /** Name or path of the C compiler. */
  readonly path: string;
  readonly target: Target;
  /** What compiled files need: "x86-64 avx512f …", "aarch64"; goes into CodeLayout.features. */
  readonly features: string;
}

const remedy = `install a C compiler (gcc or clang) or use engineTarget "wasm"`;
const probeTimeoutMs = 20_000;

const avx2 = ["avx2", "fma", "bmi", "bmi2"];
const avx512 = ["avx512f", "avx512vl", "avx512dq", "avx512bw"];

/**
 * @param compiler its name or path; where not given, the first of cc, gcc, clang that the machine has
 * @param known what has been asked before; where given, such a compiler is not started
 * @throws UnavailableAccelerator when there is none, or the CPU is neither x86-64 nor AArch64
 */
export function findNativeCompiler(compiler?: string, known?: KnownCompilers): NativeCompiler {
  const candidates = compiler ? [compiler] : ["cc", "gcc", "clang"];
  for (const path of candidates) {
    const before = known?.get(path);
    if (before) return before;
    const macros = predefined(path);
    if (!macros) continue;
    const found = { path, ...machineOf(macros, path) };
    known?.set(path, found);
    return found;
  }
  const tried = candidates.map((name) => `"${name}"`).join(", ");
  throw new Exception("UnavailableAccelerator", `no working C compiler: tried ${tried}; ${remedy}.`);
}

/** The compiler's macros for the CPU it runs on; undefined when there is no such compiler. */
function predefined(path: string): string | undefined {
  // 2 ms of start-up, for what is asked once a machine.
  const { spawnSync } = createRequire(import.meta.url)("node:child_process") as typeof childProcess;
  const options = { input: "", encoding: "utf8", timeout: probeTimeoutMs } as const;
  for (const native of ["-march=native", "-mcpu=native"]) {
    const result = spawnSync(path, [native, "-dM", "-E", "-x", "c", "-"], options);
    if (result.status === 0) return result.stdout;
  }
  return undefined;
}

/** Named features and not -march=native go into the files: they then run on every machine that has these. */
function machineOf(macros: string, path: string): Omit<NativeCompiler, "path"> {
  const has = (feature: string) => macros.includes(`#define __${feature.replace(".", "_").toUpperCase()}__ `);
  const target = (lanes: number, hasFma: boolean, vectorRegisters: number): Target => {
    return { name: "native", lanes, hasFma, vectorRegisters };
  };
  if (macros.includes("__aarch64__")) return { target: target(4, true, 32), features: "aarch64" };
  if (!macros.includes("__x86_64__"))
    throw new Exception(
      "UnavailableAccelerator",
      `C compiler "${path}" compiles neither for x86-64 nor for AArch64; use engineTarget "wasm".`,
    );
  const named = (features: readonly string[]) => ["x86-64", ...features].join(" ");
  if (!avx2.every(has)) return { target: target(4, false, 16), features: named(["sse4.1"].filter(has)) };
  if (!avx512.every(has)) return { target: target(8, true, 16), features: named(avx2) };
  return { target: target(16, true, 32), features: named([...avx512, ...avx2]) };
}
