/** Finding the compiler, compiling, loading: in several threads at once, and what is said when one of them fails. */
import { chmodSync, lstatSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import * as ir from "../../../../framework/aot/kernel/expr.js";
import { KernelBuilder } from "../../../../framework/aot/kernel/KernelBuilder.js";
import { compileC } from "../../../../framework/aot/native/compileC.js";
import { loadNative } from "../../../../framework/aot/native/loadNative.js";
import { findNativeCompiler } from "../../../../framework/aot/native/nativeCompiler.js";
import { seal } from "../../../../framework/aot/native/seal.js";
import { arenaBlock, directory, hasNoCompiler, machine, newMemory, programOf } from "./runNative.js";

const temporary = () => mkdtempSync(join(directory, "case-"));

/** Adds 1 to the first i32 after the status block. */
function counterProgram() {
  const out = arenaBlock("out", 64);
  const kernel = new KernelBuilder("main");
  kernel.store("i32", out, ir.i32(0), 0, ir.add(ir.load("i32", out, ir.i32(0)), ir.i32(1)));
  return programOf(kernel.build(), 128, machine!.target.lanes);
}

function fakeCompiler(script: string): string {
  const path = join(temporary(), "cc");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o700);
  return path;
}

it("says that there is no compiler, and what to do", () => {
  expect(() => findNativeCompiler("no-such-cc")).toThrow(
    'no working C compiler: tried "no-such-cc"; install a C compiler (gcc or clang) or use engineTarget "wasm".',
  );
});

it.each([
  ["__x86_64__ __SSE4_1__", { lanes: 4, hasFma: false, vectorRegisters: 16 }, "x86-64 sse4.1"],
  [
    "__x86_64__ __SSE4_1__ __AVX2__ __FMA__ __BMI__ __BMI2__",
    { lanes: 8, hasFma: true, vectorRegisters: 16 },
    "x86-64 avx2 fma bmi bmi2",
  ],
  [
    "__x86_64__ __AVX2__ __FMA__ __BMI__ __BMI2__ __AVX512F__ __AVX512VL__ __AVX512DQ__ __AVX512BW__",
    { lanes: 16, hasFma: true, vectorRegisters: 32 },
    "x86-64 avx512f avx512vl avx512dq avx512bw avx2 fma bmi bmi2",
  ],
  ["__aarch64__", { lanes: 4, hasFma: true, vectorRegisters: 32 }, "aarch64"],
])("takes the target from the compiler's macros: %s", (macros, target, features) => {
  const path = fakeCompiler(
    macros
      .split(" ")
      .map((macro) => `echo "#define ${macro} 1"`)
      .join("\n"),
  );
  expect(findNativeCompiler(path)).toEqual({ path, target: { name: "native", ...target }, features });
});

it("refuses another architecture", () => {
  expect(() => findNativeCompiler(fakeCompiler('echo "#define __riscv 1"'))).toThrow(
    "neither for x86-64 nor for AArch64",
  );
});

