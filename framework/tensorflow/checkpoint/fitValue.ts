/** Whether a stored value is one for a variable, and what makes it one: another shape, a wider type. */
import { type DType, dtypeFromNumber, dtypeNumber } from "../dtypes.js";
import type { NodeDef, PartialShape } from "../GraphDef.js";
import { evaluateNode } from "../reference/evaluateNode.js";
import { Tensor, type TensorLike } from "../Tensor.js";

/** What a graph says of a variable. */
export interface Declared {
  /** Undefined for a type that holds no data here. */
  readonly dtype: DType | undefined;
  readonly shape: PartialShape;
}

/** Types that hold every value of another type. */
const wider: Partial<Readonly<Record<DType, readonly DType[]>>> = {
  float32: ["float64"],
  half: ["float32", "float64"],
  bfloat16: ["float32", "float64"],
  int8: ["int16", "int32", "int64"],
  int16: ["int32", "int64"],
  int32: ["int64"],
  uint8: ["uint16", "uint32", "uint64", "int16", "int32", "int64"],
  uint16: ["uint32", "uint64", "int32", "int64"],
  uint32: ["uint64", "int64"],
};

export function declaredOf({ attrs }: NodeDef): Declared {
  return { dtype: dtypeFromNumber(attrs.dtype?.type ?? 0), shape: attrs.shape?.shape ?? null };
}

export function isShape(declared: PartialShape, shape: readonly number[]): boolean {
  if (declared === null) return true;
  return declared.length === shape.length && declared.every((size, axis) => size < 0 || size === shape[axis]);
}

/** The shape that a value gets: its own, or the declared one where it has as many elements; undefined where neither fits. */
export function relaxedShape(declared: PartialShape, shape: readonly number[]): PartialShape | undefined {
  if (isShape(declared, shape)) return shape;
  const count = (sizes: readonly number[]) => sizes.reduce((product, size) => product * size, 1);
  const isKnown = declared?.every((size) => size >= 0);
  return declared && isKnown && count(declared) === count(shape) ? declared : undefined;
}

/** Whether no value changes where the type does. */
export function isLossless(from: DType, to: DType): boolean {
  return from === to || (wider[from]?.includes(to) ?? false);
}

/** The value in another shape of as many elements and a type that isLossless. */
export function converted(value: TensorLike, dtype: DType, shape: readonly number[]): Tensor {
  const attrs = { SrcT: { type: dtypeNumber(value.dtype) }, DstT: { type: dtypeNumber(dtype) } };
  const [cast] =
    value.dtype === dtype
      ? [value]
      : evaluateNode({ name: "upcast", op: "Cast", inputs: [], attrs }, [value]);
  return new Tensor(dtype, shape, (cast as TensorLike).data as Float32Array);
}
