/** Rows of tensors, copied from one to another along any dimension: what puts batches together and takes them apart. */
import type { TensorData } from "../../tensorflow/dtypes.js";
import type { TensorLike } from "../../tensorflow/Tensor.js";

/** A stretch of rows of a tensor. */
export interface Rows {
  readonly data: TensorData;
  /** Rows that the whole tensor has. */
  readonly rowCount: number;
  readonly from: number;
}

/** How a tensor's elements lie about one dimension. */
export interface RowLayout {
  /** Elements of one row that lie together. */
  readonly inner: number;
  /** How many such stretches make a row: 1 when the rows are the first dimension. */
  readonly outer: number;
}

export function layoutOf(shape: readonly number[], dimension: number): RowLayout {
  let [outer, inner] = [1, 1];
  for (let axis = 0; axis < dimension; axis++) outer *= shape[axis] as number;
  for (let axis = dimension + 1; axis < shape.length; axis++) inner *= shape[axis] as number;
  return { outer, inner };
}

/** Up to this many elements a loop is faster than TypedArray.set with its view. */
const shortCopy = 32;

/** Copies `count` rows between tensors of one dtype that differ in their number of rows only. */
export function copyRows(from: Rows, to: Rows, count: number, { outer, inner }: RowLayout): void {
  const length = count * inner;
  for (let o = 0; o < outer; o++) {
    const source = (o * from.rowCount + from.from) * inner;
    const target = (o * to.rowCount + to.from) * inner;
    copyElements(from.data, source, to.data, target, length);
  }
}

function copyElements(
  from: TensorData,
  source: number,
  to: TensorData,
  target: number,
  length: number,
): void {
  if (from instanceof Float32Array && to instanceof Float32Array && length <= shortCopy) {
    for (let i = 0; i < length; i++) to[target + i] = from[source + i] as number;
  } else if (Array.isArray(from)) {
    for (let i = 0; i < length; i++) (to as Uint8Array[])[target + i] = from[source + i] as Uint8Array;
  } else {
    const part = source === 0 && length === from.length ? from : from.subarray(source, source + length);
    (to as Float32Array).set(part as Float32Array, target);
  }
}

/** Some rows of a tensor: a view on it where they lie together, otherwise a copy. */
export function rowsOf(tensor: TensorLike, dimension: number, from: number, count: number): TensorLike {
  const { dtype, shape, data } = tensor;
  const itsShape = shape.map((size, axis) => (axis === dimension ? count : size));
  const layout = layoutOf(shape, dimension);
  const { inner, outer } = layout;
  if (outer === 1 && !Array.isArray(data))
    return { dtype, shape: itsShape, data: data.subarray(from * inner, (from + count) * inner) };
  const copy = sameKind(data, outer * count * inner);
  const rowCount = shape[dimension] as number;
  copyRows({ data, rowCount, from }, { data: copy, rowCount: count, from: 0 }, count, layout);
  return { dtype, shape: itsShape, data: copy };
}

/** An array of the kind of another. */
export function sameKind(data: TensorData, length: number): TensorData {
  if (Array.isArray(data)) return new Array(length) as Uint8Array[];
  return new (data.constructor as new (length: number) => Exclude<TensorData, Uint8Array[]>)(length);
}
