/**
 * The code of one WebAssembly function while it is printed: its instructions and its locals. Parameter 0 is the arena's
 * address; the address of each constant block is read into a local at the start.
 */
import { Exception } from "../../base/errors.js";
import { add, i32 } from "../kernel/expr.js";
import { type Block, blockAlignment, type Expr, type Kernel, type Local, type Type } from "../kernel/ir.js";
import { ByteWriter } from "./ByteWriter.js";
import { constantOpcode, opcode, valueTypes } from "./opcodes.js";

/** `base` + `offset` bytes, the latter inside the instruction. */
export interface Address {
  readonly base: Expr;
  readonly offset: number;
}

/** What the printers write to. */
export class FunctionCode {
  readonly writer = new ByteWriter();
  readonly arena: Local = { kind: "local", type: "i32", name: "(arena)" };
  readonly #prologue = new ByteWriter();
  readonly #kernel: Kernel;
  readonly #constants = new Map<number, Local>();
  readonly #locals = new Map<Local, number>();
  readonly #byName = new Map<string, Local>();
  readonly #scratch = new Map<number, Local[]>();
  #scratchCount = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    for (const local of [this.arena, ...kernel.params]) this.#indexOf(local);
  }

  /** An instruction with its immediates: an index, a lane, a memory access's alignment and offset. */
  op(code: number, ...immediates: readonly number[]): void {
    if (code > 0xff) this.writer.u8(code >> 8);
    if (code > 0xff) this.writer.u32(code & 0xff);
    else this.writer.u8(code);
    for (const immediate of immediates) this.writer.u32(immediate);
  }

  constant(value: number): void {
    this.op(constantOpcode("i32"));
    this.writer.s32(value);
  }

  get(local: Local): void {
    this.op(opcode.localGet, this.#indexOf(local));
  }

  set(local: Local): void {
    this.op(opcode.localSet, this.#indexOf(local));
  }

  tee(local: Local): void {
    this.op(opcode.localTee, this.#indexOf(local));
  }

  /** A local that `use` alone writes to, free again after it. */
  withScratch(type: Type, use: (scratch: Local) => void): void {
    const free = this.#scratch.get(valueTypes[type]) ?? [];
    this.#scratch.set(valueTypes[type], free);
    const local = free.pop() ?? { kind: "local", type, name: `(scratch ${this.#scratchCount++})` };
    use(local);
    free.push(local);
  }

  /**
   * Where an access goes. Constant parts of the index move into the instruction; the rest may be negative as long as
   * the base with it is not (it wraps at 2³² before the offset is added).
   */
  addressOf(block: Block, index: Expr, offset: number): Address {
    const { rest, known } = splitSum(index);
    const start = block.space === "arena" ? block.place : 0;
    const total = start + offset + known;
    const from = block.space === "arena" ? this.arena : this.#constantAddress(block.place);
    const base = rest ? add(from, rest) : from;
    if (total < 0) return { base: add(base, i32(total)), offset: 0 };
    if (total < 2 ** 32 - blockAlignment) return { base, offset: total };
    throw new Exception("LogicError", `kernel IR: '${block.name}' + ${offset} is beyond 4 GiB.`);
  }

  /** The function as the code section has it. */
  body(): Uint8Array {
    const result = new ByteWriter();
    const types = [...this.#locals.keys()].slice(1 + this.#kernel.params.length).map((local) => local.type);
    const runs = runsOf(types.map((type) => valueTypes[type]));
    result.u32(runs.length);
    for (const { value, count } of runs) {
      result.u32(count);
      result.u8(value);
    }
    result.append(this.#prologue.bytes());
    result.append(this.writer.bytes());
    result.u8(opcode.end);
    return result.bytes();
  }

  /** Read once: V8 does not know that a global it loads in a loop is the same again. */
  #constantAddress(index: number): Local {
    const known = this.#constants.get(index);
    if (known) return known;
    const local: Local = { kind: "local", type: "i32", name: `(constant ${index})` };
    this.#constants.set(index, local);
    this.#prologue.u8(opcode.globalGet);
    this.#prologue.u32(index);
    this.#prologue.u8(opcode.localSet);
    this.#prologue.u32(this.#indexOf(local));
    return local;
  }

  #indexOf(local: Local): number {
    const known = this.#locals.get(local);
    if (known !== undefined) return known;
    if (this.#byName.has(local.name))
      throw new Exception("LogicError", `kernel '${this.#kernel.name}': two locals '${local.name}'.`);
    this.#byName.set(local.name, local);
    this.#locals.set(local, this.#locals.size);
    return this.#locals.size - 1;
  }
}

/** An index without the constant that is added to it. */
function splitSum(index: Expr): { rest: Expr | undefined; known: number } {
  if (index.kind === "constant") return { rest: undefined, known: Number(index.value) };
  if (index.kind === "binary" && index.op === "add") {
    const { left, right } = index;
    if (right.kind === "constant") return { rest: left, known: Number(right.value) };
    if (left.kind === "constant") return { rest: right, known: Number(left.value) };
  }
  return { rest: index, known: 0 };
}

function runsOf(values: readonly number[]): { value: number; count: number }[] {
  const runs: { value: number; count: number }[] = [];
  for (const value of values) {
    const last = runs.at(-1);
    if (last?.value === value) last.count++;
    else runs.push({ value, count: 1 });
  }
  return runs;
}
