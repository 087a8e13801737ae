/** Elements around a tensor, constant or its own mirrored, and the tensor without some. */
import type { Lowering, LoweringTable, Recorder, Traced } from "../Recorder.js";
import { input, int32, ints, node, refusal, scalar, typeOf } from "./nodes.js";
import { stridedSlice } from "./slice.js";
import type { Margin } from "./windows.js";

function sides(recorder: Recorder, margins: readonly Margin[], name: string): Traced {
  return ints(recorder, margins.flat(), name, [margins.length, 2]);
}

/** `value` around a tensor, zeros as TensorFlow writes them. */
export function pad(recorder: Recorder, x: Traced, margins: readonly Margin[], value = 0): Traced {
  const attrs = { ...typeOf(x), Tpaddings: int32 };
  const paddings = sides(recorder, margins, "Pad/paddings");
  if (value === 0 && !Object.is(value, -0)) return node(recorder, "Pad", [x, paddings], attrs);
  const constant = scalar(recorder, x.value.dtype, value, "PadV2/constant_values");
  return node(recorder, "PadV2", [x, paddings, constant], attrs);
}

/** `value` around the axes between the first and the last, or elements less where a margin is negative. */
export function withMargins(recorder: Recorder, x: Traced, margins: readonly Margin[], value = 0): Traced {
  const added = margins.map(([before, after]): Margin => [Math.max(0, before), Math.max(0, after)]);
  const isWider = added.flat().some((size) => size > 0);
  const wide = isWider ? pad(recorder, x, [[0, 0], ...added, [0, 0]], value) : x;
  if (margins.flat().every((size) => size >= 0)) return wide;
  const begin = [0, ...margins.map(([before]) => Math.max(0, -before)), 0];
  const end = [0, ...margins.map(([, after]) => Math.min(0, after)), 0];
  const strides = begin.map(() => 1);
  const isOpen = end.reduce((mask, bound, axis) => (bound === 0 ? mask | (1 << axis) : mask), 0);
  return stridedSlice(recorder, wide, begin, end, strides, { end: isOpen });
}

const padV2: Lowering = (recorder, inputs, attrs) => {
  const x = input(inputs, "x");
  if (x.value.dtype === "string") throw refusal("PadV2", "it is given strings");
  return pad(
    recorder,
    x,
    attrs.paddings as readonly Margin[],
    (attrs.constantValue as number | undefined) ?? 0,
  );
};

const mirrorPad: Lowering = (recorder, inputs, attrs) => {
  const x = input(inputs, "x");
  const paddings = sides(recorder, attrs.paddings as readonly Margin[], "MirrorPad/paddings");
  return node(recorder, "MirrorPad", [x, paddings], {
    ...typeOf(x),
    Tpaddings: int32,
    mode: { s: (attrs.mode as string).toUpperCase() },
  });
};

export const padding: LoweringTable = { PadV2: padV2, MirrorPad: mirrorPad };
