/** Moves blocks of elements: what slicing, joining, padding, tiling and transposing have in common. */
// biome-ignore-all lint/style/noNonNullAssertion: callers give strides for every axis of `extents`
import type { NumberArray, TensorData } from "../dtypes.js";

/** Row-major strides in elements, written into a reused array. */
export function stridesOf(shape: readonly number[], into: number[]): number[] {
  into.length = shape.length;
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    into[axis] = stride;
    stride *= shape[axis]!;
  }
  return into;
}

/** Copies a block of `extents` between two places, each with its offset and strides (in elements, any sign). */
export function copyStrided(
  from: TensorData,
  fromOffset: number,
  fromStrides: readonly number[],
  to: TensorData,
  toOffset: number,
  toStrides: readonly number[],
  extents: readonly number[],
): void {
  copyAxis(from as NumberArray, fromOffset, fromStrides, to as NumberArray, toOffset, toStrides, extents, 0);
}

function copyAxis(
  from: NumberArray,
  fromAt: number,
  fromStrides: readonly number[],
  to: NumberArray,
  toAt: number,
  toStrides: readonly number[],
  extents: readonly number[],
  axis: number,
): void {
  if (axis >= extents.length) {
    to[toAt] = from[fromAt]!;
    return;
  }
  const count = extents[axis]!;
  const fromStep = fromStrides[axis]!;
  const toStep = toStrides[axis]!;
  if (axis === extents.length - 1) {
    for (let i = 0, f = fromAt, t = toAt; i < count; i++, f += fromStep, t += toStep) to[t] = from[f]!;
    return;
  }
  for (let i = 0; i < count; i++) {
    copyAxis(from, fromAt + i * fromStep, fromStrides, to, toAt + i * toStep, toStrides, extents, axis + 1);
  }
}

/** Below this many elements a plain loop is faster than TypedArray.set with its view. */
const shortRun = 64;

/** Copies `count` neighbouring elements. */
export function copyRun(from: TensorData, fromAt: number, to: TensorData, toAt: number, count: number): void {
  const source = from as NumberArray;
  const target = to as NumberArray;
  if (count < shortRun || Array.isArray(from))
    for (let i = 0; i < count; i++) target[toAt + i] = source[fromAt + i]!;
  else if (fromAt === 0 && count === source.length) target.set(source, toAt);
  else target.set(source.subarray(fromAt, fromAt + count), toAt);
}
