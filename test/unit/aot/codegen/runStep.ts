/** Runs one step's code in the checked interpreter, or its slow twin, on given data. */
import type { CodegenContext } from "../../../../framework/aot/codegen/context.js";
import { generateMap } from "../../../../framework/aot/codegen/generateMap.js";
import { generateReduce } from "../../../../framework/aot/codegen/generateReduce.js";
import { generateSoftmax } from "../../../../framework/aot/codegen/generateSoftmax.js";
import { evaluateStep } from "../../../../framework/aot/codegen/slow.js";
import { interpret } from "../../../../framework/aot/kernel/interpreter/interpret.js";
import {
  type Block,
  blockAlignment,
  type Kernel,
  type Program,
  roundUp,
  statusBlock,
  type Target,
} from "../../../../framework/aot/kernel/ir.js";
import { KernelBuilder } from "../../../../framework/aot/kernel/KernelBuilder.js";
import { viewsOf } from "../../../../framework/aot/tensor/element.js";
import type { ComputeStep, Element } from "../../../../framework/aot/tensor/ir.js";
import type { LoopIndex, Storage } from "../../../../framework/aot/tensor/View.js";
import { elementMemory } from "../../../../framework/aot/codegen/context.js";
import { i32 } from "../../../../framework/aot/kernel/expr.js";
import { newData } from "../../../../framework/tensorflow/dtypes.js";

export type Numbers = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

export function targetOf(lanes: number, hasFma = false): Target {
  return { name: lanes === 4 ? "wasm" : "native", lanes, hasFma, vectorRegisters: lanes === 16 ? 32 : 16 };
}

export function storagesOf(step: ComputeStep): Storage[] {
  if (step.kind === "contract") throw new Error("contract has its own tests");
  const elements: Element[] = step.kind === "reduce" ? [step.value, step.epilogue] : [step.value];
  return [...new Set([step.out, ...elements.flatMap(viewsOf)].map(({ storage }) => storage))];
}

/** A program of one step, with a block for each storage; `loops` run at the given iterations. */
export function programOf(
  step: ComputeStep,
  target: Target,
  loops: ReadonlyMap<LoopIndex, number> = new Map(),
) {
  const status = statusBlock();
  let end = blockAlignment;
  const blocks = new Map<Storage, Block>();
  for (const storage of storagesOf(step)) {
    const sizeBytes = roundUp(Math.max(1, storage.count * elementMemory[storage.dtype].sizeBytes));
    blocks.set(storage, { name: storage.name, space: "arena", sizeBytes, place: end });
    end += sizeBytes;
  }
  const faults: string[] = [];
  const context: CodegenContext = {
    target,
    loops: [...loops.keys()],
    status,
    blockOf: (storage) => blocks.get(storage) as Block,
    fault: (message) => faults.push(message),
  };
  const kernel = generate(step, context);
  checkOffsets(kernel.body);
  const main = new KernelBuilder("main");
  main.call(kernel, [...loops.values()].map(i32));
  const program: Program = { target, main: main.build(), constants: [], arenaBytes: end };
  return { program, blocks, faults, kernel };
}

function generate(step: ComputeStep, context: CodegenContext): Kernel {
  if (step.kind === "map") return generateMap(step, context);
  if (step.kind === "reduce") return generateReduce(step, context);
  if (step.kind === "softmax") return generateSoftmax(step, context);
  throw new Error("contract has its own tests");
}

/** WebAssembly has no negative offsets. */
function checkOffsets(part: unknown): void {
  if (typeof part !== "object" || part === null) return;
  if ("offset" in part && (part.offset as number) < 0) throw new Error(`offset ${part.offset}`);
  for (const [name, inner] of Object.entries(part)) if (name !== "block") checkOffsets(inner);
}

export type Data = ReadonlyMap<Storage, Numbers>;
export interface Result {
  readonly out: Numbers;
  readonly fault: string | undefined;
}

/** By the generated code. */
export function runStep(
  step: ComputeStep,
  data: Data,
  target: Target,
  loops: ReadonlyMap<LoopIndex, number> = new Map(),
): Result {
  const { program, blocks, faults } = programOf(step, target, loops);
  const arena = new Uint8Array(new ArrayBuffer(program.arenaBytes)).fill(0xa5);
  arena.fill(0, 0, blockAlignment);
  const view = (storage: Storage) => {
    const { place } = blocks.get(storage) as Block;
    const { constructor: Numbers } = newData(storage.dtype, 0);
    const At = Numbers as new (buffer: ArrayBuffer, from: number, count: number) => Numbers;
    return new At(arena.buffer, place, storage.count);
  };
  for (const storage of blocks.keys()) view(storage).set(data.get(storage) as never);
  interpret(program, arena);
  const status = new Int32Array(arena.buffer, 0, 1)[0] as number;
  return { out: view(step.out.storage), fault: status === 0 ? undefined : faults[status - 1] };
}

/** By its definition. */
export function runSlowly(
  step: ComputeStep,
  data: Data,
  loops: ReadonlyMap<LoopIndex, number> = new Map(),
): Result {
  const out = (data.get(step.out.storage) as Numbers).slice();
  const met: string[] = [];
  evaluateStep(step, {
    dataOf: (storage) => (storage === step.out.storage ? out : (data.get(storage) as Numbers)),
    iterationOf: (index) => loops.get(index) as number,
    fault: (message) => met.push(message),
  });
  return { out, fault: met[0] };
}

/**
 * Where two results differ by more than `tolerance`, relative to the larger or to `unit`; all NaN are equal, and so are
 * zeros.
 */
export function differences(a: Numbers, b: Numbers, tolerance = 0, unit = 0): string[] {
  return [...a].flatMap((x, index) => {
    const y = b[index] as number | bigint;
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) return [];
    const scale = Math.max(Math.abs(Number(x)), Math.abs(Number(y)), unit);
    if (Math.abs(Number(x) - Number(y)) <= tolerance * scale) return [];
    return [`[${index}]: ${x}, not ${y}`];
  });
}
