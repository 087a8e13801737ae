/**
 * Compiles a program of the kernel IR with the machine's C compiler to a Node addon, and gives the file's bytes with a
 * seal behind them: a cut or changed file must not reach the dynamic loader, which would end the process.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Exception } from "../../base/errors.js";
import type { Program } from "../kernel/ir.js";
import { addonC } from "./addonC.js";
import type { NativeCompiler } from "./nativeCompiler.js";
import { printC } from "./printC.js";
import { seal } from "./seal.js";

export interface CompileOptions {
  /** Of processor time and, with as much again for a busy machine, of waiting. */
  readonly timeoutSeconds?: number;
  /** Further options of the compiler; they come last. */
  readonly flags?: readonly string[];
}

const defaultTimeoutSeconds = 300;
const shownErrorBytes = 2000;

/** Floats are computed as written, integers wrap; vector code is written out, so gcc need not look for it. */
export const commonFlags = [
  ..."-std=gnu11 -O2 -w -Werror=implicit-function-declaration -ffp-contract=off -fwrapv -fno-strict-aliasing -fno-math-errno".split(
    " ",
  ),
  ..."-fno-trapping-math -fno-tree-vectorize -fno-stack-protector".split(" "),
];

/** The compiler's options for the CPU that `features` names. */
export function featureFlags(features: string): string[] {
  const [architecture, ...named] = features.split(" ");
  return architecture === "x86-64" ? ["-mtune=native", ...named.map((name) => `-m${name}`)] : [];
}

/**
 * The sealed bytes of a .node file (loadNative.ts).
 * @throws ExternalFailure when the compiler fails or is not done in time; says how to do without it
 */
export function compileC(
  program: Program,
  compiler: NativeCompiler,
  options: CompileOptions = {},
): Uint8Array {
  const [, ...needed] = compiler.features.split(" ");
  const text = printC(program) + addonC(compiler.features.startsWith("x86-64") ? needed : []);
  const folder = mkdtempSync(join(tmpdir(), "cmsrun-native-"));
  try {
    writeFileSync(join(folder, "program.c"), text);
    const flags = [
      ...commonFlags,
      ...featureFlags(compiler.features),
      "-fPIC",
      "-shared",
      "-fvisibility=hidden",
    ];
    const undefinedSymbols = process.platform === "darwin" ? ["-undefined", "dynamic_lookup"] : [];
    const files = ["-I", headers(), "-o", "program.node", "program.c", "-lm", ...undefinedSymbols];
    runCompiler(compiler.path, [...flags, ...files, ...(options.flags ?? [])], folder, options);
    return seal(readFileSync(join(folder, "program.node")));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function headers(): string {
  return join(dirname(createRequire(import.meta.url).resolve("node-api-headers")), "include");
}

/** Through a shell that limits processor time: the driver's own children outlive it when it is stopped. */
function runCompiler(path: string, args: string[], cwd: string, options: CompileOptions): void {
  const seconds = options.timeoutSeconds ?? defaultTimeoutSeconds;
  const script = `ulimit -t ${Math.ceil(seconds)}; exec "$0" "$@"`;
  const result = spawnSync("/bin/sh", ["-c", script, path, ...args], {
    cwd,
    encoding: "utf8",
    timeout: 2 * seconds * 1000,
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (result.status === 0) return;
  const said = (result.error?.message ?? result.stderr.trim()).slice(0, shownErrorBytes);
  const isLate = result.signal !== null || /ETIMEDOUT|Killed|CPU time limit|SIGXCPU/i.test(said);
  const what = isLate ? `was not done in ${seconds} s` : `failed (status ${result.status})`;
  throw new Exception(
    "ExternalFailure",
    `C compiler "${path}" ${what}: ${said || "it said nothing"}; try another one (option "compiler") or use engineTarget "wasm".`,
  );
}
