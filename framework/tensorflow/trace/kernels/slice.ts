/** Parts of a tensor: Slice, StridedSlice, SplitV and picked rows. */
import type { Lowering, LoweringTable, Recorder, Traced } from "../Recorder.js";
import { axesOf, input, int32, ints, node, scalar, typeOf } from "./nodes.js";

/** Bit i speaks of the i-th entry of begin, end and strides. */
interface Masks {
  readonly begin?: number;
  readonly end?: number;
  readonly ellipsis?: number;
  readonly newAxis?: number;
  readonly shrink?: number;
}

export function stridedSlice(
  recorder: Recorder,
  x: Traced,
  begin: readonly number[],
  end: readonly number[],
  strides: readonly number[],
  masks: Masks,
): Traced {
  const bounds = [
    ints(recorder, begin, "strided_slice/begin"),
    ints(recorder, end, "strided_slice/end"),
    ints(recorder, strides, "strided_slice/strides"),
  ];
  return node(recorder, "StridedSlice", [x, ...bounds], {
    ...typeOf(x),
    Index: int32,
    begin_mask: { i: masks.begin ?? 0 },
    end_mask: { i: masks.end ?? 0 },
    ellipsis_mask: { i: masks.ellipsis ?? 0 },
    new_axis_mask: { i: masks.newAxis ?? 0 },
    shrink_axis_mask: { i: masks.shrink ?? 0 },
  });
}

/** tfjs lets both be one number, or shorter than the tensor's axes: the rest is taken whole. */
const slice: Lowering = (recorder, inputs, attrs) => {
  const x = input(inputs, "x");
  const { shape } = x.value;
  const list = (value: unknown) =>
    Array.isArray(value) ? (value as number[]) : value === undefined ? [] : [value];
  const begin = shape.map((_, axis) => (list(attrs.begin)[axis] as number | undefined) ?? 0);
  const size = shape.map((extent, axis) => {
    const given = (list(attrs.size)[axis] as number | null | undefined) ?? -1;
    return given === extent - (begin[axis] as number) ? -1 : given;
  });
  return node(
    recorder,
    "Slice",
    [x, ints(recorder, begin, "Slice/begin"), ints(recorder, size, "Slice/size")],
    {
      ...typeOf(x),
      Index: int32,
    },
  );
};

const strided: Lowering = (recorder, inputs, attrs) => {
  const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attrs;
  const ones = (begin as number[]).map(() => 1);
  return stridedSlice(
    recorder,
    input(inputs, "x"),
    begin as number[],
    end as number[],
    (strides as number[] | undefined) ?? ones,
    {
      begin: beginMask as number | undefined,
      end: endMask as number | undefined,
      ellipsis: ellipsisMask as number | undefined,
      newAxis: newAxisMask as number | undefined,
      shrink: shrinkAxisMask as number | undefined,
    } as Masks,
  );
};

/** Equal parts by their number, others by their sizes. */
const splitV: Lowering = (recorder, inputs, attrs) => {
  const x = input(inputs, "x");
  const [axis = 0] = axesOf(attrs.axis, x.value.shape.length);
  const along = scalar(recorder, "int32", axis, "split/split_dim");
  const parts = attrs.numOrSizeSplits as number | number[];
  if (!Array.isArray(parts))
    return recorder.node("Split", [along, x], { ...typeOf(x), num_split: { i: parts } });
  return recorder.node("SplitV", [x, ints(recorder, parts, "split/size_splits"), along], {
    ...typeOf(x),
    Tlen: int32,
    num_split: { i: parts.length },
  });
};

/** `x` at positions along one axis; its first `batchDims` axes are those of the positions too. */
export function gather(recorder: Recorder, x: Traced, indices: Traced, axis: number, batchDims = 0): Traced {
  return node(recorder, "GatherV2", [x, indices, scalar(recorder, "int32", axis, "GatherV2/axis")], {
    Tparams: typeOf(x).T,
    Tindices: typeOf(indices).T,
    Taxis: int32,
    batch_dims: { i: batchDims },
  });
}

const gatherV2: Lowering = (recorder, inputs, attrs) => {
  const [x, indices] = [input(inputs, "x"), input(inputs, "indices")];
  const [axis = 0] = axesOf(attrs.axis, x.value.shape.length);
  const given = (attrs.batchDims as number | undefined) ?? 0;
  return gather(recorder, x, indices, axis, given < 0 ? given + indices.value.shape.length : given);
};

const gatherNd: Lowering = (recorder, inputs) => {
  const [params, indices] = [input(inputs, "params"), input(inputs, "indices")];
  return node(recorder, "GatherNd", [params, indices], {
    Tparams: typeOf(params).T,
    Tindices: typeOf(indices).T,
  });
};

export const slicing: LoweringTable = {
  Slice: slice,
  StridedSlice: strided,
  SplitV: splitV,
  GatherV2: gatherV2,
  GatherNd: gatherNd,
};