describe.skipIf(hasNoCompiler)("compileC", () => {
  it("shows what a failing compiler said", () => {
    const path = fakeCompiler("echo 'program.c:1: internal compiler error' >&2; exit 4");
    expect(() => compileC(counterProgram(), { ...machine!, path })).toThrow(
      /failed \(status 4\): program.c:1: internal compiler error; try another/,
    );
  });
  it("ends a compiler that takes too long", () => {
    const path = fakeCompiler("while :; do :; done");
    expect(() => compileC(counterProgram(), { ...machine!, path }, { timeoutSeconds: 1 })).toThrow(
      "was not done in 1 s",
    );
  });
  it("leaves nothing in the temporary folder", () => {
    const { TMPDIR } = process.env;
    process.env.TMPDIR = temporary();
    try {
      compileC(counterProgram(), machine!);
      expect(readdirSync(process.env.TMPDIR)).toEqual([]);
    } finally {
      if (TMPDIR === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = TMPDIR;
    }
  });
});

describe.skipIf(hasNoCompiler)("loadNative", () => {
  it("writes one private file for the same bytes, and mends it", () => {
    const directory = join(temporary(), "sub");
    const code = compileC(counterProgram(), machine!);
    loadNative(code, newMemory(), [], { directory });
    const [name, ...others] = readdirSync(directory);
    expect([name, others]).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.node$/), []]);
    expect([directory, join(directory, name!)].map((path) => lstatSync(path).mode & 0o777)).toEqual([
      0o700, 0o600,
    ]);
    const other = temporary();
    writeFileSync(join(other, name!), "spoilt");
    const memory = newMemory();
    loadNative(code, memory, [], { directory: other })(0)();
    expect(new DataView(memory.buffer).getInt32(64, true)).toBe(1);
  });

  it("refuses bytes that are cut, changed, foreign or of another kind", () => {
    const directory = temporary();
    const code = compileC(counterProgram(), machine!);
    const load = (bytes: Uint8Array) => () => loadNative(bytes, newMemory(), [], { directory });
    expect(load(code.subarray(0, code.length / 2))).toThrow(
      "native code is cut short or was made by another program",
    );
    expect(load(new Uint8Array(0))).toThrow("cut short");
    expect(load(code.map((byte, index) => (index === 500 ? byte ^ 1 : byte)))).toThrow(
      "native code is damaged; delete it",
    );
    expect(load(seal(Buffer.from("no library at all")))).toThrow(
      /cannot be loaded: .*; compile on this machine or use engineTarget "wasm"/,
    );
  });

  it("refuses code for a CPU that has more", () => {
    if (!machine!.features.startsWith("x86-64")) return;
    const code = compileC(
      counterProgram(),
      { ...machine!, features: `${machine!.features} sse4a` },
      { flags: [] },
    );
    const load = () => loadNative(code, newMemory(), [], { directory: temporary() });
    if (/\bsse4a\b/.test(machineFlags())) return;
    expect(load).toThrow(
      'native code was compiled for a CPU with sse4a, which this one lacks; compile on this machine or use engineTarget "wasm".',
    );
  });

  it("works in four threads at the same time, and after they are gone", async () => {
    const directory = temporary();
    const code = compileC(counterProgram(), machine!);
    const memory = newMemory();
    const file = join(directory, "code");
    loadNative(code, memory, [], { directory });
    const path = join(directory, readdirSync(directory)[0]!);
    writeFileSync(file, code);
    const source = `
      const { workerData: { path, memory, start, index } } = require("node:worker_threads");
      Atomics.wait(start, 0, 0);
      const module = { exports: {} };
      process.dlopen(module, path);
      for (let round = 0; round < 100; round++) {
        const run = module.exports.bind(new Uint8Array(memory.buffer), 4096 * index, new Float64Array(0));
        for (let call = 0; call < 100; call++) run();
      }`;
    const start = new Int32Array(new SharedArrayBuffer(4));
    const workers = [1, 2, 3, 4].map(
      (index) => new Worker(source, { eval: true, workerData: { path, memory, start, index } }),
    );
    await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once("online", resolve))));
    Atomics.store(start, 0, 1);
    Atomics.notify(start, 0);
    const codes = await Promise.all(
      workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve))),
    );
    expect(codes).toEqual([0, 0, 0, 0]);
    const view = new DataView(memory.buffer);
    expect([1, 2, 3, 4].map((index) => view.getInt32(4096 * index + 64, true))).toEqual([
      10_000, 10_000, 10_000, 10_000,
    ]);
    loadNative(code, memory, [], { directory })(0)();
    expect(view.getInt32(64, true)).toBe(1);
  });
});

function machineFlags(): string {
  return process.platform === "linux" ? readFileSync("/proc/cpuinfo", "utf8") : "";
}
