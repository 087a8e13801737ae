/** Prints kernels of the IR as WebAssembly and runs them: on one shared memory, or on one that ends where a test says. */
import * as ir from "../../../../framework/aot/kernel/expr.js";
import type {
  Block,
  Expr,
  Kernel,
  MemoryType,
  Program,
  Target,
} from "../../../../framework/aot/kernel/ir.js";
import { KernelBuilder } from "../../../../framework/aot/kernel/KernelBuilder.js";
import { instantiate } from "../../../../framework/aot/wasm/instantiate.js";
import { printWasm } from "../../../../framework/aot/wasm/printWasm.js";
import { memoryLimits, WebAssembly } from "../../../../framework/aot/wasm/WebAssembly.js";

export const target: Target = { name: "wasm", lanes: 4, hasFma: false, vectorRegisters: 16 };

const pageBytes = 65536;
const memory = new WebAssembly.Memory({ ...memoryLimits, initial: 16 });

export const arenaBlock = (name: string, place: number, sizeBytes = 64): Block => ({
  name,
  space: "arena",
  sizeBytes,
  place,
});

export type Constant = Program["constants"][number];
/** Number `place` of a program's constants. */
export const constantOf = (place: number, bytes: Uint8Array): Constant => ({
  block: { name: `c${place}`, space: "constant", sizeBytes: bytes.length, place },
  bytes,
});

export function programOf(main: Kernel, arenaBytes: number, constants: readonly Constant[] = []): Program {
  return { target, main, constants, arenaBytes };
}

export interface RunOptions {
  readonly constants?: readonly Constant[];
  /** Bytes between the end of the arena and the end of memory (default: many). */
  readonly bytesAfterArena?: number;
}

/** Runs the program on this arena, in place. */
export function run(program: Program, arena: Uint8Array, bytesAfterArena?: number): void {
  const code = printWasm(program);
  if (!WebAssembly.validate(code)) new WebAssembly.Module(code);
  const used =
    bytesAfterArena === undefined ? memory : new WebAssembly.Memory({ ...memoryLimits, initial: 2 });
  const at = bytesAfterArena === undefined ? pageBytes : 2 * pageBytes - bytesAfterArena - arena.length;
  const bytes = new Uint8Array(used.buffer);
  let next = at + arena.length + 64;
  const addresses = program.constants.map(({ bytes: constant }) => {
    bytes.set(constant, next);
    next += constant.length + 64;
    return next - constant.length - 64;
  });
  bytes.set(arena, at);
  const main = instantiate(code, used, addresses);
  try {
    main(at);
  } finally {
    arena.set(bytes.subarray(at, at + arena.length));
  }
}

/** Runs what `write` writes on an empty arena of 4 kB (or `arena`) and gives that. */
export function runMain(
  write: (kernel: KernelBuilder) => void,
  options: RunOptions & { arena?: Uint8Array } = {},
): DataView {
  const arena = options.arena ?? new Uint8Array(4096);
  const kernel = new KernelBuilder("main");
  write(kernel);
  run(programOf(kernel.build(), arena.length, options.constants), arena, options.bytesAfterArena);
  return new DataView(arena.buffer, arena.byteOffset, arena.length);
}

const arrays = {
  u8: Uint8Array,
  i8: Int8Array,
  u16: Uint16Array,
  i16: Int16Array,
  i32: Int32Array,
  i64: BigInt64Array,
  f32: Float32Array,
  f64: Float64Array,
  f32v: Float32Array,
  i32v: Int32Array,
};
type Numbers = readonly (number | bigint)[];
export interface Column {
  readonly memory: MemoryType;
  readonly values: Numbers;
}

/** compute(a[i], b[i], …) for all i, in a loop; four at once when the result is a vector. */
export function mapped(
  result: MemoryType,
  columns: readonly Column[],
  compute: (...values: Expr[]) => Expr,
): (number | bigint)[] {
  const count = columns[0]!.values.length;
  const columnBytes = 64 * Math.ceil((8 * (count + 4)) / 64);
  const arena = new Uint8Array(columnBytes * (columns.length + 1) + 64);
  const viewOf = (type: MemoryType, index: number) =>
    new arrays[type](arena.buffer, 64 + index * columnBytes, count);
  for (const [index, { memory: type, values }] of columns.entries())
    (viewOf(type, index) as unknown as { set(v: Numbers): void }).set(values);
  const blocks = [...columns, 0].map((_, index) =>
    arenaBlock(`column${index}`, 64 + index * columnBytes, columnBytes),
  );
  const sizeOf = (type: MemoryType) => arrays[type].BYTES_PER_ELEMENT;
  const lanes = result.endsWith("v") ? 4 : 1;
  const kernel = new KernelBuilder("map");
  kernel.for(0, count, lanes, (i) => {
    const values = columns.map(({ memory: type }, index) =>
      ir.load(type, blocks[index]!, ir.mul(i, ir.i32(sizeOf(type)))),
    );
    kernel.store(result, blocks.at(-1)!, ir.mul(i, ir.i32(sizeOf(result))), 0, compute(...values));
  });
  run(programOf(kernel.build(), arena.length), arena);
  return [...viewOf(result, columns.length)];
}
