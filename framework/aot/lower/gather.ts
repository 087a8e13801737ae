/** Rows picked by their positions. Known positions at even distances are a view, others a gather. */
import { intAttr } from "../../tensorflow/attributes.js";
import { cast, read } from "../tensor/element.js";
import type { Element } from "../tensor/ir.js";
import { sizeOf, type View } from "../tensor/View.js";
import type { Lower, LowerTable, Trace } from "./Lowering.js";
import { axisOf, checkInteger, integerOf } from "./operands.js";

/** Gather, GatherV2: any axis, with batch dimensions that tensor and positions share. */
const gather: Lower = (trace, node, inputs) => {
  const [x, indices, axisInput] = inputs as [View, View, View | undefined];
  const axis = axisOf(trace, axisInput ? integerOf(trace, axisInput, "the axis") : 0, x.rank);
  const given = intAttr(node, "batch_dims", 0);
  const batch = given < 0 ? given + indices.rank : given;
  const fits = batch >= 0 && batch <= axis && batch <= indices.rank;
  if (!fits || x.shape.slice(0, batch).some((size, a) => size !== indices.shape[a]))
    return trace.unsupported(`positions of [${indices.shape}] do not fit [${x.shape}]; correct the graph`);
  const evenly = batch === 0 ? evenPositions(trace, x, axis, indices) : undefined;
  if (evenly) return evenly;
  const inner = x.rank - axis - 1;
  const picked = indices.shape.slice(batch);
  const shape = [...x.shape.slice(0, axis), ...picked, ...x.shape.slice(axis + 1)];
  const strides = [...x.strides.slice(0, axis), ...picked.map(() => 0), ...x.strides.slice(axis + 1)];
  // The positions under the axes of the result: batch axes first, then ones up to the axis, then ones inside it.
  const ones = (count: number) => new Array<number>(count).fill(1);
  const under = indices.strided(
    [...indices.shape.slice(0, batch), ...ones(axis - batch), ...picked, ...ones(inner)],
    [
      ...indices.strides.slice(0, batch),
      ...ones(axis - batch),
      ...indices.strides.slice(batch),
      ...ones(inner),
    ],
  );
  return gatherFrom(trace, x, shape, strides, [{ axis, position: under }]);
};

/** A slice, if the positions are known and lie at one distance. */
function evenPositions(trace: Trace, x: View, axis: number, indices: View): View | undefined {
  if (!trace.constant(indices) || indices.count === 0) return undefined;
  const positions = trace.integers(indices, "the positions");
  const [first, second] = positions as [number, number | undefined];
  const step = (second ?? first) - first;
  const size = x.shape[axis] as number;
  const isEven = positions.every((at, i) => at === first + i * step && at >= 0 && at < size);
  if (!isEven || (indices.rank > 1 && indices.count > 1)) return undefined;
  if (indices.rank === 0) return x.at(axis, first);
  let view = x.slice(axis, first, positions.length, step);
  for (let extra = indices.rank; extra > 1; extra--) view = view.insertAxis(axis);
  return view;
}

/** Each row of the indices is a position along the first axes of the tensor. */
const gatherNd: Lower = (trace, _node, inputs) => {
  const [x, indices] = inputs as [View, View];
  const depth = indices.shape.at(-1);
  if (depth === undefined || depth > x.rank)
    return trace.unsupported(`positions of ${depth} axes do not fit [${x.shape}]; correct the graph`);
  const picked = indices.shape.slice(0, -1);
  const inner = x.shape.slice(depth);
  const shape = [...picked, ...inner];
  const strides = [...picked.map(() => 0), ...x.strides.slice(depth)];
  const positions = Array.from({ length: depth }, (_, axis) => {
    let position = indices.at(indices.rank - 1, axis);
    for (const _ of inner) position = position.insertAxis(position.rank);
    return { axis, position };
  });
  return gatherFrom(trace, x, shape, strides, positions);
};

interface Indexed {
  readonly axis: number;
  readonly position: View;
}

function gatherFrom(
  trace: Trace,
  x: View,
  shape: readonly number[],
  strides: readonly number[],
  positions: readonly Indexed[],
): View {
  if (sizeOf(shape) > 0 && x.count === 0)
    return trace.unsupported(`it picks from an empty tensor of [${x.shape}]; correct the feeds`);
  for (const { position } of positions) checkInteger(trace, position);
  const indices = positions.map(({ axis, position }) => ({
    value: integer(read(position, shape)),
    stride: x.strides[axis] as number,
    limit: x.shape[axis] as number,
  }));
  const view = x.strided(shape, strides);
  const fault = `a position of '${trace.node.name}' (${trace.node.op}) is outside of [${x.shape}]`;
  return trace.map(shape, { kind: "gather", dtype: x.dtype, view, indices, fault });
}

function integer(position: Element): Element {
  return position.dtype === "int64" ? position : cast(position, "int32");
}

export const gatherLowerings: LowerTable = {
  Gather: gather,
  GatherV2: gather,
  ResourceGather: gather,
  GatherNd: gatherNd,
};
