/** The interpreter's memory: the arena and the constants, every access held against the bounds of its block. */
import { Exception } from "../../../base/errors.js";
import type { Block, MemoryType, Program } from "../ir.js";
import { blockAlignment } from "../ir.js";

/**
 * Which arena bytes may be read. "any": all. "written": those that a store (or the caller, a filled block) has written.
 * "own": those last written through the same block, or filled: finds blocks that a memory plan lets overlap too long.
 * Of a whole vector the lanes in the last blockAlignment bytes of its block may be padding, which nobody writes.
 */
export type ReadRule = "any" | "written" | "own";

export type ScalarMemory = Exclude<MemoryType, "f32v" | "i32v">;
export const memorySizes: Record<ScalarMemory, number> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  i32: 4,
  f32: 4,
  i64: 8,
  f64: 8,
};

/** Undefined for a vector. */
export function scalarOf(memory: MemoryType): ScalarMemory | undefined {
  return memory === "f32v" || memory === "i32v" ? undefined : memory;
}

const filledByCaller = -1;

/** @throws LogicError when the arena or a constant is shorter than the program says */
export class CheckedMemory {
  readonly #arena: DataView;
  readonly #constants: readonly DataView[];
  readonly #blocks = new Map<Block, number>();
  /** For each arena byte: 0, the number of the block it was written through, or filledByCaller. */
  readonly #writers: Int32Array | undefined;

  constructor(
    readonly program: Program,
    arena: Uint8Array,
    readonly rule: ReadRule = "any",
    filled: readonly Block[] = [],
  ) {
    if (arena.length < program.arenaBytes)
      throw new Exception("LogicError", `the arena has ${arena.length} bytes, not ${program.arenaBytes}.`);
    this.#arena = new DataView(arena.buffer, arena.byteOffset, program.arenaBytes);
    this.#constants = program.constants.map(({ block, bytes }) => {
      if (bytes.length !== block.sizeBytes)
        throw new Exception(
          "LogicError",
          `constant ${block.name}: ${bytes.length} bytes of ${block.sizeBytes}.`,
        );
      return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    });
    if (rule === "any") return;
    this.#writers = new Int32Array(program.arenaBytes).fill(filledByCaller, 0, blockAlignment);
    for (const { place, sizeBytes } of filled) this.#writers.fill(filledByCaller, place, place + sizeBytes);
  }

  /** Where byte `at` of the block lies, after checking that `sizeBytes` from there are inside. */
  locate(
    block: Block,
    at: number,
    sizeBytes: number,
    isStore: boolean,
  ): { view: DataView; position: number } {
    const wrong = (why: string) =>
      new Exception(
        "LogicError",
        `${isStore ? "store to" : "load from"} block ${block.name}: ${why} (bytes ${at} to ${at + sizeBytes} of ` +
          `${block.sizeBytes}, ${block.space} ${block.place})`,
      );
    if (!(at >= 0 && at + sizeBytes <= block.sizeBytes)) throw wrong("outside of the block");
    if (block.space === "constant") {
      const view = this.#constants[block.place];
      if (!view || this.program.constants[block.place]!.block !== block) throw wrong("no such constant");
      if (isStore) throw wrong("constants are not written");
      return { view, position: at };
    }
    const position = block.place + at;
    if (!(block.place >= 0 && position + sizeBytes <= this.#arena.byteLength))
      throw wrong(`outside of the arena of ${this.#arena.byteLength}`);
    return { view: this.#arena, position };
  }

  /** Notes a store that `locate` has allowed. */
  wrote(block: Block, position: number, sizeBytes: number): void {
    this.#writers?.fill(this.#numberOf(block), position, position + sizeBytes);
  }

  /** `isPadding`: these bytes may be, which are not the first of a vector without a count. */
  checkRead(block: Block, position: number, sizeBytes: number, isPadding: boolean): void {
    if (!this.#writers || block.space === "constant") return;
    const end = block.place + block.sizeBytes;
    if (isPadding && position + sizeBytes > end - blockAlignment) return;
    for (let byte = position; byte < position + sizeBytes; byte++) {
      const writer = this.#writers[byte]!;
      if (writer === filledByCaller) continue;
      const at = `byte ${byte - block.place} of block ${block.name}`;
      if (writer === 0) throw new Exception("LogicError", `${at} is read, but nobody has written it`);
      if (this.rule === "own" && writer !== this.#numberOf(block))
        throw new Exception(
          "LogicError",
          `${at} is read, but was last written through ${this.#nameOf(writer)}`,
        );
    }
  }

  #numberOf(block: Block): number {
    const known = this.#blocks.get(block) ?? this.#blocks.size + 1;
    this.#blocks.set(block, known);
    return known;
  }

  #nameOf(number: number): string {
    return [...this.#blocks].find(([, of]) => of === number)?.[0].name ?? "?";
  }
}

/** One scalar of memory; the narrow integers as i32. */
export function readScalar(view: DataView, position: number, memory: ScalarMemory): number | bigint {
  switch (memory) {
    case "u8":
      return view.getUint8(position);
    case "i8":
      return view.getInt8(position);
    case "u16":
      return view.getUint16(position, true);
    case "i16":
      return view.getInt16(position, true);
    case "i32":
      return view.getInt32(position, true);
    case "f32":
      return view.getFloat32(position, true);
    case "i64":
      return view.getBigInt64(position, true);
    case "f64":
      return view.getFloat64(position, true);
  }
}

/** Narrow integers are the value's low bits. */
export function writeScalar(
  view: DataView,
  position: number,
  memory: ScalarMemory,
  value: number | bigint,
): void {
  if (memory === "i64") view.setBigInt64(position, value as bigint, true);
  else if (memory === "f64") view.setFloat64(position, value as number, true);
  else if (memory === "f32") view.setFloat32(position, value as number, true);
  else if (memory === "i32") view.setInt32(position, value as number, true);
  else if (memorySizes[memory] === 2) view.setInt16(position, value as number, true);
  else view.setInt8(position, value as number);
}
