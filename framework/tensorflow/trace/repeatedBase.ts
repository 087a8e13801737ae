/** What a constant repeats whose shape is another one in each recording: one element, a row, a picture. */
import { bytesPerElement, newData, type NumberArray } from "../dtypes.js";
import { elementCount, type TensorLike } from "../Tensor.js";

/** The tensor, of size 1 where the shapes differ, that all of `values` repeat; undefined where they do not. */
export function repeatedBase(values: readonly TensorLike[]): TensorLike | undefined {
  const [first] = values as [TensorLike];
  const isNumeric = bytesPerElement(first.dtype) > 0;
  if (!isNumeric || values.some(({ data }) => data.length === 0)) return undefined;
  const shape = first.shape.map((size, axis) => (values.every((v) => v.shape[axis] === size) ? size : 1));
  const base = { dtype: first.dtype, shape, data: newData(first.dtype, elementCount(shape)) };
  const filled = base.data as NumberArray;
  for (let i = 0; i < first.data.length; i++) {
    const place = placeOf(i, first.shape, shape);
    // The first element of each place; the others are compared with it.
    if (place.isFirst) filled[place.index] = first.data[i] as number;
  }
  const repeats = ({ shape: own, data }: TensorLike) =>
    (data as NumberArray).every((value, i) => Object.is(value, filled[placeOf(i, own, shape).index]));
  return values.every(repeats) ? base : undefined;
}

/** Whether a list counts from 0. */
export function countsUp({ shape, data, dtype }: TensorLike): boolean {
  const isCount = dtype === "int32" || dtype === "float32";
  return isCount && shape.length === 1 && (data as NumberArray).every((value, i) => value === i);
}

/** Where element `i` of a tensor comes from in a base of the same rank. */
function placeOf(
  i: number,
  shape: readonly number[],
  base: readonly number[],
): { readonly index: number; readonly isFirst: boolean } {
  let rest = i;
  let index = 0;
  let stride = 1;
  let isFirst = true;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] as number;
    const at = rest % size;
    rest = (rest - at) / size;
    const own = base[axis] as number;
    if (own === size) index += at * stride;
    else if (at > 0) isFirst = false;
    stride *= own;
  }
  return { index, isFirst };
}
