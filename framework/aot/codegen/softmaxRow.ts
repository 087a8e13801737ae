/** What the code of short and of long softmax rows has in common. */
import { binary } from "../kernel/expr.js";
import type { Expr } from "../kernel/ir.js";
import type { Element } from "../tensor/ir.js";
import type { View } from "../tensor/View.js";
import type { Scope } from "./loopNest.js";
import type { VectorForm } from "./VectorForm.js";

/** What the code of a row works with. */
export interface SoftmaxRow {
  readonly form: VectorForm;
  /** Of one row; its last axis is the row. */
  readonly out: View;
  readonly value: Element;
  readonly isLog: boolean;
  readonly axis: number;
  readonly length: number;
}

/** Pair by pair; the same order whatever the values are. */
export function tree({ k }: Scope, op: "max" | "add", values: readonly Expr[]): Expr {
  let left = [...values];
  while (left.length > 1) {
    const half = Math.ceil(left.length / 2);
    left = left.slice(0, half).map((value, index) => {
      const other = left[index + half];
      return other ? k.let(binary(op, value, other)) : value;
    });
  }
  return left[0] as Expr;
}
