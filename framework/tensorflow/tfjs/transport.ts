/**
 * How each element type crosses the addon, bit for bit. It takes float32, int32, int64, uint8, bool and string in and
 * gives the same without uint8; every other type travels as one of these, with a node of the graph that turns it back
 * (Bitcast, which changes no bit, or a widening Cast).
 */
import { type DType, dtypeNumber, newData, type TensorData, viewData } from "../dtypes.js";
import type { NodeDef } from "../GraphDef.js";
import type { TensorLike } from "../Tensor.js";
import type { AddonArray } from "./addon.js";

type Carrier = "float32" | "int32" | "int64" | "uint8" | "bool" | "string";

/** In which type a fed tensor travels; two bytes an element travel as a last axis of length 2. */
const carriersIn: { readonly [D in DType]: Carrier } = {
  float32: "float32",
  int32: "int32",
  int64: "int64",
  uint8: "uint8",
  bool: "bool",
  string: "string",
  float64: "int64",
  uint64: "int64",
  uint32: "int32",
  int8: "uint8",
  int16: "uint8",
  uint16: "uint8",
  half: "uint8",
  bfloat16: "uint8",
};
const twoBytes: ReadonlySet<DType> = new Set<DType>(["int16", "uint16", "half", "bfloat16"]);

type Step = readonly [op: "Bitcast" | "Cast" | "StringJoin", to: DType];
const narrow: readonly Step[] = [["Cast", "int32"]];
const bits: readonly Step[] = [["Bitcast", "uint16"], ...narrow];

/** What a fetched tensor goes through on its way out. */
const stepsOut: { readonly [D in DType]: readonly Step[] } = {
  float32: [],
  int32: [],
  int64: [],
  bool: [],
  // The addon empties a fetched string tensor when it is deleted, even if it is a constant of the graph.
  string: [["StringJoin", "string"]],
  float64: [["Bitcast", "int64"]],
  uint64: [["Bitcast", "int64"]],
  uint32: [["Bitcast", "int32"]],
  uint8: narrow,
  int8: narrow,
  int16: narrow,
  uint16: narrow,
  half: bits,
  bfloat16: bits,
};

export function entersAsItself(dtype: DType): boolean {
  return carriersIn[dtype] === dtype;
}

export function leavesAsItself(dtype: DType): boolean {
  return stepsOut[dtype].length === 0;
}

/** The DataType number under which a fed tensor of this type is created. */
export function carrierNumber(dtype: DType): number {
  return dtypeNumber(carriersIn[dtype]);
}

export function carrierShape({ dtype, shape }: TensorLike): readonly number[] {
  return twoBytes.has(dtype) ? [...shape, 2] : shape;
}

/** A fed tensor's memory as the addon takes it: a window on the same bytes. */
export function carrierData({ dtype, data }: TensorLike): AddonArray {
  if (Array.isArray(data) || data instanceof Float32Array || data instanceof Int32Array) return data;
  // The addon takes int64 as pairs of int32.
  if (carriersIn[dtype] === "int64" || dtype === "uint32") {
    return new Int32Array(data.buffer, data.byteOffset, data.byteLength / 4);
  }
  if (data instanceof Uint8Array) return data;
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** What the addon gave for a fetched tensor, as elements of its own type. */
export function arrivedData(dtype: DType, given: AddonArray): TensorData {
  if (Array.isArray(given) || leavesAsItself(dtype)) return given;
  const [op] = stepsOut[dtype].at(-1) as Step;
  if (op === "Bitcast") return viewData(dtype as "float64", given.buffer, given.byteOffset, given.length);
  const narrowed = newData(dtype, given.length) as Uint8Array;
  narrowed.set(given as Int32Array);
  return narrowed;
}

/** Nodes that take `dtype` in under the name `entry`; the first one's output is the tensor. */
export function entryNodes(entry: string, value: string, dtype: DType): NodeDef[] {
  const carrier = carriersIn[dtype];
  return [
    { name: value, op: "Bitcast", inputs: [entry], attrs: { T: type(carrier), type: type(dtype) } },
    { name: entry, op: "Placeholder", inputs: [], attrs: { dtype: type(carrier), shape: { shape: null } } },
  ];
}

/** Nodes that bring `tensor` out; the one called `exit` is to be fetched. */
export function exitNodes(exit: string, tensor: string, dtype: DType): NodeDef[] {
  const steps = stepsOut[dtype];
  let from = { name: tensor, dtype };
  return steps.map(([op, to], i) => {
    const name = i === steps.length - 1 ? exit : `${exit}/${op}`;
    const types =
      op === "Bitcast" ? { T: type(from.dtype), type: type(to) } : { SrcT: type(from.dtype), DstT: type(to) };
    const inputs = op === "StringJoin" ? [from.name, emptyStringName] : [from.name];
    from = { name, dtype: to };
    return { name, op, inputs, attrs: op === "StringJoin" ? { N: { i: 2 } } : types };
  });
}

/** What string outputs are joined with: fed, because TensorFlow would fold a constant and give the same memory again. */
export const emptyString: TensorLike = { dtype: "string", shape: [], data: [new Uint8Array(0)] };
export const emptyStringName = "cmsrun/empty";

export function emptyStringNode(): NodeDef {
  return {
    name: emptyStringName,
    op: "Placeholder",
    inputs: [],
    attrs: { dtype: type("string"), shape: { shape: [] } },
  };
}

function type(dtype: DType): { type: number } {
  return { type: dtypeNumber(dtype) };
}
