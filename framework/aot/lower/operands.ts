/** What lowerings share: axes, shapes of broadcasts, constants. */
import { dtypeFromNumber } from "../../tensorflow/dtypes.js";
import type { NodeDef } from "../../tensorflow/GraphDef.js";
import type { TensorLike } from "../../tensorflow/Tensor.js";
import { constantElement } from "../tensor/element.js";
import type { Element } from "../tensor/ir.js";
import { type ElementType, isElementType, type View } from "../tensor/View.js";
import type { Trace } from "./Lowering.js";

/** An axis counted from 0; negative ones count from the end. @throws Unsupported when there is none */
export function axisOf(trace: Trace, axis: number | undefined, rank: number): number {
  const positive = axis !== undefined && axis < 0 ? axis + rank : axis;
  if (positive === undefined || !(positive >= 0 && positive < rank) || !Number.isInteger(positive))
    return trace.unsupported(`its axis ${axis} is not one of ${rank}; correct the graph`);
  return positive;
}

/** The single integer that an input is. @throws Unsupported when it is not known, or several */
export function integerOf(trace: Trace, view: View | undefined, what: string): number {
  const values = trace.integers(view, what);
  const [value] = values as [number];
  if (values.length !== 1 || !Number.isInteger(value))
    return trace.unsupported(`${what} is [${values}] instead of one whole number; correct the graph`);
  return value;
}

/** @throws Unsupported when the views are not all of one dtype */
export function checkSameDtype(trace: Trace, views: readonly View[]): void {
  const dtypes = new Set(views.map(({ dtype }) => dtype));
  if (dtypes.size > 1)
    trace.unsupported(`its operands are ${[...dtypes].join(" and ")}; cast all to one dtype`);
}

/** @throws Unsupported when the view is not of bools */
export function checkBool(trace: Trace, view: View): void {
  if (view.dtype !== "bool") trace.unsupported(`it is of ${view.dtype}; cast to bool before it`);
}

/** @throws Unsupported when the view is no position in a tensor */
export function checkInteger(trace: Trace, view: View): void {
  if (isFloat(view.dtype) || view.dtype === "bool")
    trace.unsupported(`its positions are ${view.dtype}; cast to int32 before it`);
}

/** The view repeated to a shape. @throws Unsupported when it does not fit */
export function broadcastTo(trace: Trace, view: View, shape: readonly number[]): View {
  const added = shape.length - view.rank;
  const fits = view.shape.every((size, axis) => size === 1 || size === shape[axis + added]);
  if (added < 0 || !fits || shape.some((size) => size < 0))
    return trace.unsupported(
      `[${view.shape}] cannot be broadcast to [${shape}]; correct the graph or the feeds`,
    );
  return view.broadcast(shape);
}

/** The shape that all of them are broadcast to. @throws Unsupported when they do not fit */
export function broadcastShape(trace: Trace, shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((shape) => shape[shape.length - rank + axis] ?? 1);
    const size = sizes.find((own) => own !== 1) ?? 1;
    if (sizes.every((own) => own === 1 || own === size)) return size;
    const shown = shapes.map((shape) => `[${shape}]`).join(" and ");
    return trace.unsupported(
      `the shapes ${shown} cannot be broadcast together; correct the graph or the feeds`,
    );
  });
}

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
  uint8: Uint8Array,
  int8: Int8Array,
  int16: Int16Array,
  uint16: Uint16Array,
} as const;

/** A constant tensor of numbers. */
export function constantOf(
  trace: Trace,
  dtype: ElementType,
  shape: readonly number[],
  values: readonly number[],
): View {
  const data = new arrays[dtype](values.length);
  for (const [i, value] of values.entries()) {
    if (data instanceof BigInt64Array) data[i] = BigInt(value);
    else data[i] = value;
  }
  return trace.newConstant(dtype, shape, data);
}

/** A tensor of one number everywhere; nothing is written. */
export function filledWith(trace: Trace, dtype: ElementType, shape: readonly number[], value: number): View {
  return constantOf(trace, dtype, [], [value]).broadcast(shape);
}

/** A number as an element of a dtype. */
export function numberElement(dtype: ElementType, value: number | bigint): Element {
  return constantElement(dtype, dtype === "int64" ? BigInt(value) : value);
}

/** The number that all elements of a constant are. */
export function uniformValue(constant: TensorLike | undefined): number | undefined {
  const first = constant && Number(constant.data[0]);
  if (!constant || first === undefined || Number.isNaN(first)) return undefined;
  const isUniform = (constant.data as ArrayLike<unknown> as readonly unknown[]).every(
    (value) => value === constant.data[0],
  );
  return isUniform ? first : undefined;
}

/** An attribute that is a dtype. @throws Unsupported when compiled code does not compute with it */
export function elementTypeAttr(
  trace: Trace,
  node: NodeDef,
  name: string,
  otherwise: ElementType,
): ElementType {
  const number = node.attrs[name]?.type;
  if (number === undefined) return otherwise;
  const dtype = dtypeFromNumber(number);
  if (dtype !== undefined && isElementType(dtype)) return dtype;
  return trace.unsupported(`${name} is ${dtype ?? `element type number ${number}`}; use float32 instead`);
}

export function isFloat(dtype: ElementType): boolean {
  return dtype === "float32" || dtype === "float64";
}

/** @throws Unsupported when the view is of no float type */
export function checkFloat(trace: Trace, view: View): void {
  if (!isFloat(view.dtype)) trace.unsupported(`it computes with ${view.dtype}; cast to float32 before it`);
}
