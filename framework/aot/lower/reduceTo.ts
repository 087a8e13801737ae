/** Adds reduce and contract steps; where there is nothing to reduce or to contract, the map that is left of them. */
import { accumulator, call, read } from "../tensor/element.js";
import type { Element, ReduceOp } from "../tensor/ir.js";
import { type ElementType, sizeOf, View } from "../tensor/View.js";
import type { Trace } from "./Lowering.js";
import { checkSameDtype, isFloat, numberElement } from "./operands.js";

export type SimpleReduceOp = Exclude<ReduceOp, "argMax" | "argMin">;

const lowest: Readonly<Record<ElementType, number | bigint>> = {
  float32: Number.NEGATIVE_INFINITY,
  float64: Number.NEGATIVE_INFINITY,
  int32: -(2 ** 31),
  int64: -(2n ** 63n),
  bool: 0,
  uint8: 0,
  int8: -128,
  int16: -32768,
  uint16: 0,
};
const highest: Readonly<Record<ElementType, number | bigint>> = {
  float32: Number.POSITIVE_INFINITY,
  float64: Number.POSITIVE_INFINITY,
  int32: 2 ** 31 - 1,
  int64: 2n ** 63n - 1n,
  bool: 1,
  uint8: 255,
  int8: 127,
  int16: 32767,
  uint16: 65535,
};

/** What a reduction of nothing gives; what a margin is filled with so that it does not count. */
export function neutral(op: SimpleReduceOp, dtype: ElementType): Element {
  const values = {
    sum: 0,
    prod: 1,
    max: lowest[dtype],
    maxNumber: lowest[dtype],
    min: highest[dtype],
    all: 1,
    any: 0,
  };
  return numberElement(dtype, values[op]);
}

/** A new tensor of a reduction. `value` is of the index space shape followed by inner. */
export function reduceTo(
  trace: Trace,
  op: SimpleReduceOp,
  shape: readonly number[],
  inner: readonly number[],
  value: Element,
  epilogue: (result: Element) => Element = (result) => result,
): View {
  const out = View.of(trace.newStorage(value.dtype, sizeOf(shape)), shape);
  reduceInto(trace, op, out, inner, value, epilogue);
  return out;
}

/** As reduceTo, to a part of a tensor. */
export function reduceInto(
  trace: Trace,
  op: SimpleReduceOp,
  out: View,
  inner: readonly number[],
  value: Element,
  epilogue: (result: Element) => Element = (result) => result,
): void {
  if (out.count === 0) return;
  if (sizeOf(inner) === 0) {
    trace.mapInto(out, epilogue(neutral(op, value.dtype)));
    return;
  }
  const origin = trace.node.name;
  trace.add({ kind: "reduce", origin, out, op, inner, value, epilogue: epilogue(accumulator(value.dtype)) });
}

/** out[m…, n] = Σ over k of left[m…, k…] · right[m…, k…, n]; of integers as a reduction. */
export function contractInto(trace: Trace, out: View, left: View, right: View): void {
  checkSameDtype(trace, [left, right]);
  if (left.dtype === "bool") trace.unsupported("it computes with bool; cast to float32 before it");
  const rank = out.rank - 1;
  const inner = left.shape.slice(rank);
  if (isFloat(left.dtype) && left.count > 0 && out.count > 0) {
    const origin = trace.node.name;
    trace.add({ kind: "contract", origin, out, left, right, epilogue: accumulator(out.dtype) });
    return;
  }
  const columns = out.shape[rank] as number;
  const space = [...out.shape, ...inner];
  const axes = right.shape.map((_, axis) => axis);
  const byColumn = right.permute([...axes.slice(0, rank), right.rank - 1, ...axes.slice(rank, -1)]);
  const repeated = left.insertAxis(rank).broadcast([...out.shape.slice(0, rank), columns, ...inner]);
  reduceInto(trace, "sum", out, inner, call("mul", read(repeated), read(byColumn, space)));
}
