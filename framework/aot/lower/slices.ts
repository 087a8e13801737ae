/** Parts of a tensor: all of them views, unless a position is only known in the event. */
import { intAttr } from "../../tensorflow/attributes.js";
import type { View } from "../tensor/View.js";
import { type Pick, pickAt } from "./dynamicSlice.js";
import type { Lower, LowerTable, Trace } from "./Lowering.js";

/** begin and size for each axis; a size of -1 is all that is left. */
const slice: Lower = (trace, _node, inputs) => {
  const [x, beginInput, sizeInput] = inputs as [View, View, View];
  const sizes = trace.integers(sizeInput, "the size of the slice");
  if (sizes.length !== x.rank || beginInput.rank !== 1 || beginInput.count !== x.rank)
    return trace.unsupported(
      `begin and size are not of the ${x.rank} axes of [${x.shape}]; correct the graph`,
    );
  if (!trace.constant(beginInput)) return sliceAt(trace, x, beginInput, sizes);
  const begin = trace.integers(beginInput, "the begin of the slice");
  let view = x;
  for (const [axis, extent] of x.shape.entries()) {
    const first = begin[axis] as number;
    const size = sizes[axis] === -1 ? extent - first : (sizes[axis] as number);
    if (first < 0 || size < 0 || first + size > extent)
      return trace.unsupported(`begin [${begin}] and size [${sizes}] leave [${x.shape}]; correct the graph`);
    view = view.slice(axis, first, size);
  }
  return view;
};

function sliceAt(trace: Trace, x: View, begin: View, sizes: readonly number[]): View {
  if (sizes.includes(-1))
    return trace.unsupported("neither begin nor size of the slice is known; give its size as constants");
  const picks = sizes.map((size, axis): Pick => ({ axis, size, position: begin.at(0, axis) }));
  return pickAt(trace, x, picks, false);
}

/** The masks of a StridedSlice: bit i speaks of the i-th entry of begin, end and strides. */
function maskOf(mask: number): (bit: number) => boolean {
  return (bit) => (mask & (1 << bit)) !== 0;
}

/** A StridedSlice being read entry by entry, from the first axis on. */
class Selection {
  view: View;
  axis = 0;
  readonly picks: Pick[] = [];

  constructor(
    readonly trace: Trace,
    readonly input: View,
  ) {
    this.view = input;
  }

  whole(count: number): void {
    this.axis += count;
  }

  newAxis(): void {
    this.view = this.view.insertAxis(this.axis++);
  }

  /** One position; counted from the end when negative. */
  single(position: number): void {
    const size = this.view.shape[this.axis] as number;
    const at = position < 0 ? position + size : position;
    if (at < 0 || at >= size)
      this.trace.unsupported(
        `position ${position} is outside an axis of ${size}; correct the graph or the feeds`,
      );
    this.view = this.view.at(this.axis, at);
  }

  /** One position that the event tells; the axis goes at the end. */
  unknown(position: View): void {
    this.picks.push({ axis: this.axis++, size: 1, position });
  }

  /** As Python's slice(from, to, stride): clipped to the axis. */
  range(from: number | undefined, to: number | undefined, stride: number): void {
    const size = this.view.shape[this.axis] as number;
    if (stride === 0) this.trace.unsupported("a stride is 0; correct the graph");
    const [low, high] = stride > 0 ? [0, size] : [-1, size - 1];
    const clip = (position: number) =>
      Math.min(Math.max(position < 0 ? position + size : position, low), high);
    const start = from === undefined ? (stride > 0 ? low : high) : clip(from);
    const stop = to === undefined ? (stride > 0 ? high : low) : clip(to);
    const count = Math.max(0, Math.ceil((stop - start) / stride));
    this.view = this.view.slice(this.axis++, start, count, stride);
  }

  result(): View {
    if (this.picks.length === 0) return this.view;
    let view = pickAt(this.trace, this.view, this.picks, true);
    for (const { axis } of this.picks.toReversed()) view = view.dropAxis(axis);
    return view;
  }
}

const stridedSlice: Lower = (trace, node, inputs) => {
  const [x, beginInput, endInput, stridesInput] = inputs as [View, View, View, View];
  const [isBeginOpen, isEndOpen, isEllipsis, isNewAxis, isShrunk] = [
    "begin_mask",
    "end_mask",
    "ellipsis_mask",
    "new_axis_mask",
    "shrink_axis_mask",
  ].map((mask) => maskOf(intAttr(node, mask, 0))) as [Mask, Mask, Mask, Mask, Mask];
  const strides = trace.integers(stridesInput, "the stride of the slice");
  if (beginInput.rank !== 1 || beginInput.count !== strides.length || endInput.count !== strides.length)
    return trace.unsupported("begin, end and strides differ in length; correct the graph");
  const isBeginKnown = trace.constant(beginInput) !== undefined;
  // Asked for only where it matters: x[:, i] has an unknown begin and end.
  const begin = (i: number) => trace.integers(beginInput, "the begin of the slice")[i] as number;
  const end = (i: number) => trace.integers(endInput, "the end of the slice")[i] as number;
  const named = strides.filter((_, i) => !isNewAxis(i) && !isEllipsis(i)).length;
  if (named > x.rank) return trace.unsupported(`it takes ${named} axes of [${x.shape}]; correct the graph`);
  const selection = new Selection(trace, x);
  for (const [i, stride] of strides.entries()) {
    if (isEllipsis(i)) selection.whole(x.rank - named);
    else if (isNewAxis(i)) selection.newAxis();
    else if (isShrunk(i) && !isBeginKnown) selection.unknown(beginInput.at(0, i));
    else if (isShrunk(i)) selection.single(begin(i));
    else selection.range(isBeginOpen(i) ? undefined : begin(i), isEndOpen(i) ? undefined : end(i), stride);
  }
  return selection.result();
};

type Mask = (bit: number) => boolean;

export const sliceLowerings: LowerTable = { Slice: slice, StridedSlice: stridedSlice };
