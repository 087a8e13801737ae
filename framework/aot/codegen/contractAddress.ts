/** Where the operands of a sum's products lie: moved along the k axes by constants, or by the indices of loops. */
import { add, i32, load, mul } from "../kernel/expr.js";
import type { Block, Expr, MemoryType } from "../kernel/ir.js";
import type { KernelBuilder } from "../kernel/KernelBuilder.js";
import type { Address } from "./Position.js";

/** Both operands at one place of k. */
export interface Places {
  readonly left: Address;
  readonly right: Address;
}

/** `bytes` further; the offset may become negative until it is used. */
export function moved({ index, offset }: Address, bytes: number): Address {
  return { index, offset: offset + bytes };
}

/** Along an axis by a loop's index; `isHeld`: computed once, in a local of its own. */
export function movedBy(
  k: KernelBuilder,
  address: Address,
  index: Expr,
  stride: number,
  isHeld: boolean,
): Address {
  if (stride === 0) return address;
  // Going backwards, an index must not fall below 0: it takes the offset along.
  const start = stride < 0 ? add(address.index, i32(address.offset)) : address.index;
  const next = add(start, mul(index, i32(stride)));
  return { index: isHeld ? k.let(next, "at") : next, offset: stride < 0 ? 0 : address.offset };
}

export function loadAt(memory: MemoryType, block: Block, { index, offset }: Address, count?: number): Expr {
  if (offset >= 0) return load(memory, block, index, offset, count);
  return load(memory, block, add(index, i32(offset)), 0, count);
}
