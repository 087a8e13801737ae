/** Prints kernels of the IR as C, compiles and runs them, in vectors of any width; and says so when it cannot. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { interpret } from "../../../../framework/aot/kernel/interpreter/interpret.js";
import type { Block, Kernel, Program } from "../../../../framework/aot/kernel/ir.js";
import { KernelBuilder } from "../../../../framework/aot/kernel/KernelBuilder.js";
import { compileC } from "../../../../framework/aot/native/compileC.js";
import { loadNative, type NativeMemory } from "../../../../framework/aot/native/loadNative.js";
import { findNativeCompiler, type NativeCompiler } from "../../../../framework/aot/native/nativeCompiler.js";
import { WebAssembly } from "../../../../framework/aot/wasm/WebAssembly.js";

function found(): NativeCompiler | undefined {
  try {
    return findNativeCompiler();
  } catch (error) {
    console.warn(`native tests are skipped: ${(error as Error).message}`);
    return undefined;
  }
}

/** Undefined where the machine has no C compiler: skip then. */
export const machine = found();
export const hasNoCompiler = machine === undefined;
/** Where this test file's addons lie. */
export const directory = mkdtempSync(join(tmpdir(), "cmsrun-native-test-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The machine's compiler, for vectors of another width: the machine's own width is what its features give. */
export function compilerFor(lanes: number): NativeCompiler {
  return { ...machine!, target: { ...machine!.target, lanes } };
}

export const arenaBlock = (name: string, place: number, sizeBytes = 64): Block => ({
  name,
  space: "arena",
  sizeBytes,
  place,
});
export type Constant = Program["constants"][number];
export const constantOf = (place: number, bytes: Uint8Array): Constant => ({
  block: { name: `c${place}`, space: "constant", sizeBytes: bytes.length, place },
  bytes,
});

export function programOf(
  main: Kernel,
  arenaBytes: number,
  lanes: number,
  constants: readonly Constant[] = [],
): Program {
  return { target: compilerFor(lanes).target, main, constants, arenaBytes };
}

export function newMemory(): NativeMemory {
  return new WebAssembly.Memory({ initial: 32, maximum: 64, shared: true }) as NativeMemory;
}

/** Runs the program on this arena, in place. */
export function run(program: Program, arena: Uint8Array): void {
  const memory = newMemory();
  const bytes = new Uint8Array(memory.buffer);
  const at = 65536;
  let next = at + arena.length + 64;
  const addresses = program.constants.map(({ bytes: constant }) => {
    bytes.set(constant, next);
    next += constant.length + 64;
    return next - constant.length - 64;
  });
  bytes.set(arena, at);
  loadNative(compileC(program, compilerFor(program.target.lanes)), memory, addresses, { directory })(at)();
  arena.set(bytes.subarray(at, at + arena.length));
}

/** What `write` writes, run on a copy of the arena as C and in the interpreter. */
export function runBoth(
  lanes: number,
  arena: Uint8Array,
  write: (kernel: KernelBuilder) => void,
  constants: readonly Constant[] = [],
) {
  const kernel = new KernelBuilder("main");
  write(kernel);
  const program = programOf(kernel.build(), arena.length, lanes, constants);
  const [computed, expected] = [arena.slice(), arena.slice()];
  run(program, computed);
  interpret(program, expected);
  return { computed, expected };
}
