/** The same elements elsewhere or more often: Transpose, Tile, BroadcastTo, Reverse. */
import type { Lowering, LoweringTable } from "../Recorder.js";
import { axesOf, input, int32, ints, node, scalar, transpose, typed, typeOf } from "./nodes.js";

const tile: Lowering = (recorder, inputs, attrs) => {
  const x = input(inputs, "x");
  const multiples = ints(recorder, attrs.reps as number[], "Tile/multiples");
  return node(recorder, "Tile", [x, multiples], { ...typeOf(x), Tmultiples: int32 });
};

const broadcastTo: Lowering = (recorder, inputs, attrs) => {
  const x = input(inputs, "x");
  const shape = ints(recorder, attrs.shape as number[], "BroadcastTo/shape");
  return node(recorder, "BroadcastTo", [x, shape], { ...typeOf(x), Tidx: int32 });
};

/** The shape that two shapes broadcast to: the longer one where the other, with ones in front, has 1. */
const broadcastArgs: Lowering = (recorder, inputs) => {
  const shapes = [input(inputs, "s0"), input(inputs, "s1")];
  const rank = Math.max(...shapes.map(({ value }) => value.data.length));
  const one = scalar(recorder, "int32", 1);
  const [a, b] = shapes.map((shape) => {
    const missing = rank - shape.value.data.length;
    if (missing === 0) return shape;
    const paddings = ints(recorder, [missing, 0], "PadV2/paddings", [1, 2]);
    return node(recorder, "PadV2", [shape, paddings, one], { ...typeOf(shape), Tpaddings: int32 });
  }) as [typeof one, typeof one];
  return node(recorder, "SelectV2", [typed(recorder, "Equal", a, one), b, a], typeOf(a));
};

/** Tensors without axes have nothing to turn round. */
const reverse: Lowering = (recorder, inputs, attrs) => {
  const x = input(inputs, "x");
  if (x.value.shape.length === 0) return x;
  const axes = ints(recorder, axesOf(attrs.dims, x.value.shape.length), "ReverseV2/axis");
  return node(recorder, "ReverseV2", [x, axes], { ...typeOf(x), Tidx: int32 });
};

const flipLeftRight: Lowering = (recorder, inputs) => {
  const x = input(inputs, "image");
  return node(recorder, "ReverseV2", [x, ints(recorder, [2], "ReverseV2/axis")], {
    ...typeOf(x),
    Tidx: int32,
  });
};

export const rearrange: LoweringTable = {
  BroadcastArgs: broadcastArgs,
  BroadcastTo: broadcastTo,
  FlipLeftRight: flipLeftRight,
  Reverse: reverse,
  Tile: tile,
  Transpose: (recorder, inputs, attrs) => transpose(recorder, input(inputs, "x"), attrs.perm as number[]),
};
