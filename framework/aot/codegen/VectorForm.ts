/** One code for both widths: whole vectors along an axis, or (as vectors of one) single elements. */
import { across, isVector, splat } from "../kernel/expr.js";
import type { AcrossOp, Expr } from "../kernel/ir.js";
import type { Element } from "../tensor/ir.js";
import type { View } from "../tensor/View.js";
import { elementMemory } from "./context.js";
import type { Scope } from "./loopNest.js";

export class VectorForm {
  /** Elements of a vector. */
  readonly lanes: number;

  constructor(
    readonly isVector: boolean,
    targetLanes: number,
  ) {
    this.lanes = isVector ? targetLanes : 1;
  }

  /** `count` neighbours of the element from the scope's position on. */
  emit({ k, emitter }: Scope, element: Element, count = this.lanes): Expr {
    return k.let(this.isVector ? emitter.emitVector(element, count) : emitter.emit(element));
  }

  /** The first `count` lanes, of a float or an int32. */
  store({ k, context, position }: Scope, out: View, value: Expr, count = this.lanes): void {
    const { index, offset } = position.address(out);
    const { memory } = elementMemory[out.dtype];
    const width = this.isVector ? (memory === "f32" ? "f32v" : "i32v") : memory;
    const partial = this.isVector && count < this.lanes ? count : undefined;
    k.store(width, context.blockOf(out.storage), index, offset, value, partial);
  }

  /** A scalar, in every lane. */
  splat({ k }: Scope, value: Expr): Expr {
    return this.isVector ? k.let(splat(value)) : value;
  }

  /** The first `count` lanes of floats joined in one scalar. */
  across({ k }: Scope, op: AcrossOp, value: Expr, count = this.lanes): Expr {
    if (!isVector(value.type)) return value;
    return k.let(across(op, value, count < this.lanes ? count : undefined));
  }
}
