/**
 * Elements put at positions: each place of the result looks for the positions that name it, because the reference engine
 * does not scatter. Takes positions × places comparisons. A position outside of the result is left out, where tfjs throws.
 */
import type { Lowering, LoweringTable, Recorder, Traced } from "../Recorder.js";
import { cast, expandDims, input, ints, isSame, node, product, refusal, scalar, typeOf } from "./nodes.js";
import { oneHotNode } from "./make.js";
import { reduceNode } from "./reduce.js";
import { reshape } from "./reshape.js";
import { gather } from "./slice.js";

interface Places {
  /** Of each update and each place of the result: whether the update goes there, bool [updates, places]. */
  readonly isHere: Traced;
  readonly updates: number;
  readonly places: number;
  /** Elements at each place. */
  readonly inner: number;
}

/** Positions along the first axes of a shape, one in each row of `indices`. */
function placesOf(recorder: Recorder, indices: Traced, shape: readonly number[]): Places {
  const depth = indices.value.shape.length > 1 ? (indices.value.shape.at(-1) as number) : 1;
  const updates = product(indices.value.shape) / depth;
  const steps = shape.slice(0, depth).map((_, axis) => product(shape.slice(axis + 1, depth)));
  const rows = reshape(recorder, indices, [updates, depth]);
  const scaled = node(recorder, "Mul", [rows, ints(recorder, steps)], typeOf(rows));
  const places = product(shape.slice(0, depth));
  const flat = reduceNode(recorder, "Sum", scaled, [1]);
  const isHere = oneHotNode(recorder, flat, places, "bool", { on: 1, off: 0 });
  return { isHere, updates, places, inner: product(shape.slice(depth)) };
}

/** Updates of one place are added. */
const scatterNd: Lowering = (recorder, inputs, attrs) => {
  const given = input(inputs, "updates");
  const shape = attrs.shape as number[];
  const { isHere, updates, inner } = placesOf(recorder, input(inputs, "indices"), shape);
  const { dtype } = given.value;
  if (dtype === "bool" || dtype === "string")
    throw refusal("ScatterNd", `its updates are ${dtype}; cast them to int32 before`);
  const rows = reshape(recorder, given, [updates, 1, inner]);
  const chosen = [expandDims(recorder, isHere, 2), rows, scalar(recorder, dtype, 0)];
  const sum = reduceNode(recorder, "Sum", node(recorder, "SelectV2", chosen, typeOf(rows)), [0]);
  return reshape(recorder, sum, shape);
};

/** The last update of a place stands; elsewhere is what was there. */
function put(
  recorder: Recorder,
  indices: Traced,
  given: Traced,
  before: Traced,
  shape: readonly number[],
): Traced {
  const { isHere, updates, places, inner } = placesOf(recorder, indices, shape);
  const numbers = ints(
    recorder,
    Array.from({ length: updates }, (_, i) => i),
    "scatter/updates",
    [updates, 1],
  );
  const none = scalar(recorder, "int32", -1);
  const named = node(recorder, "SelectV2", [isHere, numbers, none], typeOf(none));
  const last = reduceNode(recorder, "Max", named, [0]);
  const zero = scalar(recorder, "int32", 0);
  const picked = node(recorder, "Maximum", [last, zero], typeOf(last));
  const isOne = given.value.shape.length === 0;
  const rows = isOne ? given : gather(recorder, reshape(recorder, given, [updates, inner]), picked, 0);
  const isNamed = expandDims(recorder, node(recorder, "GreaterEqual", [last, zero], typeOf(last)), 1);
  const old = isSame(before.value.shape, []) ? before : reshape(recorder, before, [places, inner]);
  const result = node(recorder, "SelectV2", [isNamed, rows, old], typeOf(rows));
  return reshape(recorder, result, shape);
}

const sparseToDense: Lowering = (recorder, inputs, attrs) => {
  const [indices, values] = [input(inputs, "sparseIndices"), input(inputs, "sparseValues")];
  const missing = cast(recorder, input(inputs, "defaultValue"), values.value.dtype);
  return put(recorder, indices, values, missing, attrs.outputShape as number[]);
};

const tensorScatterUpdate: Lowering = (recorder, inputs) => {
  const tensor = input(inputs, "tensor");
  return put(recorder, input(inputs, "indices"), input(inputs, "updates"), tensor, tensor.value.shape);
};

/** Rows of equal numbers added: a matrix product with the rows' numbers as ones, float32 as in tfjs. */
const unsortedSegmentSum: Lowering = (recorder, inputs, attrs) => {
  const x = cast(recorder, input(inputs, "x"), "float32");
  const ids = input(inputs, "segmentIds");
  const [n = 1, ...rest] = x.value.shape;
  const segments = attrs.numSegments as number;
  if (ids.value.shape.length !== 1) throw refusal("UnsortedSegmentSum", "its segment numbers are no vector");
  const isHere = oneHotNode(
    recorder,
    cast(recorder, ids, "int32"),
    segments,
    "float32",
    { on: 1, off: 0 },
    0,
  );
  const rows = reshape(recorder, x, [n, product(rest)]);
  const attributes = { ...typeOf(rows), transpose_a: { b: false }, transpose_b: { b: false } };
  return reshape(recorder, node(recorder, "MatMul", [isHere, rows], attributes), [segments, ...rest]);
};

export const scatter: LoweringTable = {
  ScatterNd: scatterNd,
  SparseToDense: sparseToDense,
  TensorScatterUpdate: tensorScatterUpdate,
  UnsortedSegmentSum: unsortedSegmentSum,
};
