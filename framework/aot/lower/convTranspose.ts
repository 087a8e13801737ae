/**
 * Conv2DBackpropInput, known as transposed convolution. The pixels of the result that lie `stride` apart all use the
 * same part of the filter, so each such phase is a plain convolution of the input with that part turned round: no
 * multiplication by the zeros that a stretched input would hold.
 */
import { intsAttr } from "../../tensorflow/attributes.js";
import type { View } from "../tensor/View.js";
import type { Lower, LowerTable } from "./Lowering.js";
import { numberElement } from "./operands.js";
import { type Margin, pad } from "./pad.js";
import { contractInto } from "./reduceTo.js";
import { coverWith, ImageFormat, type WindowAxis } from "./windows.js";

/** Every `stride`-th position of one axis of the result, and what it sums: taps that are `apart` pixels apart. */
interface Phase {
  /** Position in the result. */
  readonly at: number;
  readonly count: number;
  /** First tap of the filter and distance to the next. */
  readonly tap: number;
  readonly tapStep: number;
  readonly taps: number;
  /** The pixel under the last tap, which is the leftmost one, for the first position. */
  readonly from: number;
  readonly apart: number;
}

/** `axis` lays windows over the result; the pixels of the input are the windows. */
function phasesOf({ extent, size, stride, dilation, before }: WindowAxis): Phase[] {
  const common = greatestDivisor(stride, dilation);
  const [tapStep, apart] = [stride / common, dilation / common];
  return Array.from({ length: Math.min(stride, extent) }, (_, at): Phase => {
    const count = Math.ceil((extent - at) / stride);
    let tap = 0;
    while (tap < tapStep && (at + before - tap * dilation) % stride !== 0) tap++;
    const taps = tap < tapStep ? Math.max(0, Math.ceil((size - tap) / tapStep)) : 0;
    const nearest = Math.floor((at + before - tap * dilation) / stride);
    return { at, count, tap, tapStep, taps, from: nearest - (taps - 1) * apart, apart };
  });
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** What the phases read beyond the input's `extent` pixels. */
function marginOf(phases: readonly Phase[], extent: number): Margin {
  const used = phases.filter(({ taps }) => taps > 0);
  const first = Math.min(0, ...used.map(({ from }) => from));
  const last = used.map(({ from, taps, apart, count }) => from + (taps - 1) * apart + count - 1);
  return [-first, Math.max(0, ...last.map((at) => at - extent + 1))];
}

const transposedConvolution: Lower = (trace, node, inputs) => {
  const [sizesInput, filter, value] = inputs as [View, View, View];
  const format = new ImageFormat(trace, node);
  const pixels = format.imagesOf(value);
  const sizes = trace.integers(sizesInput, "the size of the result");
  const space = sizes.length === 2 ? sizes : format.spaceOf(sizes, 4);
  const [rows, columns, channels, depth] = filter.shape as [number, number, number, number];
  const strides = format.spaceOf(intsAttr(node, "strides"), 4);
  const axes = coverWith(trace, node, format, space, { sizes: [rows, columns], strides });
  const shape = format.shapeOf(value.shape[0] as number, space, channels);
  const isShape = sizes.length === 2 || `${sizes}` === `${shape}`;
  const isCovered = axes.every(({ count }, i) => count === pixels.shape[i + 1]);
  if (filter.rank !== 4 || depth !== pixels.shape[3] || axes.length !== 2 || !isShape || !isCovered)
    return trace.unsupported(
      `a filter of [${filter.shape}] does not make [${value.shape}] of [${sizes}]; correct the graph`,
    );
  const phases = axes.map(phasesOf) as [Phase[], Phase[]];
  const margins = phases.map((list, i) => marginOf(list, pixels.shape[i + 1] as number)) as [Margin, Margin];
  const padded = pad(trace, pixels, [[0, 0], ...margins, [0, 0]], numberElement(value.dtype, 0));
  const { image, last } = format.newImage(trace, value, space, channels);
  for (const row of phases[0]) {
    for (const column of phases[1]) {
      const both = [row, column] as const;
      contractInto(trace, ...phaseOf(last, padded, filter, both, margins, strides));
    }
  }
  return image;
};

/** Result, windows and filter of one phase. */
function phaseOf(
  last: View,
  padded: View,
  filter: View,
  phases: readonly [Phase, Phase],
  margins: readonly Margin[],
  strides: readonly number[],
): [out: View, left: View, right: View] {
  let out = last;
  let part = filter;
  let offset = padded.offset;
  const shape = [padded.shape[0] as number, 0, 0, 0, 0, padded.shape[3] as number];
  const steps = [padded.strides[0] as number, 0, 0, 0, 0, padded.strides[3] as number];
  for (const [i, { at, count, tap, tapStep, taps, from, apart }] of phases.entries()) {
    out = out.slice(i + 1, at, count, strides[i] ?? 1);
    part = part.slice(i, tap + (taps - 1) * tapStep, taps, -tapStep);
    const stride = padded.strides[i + 1] as number;
    if (taps > 0) offset += (from + (margins[i]?.[0] ?? 0)) * stride;
    [shape[i + 1], shape[i + 3]] = [count, taps];
    [steps[i + 1], steps[i + 3]] = [stride, apart * stride];
  }
  // The filter is [r, s, c, d] and d, the depth of the input, is summed.
  const turned = part.permute([0, 1, 3, 2]);
  const right = turned.broadcast([...shape.slice(0, 3), ...turned.shape]);
  return [out, padded.strided(shape, steps, offset), right];
}

export const convTransposeLowerings: LowerTable = { Conv2DBackpropInput: transposedConvolution };
