/** What code is made for, and by which compiler: known without loading the compiler. */
import { join } from "node:path";
import { compilerSettings } from "./engine/settings.js";
import { KnownCompilers } from "./native/knownCompilers.js";
import { findNativeCompiler, type NativeCompiler } from "./native/nativeCompiler.js";
import type { TargetName } from "./Unit.js";

/** Put in by the build: a digest of the sources that decide what code is made. */
declare const CMSRUN_COMPILER: string | undefined;

/** Part of every compiled file and cache key. "source": not built, so it may change at any moment. */
export const compilerVersion = typeof CMSRUN_COMPILER === "string" ? CMSRUN_COMPILER : "source";

let nativeCompiler: NativeCompiler | undefined;

/** The machine's C compiler, looked for once a thread. @throws UnavailableAccelerator when there is none */
export function machineCompiler(): NativeCompiler {
  nativeCompiler ??= findNativeCompiler(undefined, knownCompilers());
  return nativeCompiler;
}

function knownCompilers(): KnownCompilers | undefined {
  const { cacheDirectory } = compilerSettings();
  if (cacheDirectory === null || compilerVersion === "source") return undefined;
  return new KnownCompilers(join(cacheDirectory, "compilers"), compilerVersion);
}

/** What code for a target needs of the machine: CodeLayout.features. */
export function featuresOf(target: TargetName): string {
  return target === "wasm" ? "simd128" : machineCompiler().features;
}
