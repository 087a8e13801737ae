/** Where the windows of a convolution or pooling lie, as tfjs computes it, in the words that TensorFlow has for it. */
import { intsAttr, refusal } from "./nodes.js";
import type { AttrValue } from "../../GraphDef.js";

/** Zeros before and after the elements of one axis; a negative number drops elements. */
export type Margin = readonly [before: number, after: number];

export interface Padding {
  readonly kind: "SAME" | "VALID" | "EXPLICIT";
  /** One for each axis of space. */
  readonly margins: readonly Margin[];
}

/** What tfjs gives: one number for all axes of space, or one each. */
export function perAxis(value: unknown, count: number): number[] {
  const list = Array.isArray(value)
    ? (value as number[])
    : new Array<number>(count).fill((value ?? 1) as number);
  return list.length === 1 ? new Array<number>(count).fill(list[0] as number) : list;
}

/** The window's extent with its gaps. */
export function covered(size: number, dilation: number): number {
  return (size - 1) * dilation + 1;
}

const roundings: Readonly<Record<string, (x: number) => number>> = {
  floor: Math.floor,
  round: Math.round,
  ceil: Math.ceil,
};

/**
 * @param pad tfjs's: "same", "valid", a number for all sides, or [before, after] for each axis of the tensor
 * @param sizes the extents of the windows, with gaps
 * @param firstAxis the tensor's first axis of space
 * @throws UnimplementedFeature for what tfjs lays out by mistake
 */
export function paddingOf(
  pad: unknown,
  extents: readonly number[],
  sizes: readonly number[],
  strides: readonly number[],
  rounding: unknown,
  firstAxis: number,
): Padding {
  const margins = extents.map((extent, i): Margin => {
    const [size, stride] = [sizes[i] as number, strides[i] as number];
    if (pad === "valid") return [0, 0];
    if (pad === "same") {
      const missing = (Math.ceil(extent / stride) - 1) * stride + size - extent;
      // tfjs starts within a volume where windows are further apart than they are large, as TensorFlow never does.
      const total = extents.length === 3 ? missing : Math.max(0, missing);
      return [Math.floor(total / 2), total - Math.floor(total / 2)];
    }
    const [before, after] = Array.isArray(pad)
      ? (pad[firstAxis + i] as Margin)
      : [pad as number, pad as number];
    const round = roundings[(rounding as string | undefined) ?? "floor"] ?? Math.floor;
    const countOf = (window: number, step: number) => round((extent + before + after - window) / step) + 1;
    const count = countOf(size, stride);
    // tfjs 4.22 counts an image's columns by the window's rows.
    const isCounted = Array.isArray(pad) || extents.length !== 2;
    if (!isCounted && count !== countOf(sizes[0] as number, strides[0] as number))
      throw refusal(
        `a window of ${sizes.join("×")} in steps of ${strides.join("×")}, padded by the number ${pad}`,
        `tfjs lays it otherwise than it should; give its padding as [[0, 0], [${pad}, ${pad}], [${pad}, ${pad}], [0, 0]]`,
      );
    // A last window that is rounded up leaves the padded image.
    return [before, Math.max(after, (count - 1) * stride + size - extent - before)];
  });
  if (pad === "same") return { kind: "SAME", margins };
  const isValid = margins.every(([before, after]) => before === 0 && after === 0);
  return { kind: isValid ? "VALID" : "EXPLICIT", margins };
}

/** The attributes padding and explicit_paddings of a node on NHWC images. */
export function paddingAttrs({ kind, margins }: Padding): Record<string, AttrValue> {
  const explicit = kind === "EXPLICIT" ? [0, 0, ...margins.flat(), 0, 0] : [];
  return { padding: { s: kind }, explicit_paddings: intsAttr(explicit) };
}

/** Numbers of the space with 1 for batch and channels. */
export function aroundSpace(values: readonly number[]): AttrValue {
  return intsAttr([1, ...values, 1]);
}
