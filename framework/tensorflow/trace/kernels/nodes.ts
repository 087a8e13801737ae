/** What every lowering writes nodes with: attributes, small constants, casts. */
import { Exception } from "../../../base/errors.js";
import { type DType, dtypeNumber } from "../../dtypes.js";
import type { AttrValue } from "../../GraphDef.js";
import { Tensor } from "../../Tensor.js";
import type { Recorder, Traced } from "../Recorder.js";

export type Inputs = Readonly<Record<string, Traced>>;
export type Attrs = Readonly<Record<string, unknown>>;

/** An input that tfjs always gives. @throws LogicError where it does not */
export function input(inputs: Inputs, name: string): Traced {
  const traced = inputs[name];
  if (traced === undefined) throw new Exception("LogicError", `a kernel of tfjs came without its '${name}'.`);
  return traced;
}

/** The inputs of a kernel that takes a list of tensors, in its order. */
export function listOf(inputs: Inputs): Traced[] {
  return Object.values(inputs);
}

/** What a kernel cannot become, and what to write instead. */
export function refusal(kernel: string, why: string): Exception {
  return new Exception("UnimplementedFeature", `${kernel} cannot be traced into a TensorFlow graph: ${why}.`);
}

export function typeAttr(dtype: DType): AttrValue {
  return { type: dtypeNumber(dtype) };
}

/** The attribute T of a node that has the element type of `x`. */
export function typeOf(x: Traced): { readonly T: AttrValue } {
  return { T: typeAttr(x.value.dtype) };
}

export const int32 = typeAttr("int32");

export function intsAttr(i: readonly number[]): AttrValue {
  return { list: { s: [], i, f: [], b: [], type: [], shape: [], func: [] } };
}

/** A node with one output. */
export function node(
  recorder: Recorder,
  op: string,
  inputs: readonly Traced[],
  attrs: Readonly<Record<string, AttrValue>>,
): Traced {
  return recorder.node(op, inputs, attrs)[0] as Traced;
}

/** A node whose element type is that of its first input, with no other attributes. */
export function typed(recorder: Recorder, op: string, ...inputs: readonly [Traced, ...Traced[]]): Traced {
  return node(recorder, op, inputs, typeOf(inputs[0]));
}

export function scalar(recorder: Recorder, dtype: DType, value: number, name?: string): Traced {
  return recorder.constant(new Tensor(dtype, [], [value]), name);
}

/** Whole numbers as an int32 constant: a vector, or of another shape. */
export function ints(
  recorder: Recorder,
  values: readonly number[],
  name?: string,
  shape: readonly number[] = [values.length],
): Traced {
  return recorder.constant(new Tensor("int32", shape, [...values]), name);
}

/**
 * `x` as another element type; floats lose what follows the point. NaN and what int32 does not reach have no agreed value:
 * tfjs keeps the low bits, TensorFlow the least int32.
 */
export function cast(recorder: Recorder, x: Traced, dtype: DType): Traced {
  if (x.value.dtype === dtype) return x;
  const attrs = { SrcT: typeAttr(x.value.dtype), DstT: typeAttr(dtype), Truncate: { b: false } };
  return node(recorder, "Cast", [x], attrs);
}

export function expandDims(recorder: Recorder, x: Traced, axis: number): Traced {
  return node(recorder, "ExpandDims", [x, scalar(recorder, "int32", axis, "ExpandDims/dim")], {
    ...typeOf(x),
    Tdim: int32,
  });
}

export function transpose(recorder: Recorder, x: Traced, order: readonly number[]): Traced {
  return node(recorder, "Transpose", [x, ints(recorder, order, "transpose/perm")], {
    ...typeOf(x),
    Tperm: int32,
  });
}

/** The axes that tfjs means: one, several, or all where it names none; counted from 0. */
export function axesOf(axis: unknown, rank: number): number[] {
  const given = axis === undefined || axis === null ? Array.from({ length: rank }, (_, i) => i) : axis;
  const list: readonly number[] = Array.isArray(given) ? given : [given as number];
  return list.map((a) => (a < 0 ? a + rank : a));
}

export function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

export function product(sizes: readonly number[]): number {
  return sizes.reduce((result, size) => result * size, 1);
}
