/**
 * The two faces of compiled code: as the compiler leaves it (plain data, for a file or another thread) and as a thread
 * has loaded it, ready to run.
 */
import type { DType, TensorData } from "../tensorflow/dtypes.js";

export const targetNames = ["wasm", "native"] as const;
export type TargetName = (typeof targetNames)[number];

/** An input or output as the code has it. */
export interface SlotLayout {
  /** The full tensor name that was asked for: "input:0". */
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Where its elements lie, in bytes from the start of the arena. */
  readonly offset: number;
}

/** Bytes that the code reads and nobody writes: weights, packed; found by what they contain. */
export interface ConstantBlock {
  /** Hex digest of the bytes. */
  readonly hash: string;
  readonly sizeBytes: number;
}

/** All that is known of compiled code but its bytes: plain JSON. */
export interface CodeLayout {
  /** Version of the compiler that made it. */
  readonly compiler: string;
  readonly target: TargetName;
  /** What the code needs of the machine: "simd128", or the vector instructions of native code. */
  readonly features: string;
  readonly inputs: readonly SlotLayout[];
  readonly outputs: readonly SlotLayout[];
  readonly arenaBytes: number;
  /** Of the module or library, and how many kernels it calls. */
  readonly codeBytes: number;
  readonly kernels: number;
  readonly constants: readonly ConstantBlock[];
  /** What status n > 0 of a run means: faults[n - 1]. */
  readonly faults: readonly string[];
  /** Those of the faults that are branches which have not been compiled. */
  readonly uncompiled: readonly string[];
}

/** The bytes of layout.constants: all of them, or asked for one by one where they are not in memory yet. */
export type ConstantBytes = readonly Uint8Array[] | ((index: number) => Uint8Array);

/** A graph compiled for one batch size. */
export interface CompiledCode {
  readonly layout: CodeLayout;
  /** A WebAssembly module, or a shared library of the machine. */
  readonly code: Uint8Array;
  /** The bytes of layout.constants, in that order. */
  readonly constants: readonly Uint8Array[];
}

/** An input or output as memory: write inputs there, read outputs from there. */
export interface Slot {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** A view of the arena; its contents last until another unit of the same model runs in this thread. */
  readonly data: TensorData;
}

/** Compiled code, loaded in this thread on the job's memory. */
export interface Unit {
  readonly layout: CodeLayout;
  readonly inputs: readonly Slot[];
  readonly outputs: readonly Slot[];
  /** Computes the outputs' data from the inputs'. @throws InvalidRun for what TensorFlow refuses too (a bad index). */
  run(): void;
  /** Gives its memory back: it must not run any more, nor its slots be used. What is not closed goes when it is collected. */
  close(): void;
}
