/** What code is made for, and by which compiler: known without loading the compiler. */
import { findNativeCompiler, type NativeCompiler } from "./native/nativeCompiler.js";
import type { TargetName } from "./Unit.js";

/** Put in by the build: a digest of the sources that decide what code is made. */
declare const CMSRUN_COMPILER: string | undefined;

/** Part of every compiled file and cache key. "source": not built, so it may change at any moment. */
export const compilerVersion = typeof CMSRUN_COMPILER === "string" ? CMSRUN_COMPILER : "source";

let nativeCompiler: NativeCompiler | undefined;

/** The machine's C compiler, looked for once a thread. @throws UnavailableAccelerator when there is none */
export function machineCompiler(): NativeCompiler {
  nativeCompiler ??= findNativeCompiler();
  return nativeCompiler;
}

/** What code for a target needs of the machine: CodeLayout.features. */
export function featuresOf(target: TargetName): string {
  return target === "wasm" ? "simd128" : machineCompiler().features;
}
