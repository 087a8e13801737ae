/** What the reductions by lanes and by tiles have in common: taking in a value, writing an output. */
import { i32 } from "../kernel/expr.js";
import type { Expr, Type } from "../kernel/ir.js";
import type { Element, ReduceOp, ReduceStep } from "../tensor/ir.js";
import { elementMemory } from "./context.js";
import { splatOf, wrap } from "./emitCast.js";
import type { Scope } from "./loopNest.js";
import { foldProduct, isArg, only, type PartialResult, startOf, take } from "./reduceOps.js";

/** With the step's value at this place; products are fused. `count`: lanes, undefined for a scalar. */
export function takeIn(
  step: ReduceStep,
  scope: Scope,
  partial: PartialResult | undefined,
  count: number | undefined,
): PartialResult {
  const { op, value, inner, out } = step;
  const { k, emitter, position } = scope;
  const emit = (part: Element) =>
    k.let(count === undefined ? emitter.emit(part) : emitter.emitVector(part, count));
  const isProduct = op === "sum" && value.kind === "call" && value.name === "mul" && value.dtype !== "bool";
  if (!partial && (isProduct || !hasStart(op))) return only(k, op, emit(value));
  const before = partial ?? startOf(op, value.dtype, valueType(step, count));
  if (isArg(op)) {
    const place = inner.length > 0 ? position.coordinate(out.rank) : i32(0);
    const here = count === undefined ? place : splatOf(place, "int32");
    return take(k, op, before, emit(value), here);
  }
  if (isProduct) {
    const [a, b] = value.args.map(emit) as [Expr, Expr];
    return { value: k.let(foldProduct(before.value, a, b)), further: undefined };
  }
  return take(k, op, before, emit(value));
}

/** Where the first element alone would give another result than it after the start: 0 + −0, a NaN passed over. */
function hasStart(op: ReduceOp): boolean {
  return op === "sum" || op === "maxNumber" || isArg(op);
}

/** In which type values are reduced. */
export function valueType({ value }: ReduceStep, count: number | undefined): Type {
  const { type } = elementMemory[value.dtype];
  return count === undefined ? type : type === "f32" ? "f32v" : "i32v";
}

/** Stores the epilogue of an accumulator; `count` as above. */
export function storeOutput(
  { out, op, value, epilogue }: ReduceStep,
  { k, context, emitter, position }: Scope,
  result: Expr,
  count?: number,
): void {
  const accumulator = isArg(op) || count !== undefined ? result : k.let(wrap(result, value.dtype));
  const at = emitter.at(position, accumulator);
  const { index, offset } = position.address(out);
  const block = context.blockOf(out.storage);
  if (count === undefined) {
    k.store(elementMemory[out.dtype].memory, block, index, offset, at.emit(epilogue));
    return;
  }
  const memory = out.dtype === "float32" ? "f32v" : "i32v";
  const isAll = count === context.target.lanes;
  k.store(memory, block, index, offset, at.emitVector(epilogue, count), isAll ? undefined : count);
}
