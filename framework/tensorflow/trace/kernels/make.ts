/** Tensors out of sizes and positions, and the same tensor as another type. */
import type { DType } from "../../dtypes.js";
import { Tensor } from "../../Tensor.js";
import type { Lowering, LoweringTable, Recorder, Traced } from "../Recorder.js";
import {
  cast,
  input,
  int32,
  ints,
  node,
  product,
  refusal,
  scalar,
  typeAttr,
  typed,
  typeOf,
} from "./nodes.js";
import { reshape } from "./reshape.js";

const fill: Lowering = (recorder, _inputs, attrs) => {
  const { shape, value } = attrs as { shape: number[]; value: number | boolean | string };
  const inferred = typeof value === "string" ? "string" : typeof value === "boolean" ? "bool" : "float32";
  const dtype = (attrs.dtype as DType | undefined) ?? inferred;
  const filler =
    typeof value === "string"
      ? recorder.constant(
          { dtype: "string", shape: [], data: [new TextEncoder().encode(value)] },
          "Fill/value",
        )
      : scalar(recorder, dtype, Number(value), "Fill/value");
  const dims = ints(recorder, shape, "Fill/dims");
  return node(recorder, "Fill", [dims, filler], { ...typeOf(filler), index_type: int32 });
};

/** tfjs counts down by itself where the limit lies below and the step is 1, and gives nothing where it cannot get there. */
const range: Lowering = (recorder, _inputs, attrs) => {
  const { start, stop, step: given = 1 } = attrs as { start: number; stop: number; step?: number };
  const dtype = (attrs.dtype as "float32" | "int32" | undefined) ?? "float32";
  const step = stop < start && given === 1 ? -1 : given;
  const isEmpty = start === stop || (start < stop && step < 0) || (stop < start && step > 1);
  const isWhole = [start, stop, step].every(Number.isInteger);
  if (isEmpty) return recorder.constant(new Tensor(dtype, [0], []));
  if (dtype === "int32" && !isWhole)
    throw refusal("Range", "it makes whole numbers in steps that are not whole");
  const bounds = [
    scalar(recorder, dtype, start, "range/start"),
    scalar(recorder, dtype, stop, "range/limit"),
    scalar(recorder, dtype, step, "range/delta"),
  ];
  return node(recorder, "Range", bounds, { Tidx: typeAttr(dtype) });
};

/** Its values follow from its attributes: a constant, computed in double precision. */
const linSpace: Lowering = (recorder, _inputs, attrs) => {
  const { start, stop, num } = attrs as { start: number; stop: number; num: number };
  const step = num > 1 ? (stop - start) / (num - 1) : 0;
  const values = Array.from({ length: num }, (_, i) => start + i * step);
  return recorder.constant(new Tensor("float32", [num], values), "LinSpace");
};

/** A row of `off` for each position, with `on` at that position, as a new axis. */
export function oneHotNode(
  recorder: Recorder,
  indices: Traced,
  depth: number,
  dtype: DType,
  values: { readonly on: number; readonly off: number },
  axis = -1,
): Traced {
  const parts = [
    scalar(recorder, "int32", depth, "one_hot/depth"),
    scalar(recorder, dtype, values.on, "one_hot/on_value"),
    scalar(recorder, dtype, values.off, "one_hot/off_value"),
  ];
  return node(recorder, "OneHot", [indices, ...parts], {
    T: typeAttr(dtype),
    TI: typeOf(indices).T,
    axis: { i: axis },
  });
}

const oneHot: Lowering = (recorder, inputs, attrs) => {
  const { depth, onValue, offValue, dtype } = attrs as {
    depth: number;
    onValue?: number;
    offValue?: number;
    dtype?: DType;
  };
  const indices = cast(recorder, input(inputs, "indices"), "int32");
  return oneHotNode(recorder, indices, depth, dtype ?? "int32", { on: onValue ?? 1, off: offValue ?? 0 });
};

/** A tensor on the diagonal of one of twice as many axes: chosen, not multiplied, so that infinities stay where they are. */
const diag: Lowering = (recorder, inputs) => {
  const x = input(inputs, "x");
  const { shape, dtype } = x.value;
  const count = product(shape);
  const bounds = [0, count, 1].map((value) => scalar(recorder, "int32", value));
  const positions = node(recorder, "Range", bounds, { Tidx: int32 });
  const isDiagonal = oneHotNode(recorder, positions, count, "bool", { on: 1, off: 0 });
  const row = reshape(recorder, x, [count]);
  const matrix = node(recorder, "SelectV2", [isDiagonal, row, scalar(recorder, dtype, 0)], typeOf(x));
  return reshape(recorder, matrix, [...shape, ...shape]);
};

const toType: Lowering = (recorder, inputs, attrs) => {
  const x = input(inputs, "x");
  const dtype = attrs.dtype as string;
  if (dtype === "complex64") throw refusal("Cast", "complex numbers are not supported");
  return cast(recorder, x, dtype as DType);
};

export const make: LoweringTable = {
  Cast: toType,
  Diag: diag,
  Fill: fill,
  Identity: (_recorder, inputs) => input(inputs, "x"),
  LinSpace: linSpace,
  OneHot: oneHot,
  OnesLike: (recorder, inputs) => typed(recorder, "OnesLike", input(inputs, "x")),
  Range: range,
  ZerosLike: (recorder, inputs) => typed(recorder, "ZerosLike", input(inputs, "x")),
};
