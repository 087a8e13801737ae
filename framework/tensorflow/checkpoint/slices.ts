/** Parts of tensors: partitioned variables are stored as slices, each under a binary key, and may be restored as such. */
import { Exception } from "../../base/errors.js";
import { Tensor, type TensorLike } from "../Tensor.js";

/** Where a slice lies along one axis. */
export interface Extent {
  readonly start: number;
  /** -1: the whole axis. */
  readonly length: number;
}

/** "10 4 0,5:-": shape 10×4, rows 0 to 4, all columns. Undefined for "", the whole tensor. @throws InvalidSession */
export function parseSliceSpec(spec: string): Extent[] | undefined {
  if (spec === "") return undefined;
  const extents = (spec.split(" ").at(-1) as string).split(":").map((part): Extent => {
    const [, start, length] = /^(\d+),(\d+)$/.exec(part) ?? [];
    if (part !== "-" && length === undefined)
      throw new Exception("InvalidSession", `'${spec}' is no slice of a tensor`);
    return part === "-" ? { start: 0, length: -1 } : { start: Number(start), length: Number(length) };
  });
  return extents;
}

/** The extents with their lengths known. @throws InvalidSession for a slice that is not inside the tensor. */
export function resolveExtents(extents: readonly Extent[], shape: readonly number[]): Extent[] {
  const isInside = ({ start, length }: Extent, axis: number) =>
    start >= 0 && start + length <= (shape[axis] as number);
  const resolved = extents.map(({ start, length }, axis) => ({
    start,
    length: length < 0 ? (shape[axis] ?? 0) : length,
  }));
  if (resolved.length === shape.length && resolved.every(isInside)) return resolved;
  throw new Exception("InvalidSession", `a slice is not inside its tensor of shape [${shape.join(",")}]`);
}

/**
 * Copies a slice's elements between the slice's own array and the whole tensor's, whichever is `target`.
 * @param extents resolved
 */
export function copySlice(
  extents: readonly Extent[],
  shape: readonly number[],
  copy: (wholeOffset: number, sliceOffset: number, count: number) => void,
): void {
  const rowLength = extents.at(-1)?.length ?? 1;
  const rows = extents.slice(0, -1).reduce((product, extent) => product * extent.length, 1);
  for (let row = 0; row < rows; row++) {
    let rest = row;
    let offset = extents.at(-1)?.start ?? 0;
    let stride = shape.at(-1) ?? 1;
    for (let axis = shape.length - 2; axis >= 0; axis--) {
      const { start, length } = extents[axis] as Extent;
      offset += (start + (rest % length)) * stride;
      rest = Math.floor(rest / length);
      stride *= shape[axis] as number;
    }
    if (rowLength > 0) copy(offset, row * rowLength, rowLength);
  }
}

/** A part of a tensor. @param extents resolved */
export function cut(whole: TensorLike, extents: readonly Extent[]): Tensor {
  const slice = new Tensor(
    whole.dtype,
    extents.map(({ length }) => length),
  );
  copySlice(extents, whole.shape, (from, to, count) => copyElements(slice, to, whole, from, count));
  return slice;
}

export function copyElements(
  target: TensorLike,
  to: number,
  source: TensorLike,
  from: number,
  count: number,
): void {
  const elements = target.data as unknown as { [i: number]: unknown };
  for (let i = 0; i < count; i++) elements[to + i] = source.data[from + i];
}

/** The key of a slice's entry (TensorFlow's EncodeTensorNameSlice), as a latin1 string. @param extents as stored */
export function sliceKey(name: string, extents: readonly Extent[]): string {
  const escaped = Buffer.from(name)
    .toString("latin1")
    .replace(/[\0\xff]/g, (byte) => (byte === "\0" ? "\0\xff" : "\xff\0"));
  const numbers = extents.flatMap(({ start, length }) => [start, length]);
  return `${increasing(0)}${escaped}\0\x01${increasing(extents.length)}${numbers.map(signedIncreasing).join("")}`;
}

/** Number of bytes, then the bytes, most significant first. */
function increasing(value: number): string {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return String.fromCharCode(bytes.length, ...bytes);
}

/** Seven bits a byte, most significant first; the leading bits say how many bytes there are, inverted when negative. */
function signedIncreasing(value: number): string {
  let count = 1;
  while (value < -(2 ** (7 * count - 1)) || value >= 2 ** (7 * count - 1)) count++;
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  const used = bytes.subarray(8 - count);
  used[0] = (used[0] as number) ^ ((0xff00 >> count) & 0xff);
  return used.toString("latin1");
}
