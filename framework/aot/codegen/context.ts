/** What code generators of steps have in common: target, where storages lie, the loops around a step, its faults. */
import type { Block, Kernel, Target } from "../kernel/ir.js";
import type { ComputeStep } from "../tensor/ir.js";
import type { ElementType, LoopIndex, Storage } from "../tensor/View.js";
import type { MemoryType, Type } from "../kernel/ir.js";

export interface CodegenContext {
  readonly target: Target;
  /** The loops around the step, outermost first: the kernel's parameters, in this order. */
  readonly loops: readonly LoopIndex[];
  /** Where the run's status lies: i32 at byte 0. */
  readonly status: Block;
  blockOf(storage: Storage): Block;
  /** The status that stands for a message; what a kernel stores when it happens. */
  fault(message: string): number;
}

/** A step's code: a kernel with one i32 parameter for each loop around it. */
export type Generate<S extends ComputeStep> = (step: S, context: CodegenContext) => Kernel;

/** How elements lie in memory, and as what they are computed; bool is 0 or 1. */
export const elementMemory: Readonly<
  Record<ElementType, { memory: MemoryType; type: Type; sizeBytes: number }>
> = {
  float32: { memory: "f32", type: "f32", sizeBytes: 4 },
  float64: { memory: "f64", type: "f64", sizeBytes: 8 },
  int32: { memory: "i32", type: "i32", sizeBytes: 4 },
  int64: { memory: "i64", type: "i64", sizeBytes: 8 },
  bool: { memory: "u8", type: "i32", sizeBytes: 1 },
  uint8: { memory: "u8", type: "i32", sizeBytes: 1 },
  int8: { memory: "i8", type: "i32", sizeBytes: 1 },
  int16: { memory: "i16", type: "i32", sizeBytes: 2 },
  uint16: { memory: "u16", type: "i32", sizeBytes: 2 },
};
