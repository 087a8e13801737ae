/** Largest elements, places in sorted rows, counts: from comparisons of all with all, because the reference engine does not sort. */
import type { Lowering, LoweringTable, Recorder, Traced } from "../Recorder.js";
import {
  cast,
  expandDims,
  input,
  int32,
  ints,
  node,
  refusal,
  scalar,
  typeAttr,
  typed,
  typeOf,
} from "./nodes.js";
import { oneHotNode } from "./make.js";
import { reduceNode } from "./reduce.js";
import { gather } from "./slice.js";

/**
 * The k largest of each row, the first of equals first: each element's rank is the number of those that come before it.
 * Rows of n elements take n² comparisons. Sorted whether asked for or not, because TensorFlow promises no other order.
 * NaN has no rank.
 */
const topK: Lowering = (recorder, inputs, attrs) => {
  const given = input(inputs, "x");
  const x = given.value.dtype === "bool" ? cast(recorder, given, "int32") : given;
  const k = attrs.k as number;
  const last = x.value.shape.length - 1;
  const n = x.value.shape[last] as number;
  const [own, others] = [expandDims(recorder, x, last + 1), expandDims(recorder, x, last)];
  const isEarlier = ints(
    recorder,
    Array.from({ length: n * n }, (_, i) => (i % n < Math.floor(i / n) ? 1 : 0)),
    "TopK/earlier",
    [n, n],
  );
  const isEqualAndEarlier = recorder.node(
    "LogicalAnd",
    [typed(recorder, "Equal", others, own), cast(recorder, isEarlier, "bool")],
    {},
  );
  const isBefore = recorder.node(
    "LogicalOr",
    [typed(recorder, "Greater", others, own), isEqualAndEarlier[0] as Traced],
    {},
  );
  const rank = count(recorder, isBefore[0] as Traced, last + 1);
  const places = ints(
    recorder,
    Array.from({ length: k }, (_, i) => i),
    "TopK/places",
    [k, 1],
  );
  const isThere = cast(recorder, typed(recorder, "Equal", expandDims(recorder, rank, last), places), "int32");
  const indices = node(
    recorder,
    "ArgMax",
    [isThere, scalar(recorder, "int32", last + 1, "ArgMax/dimension")],
    {
      ...typeOf(isThere),
      Tidx: int32,
      output_type: typeAttr("int32"),
    },
  );
  const values = gather(recorder, x, indices, last, last);
  return [cast(recorder, values, given.value.dtype), indices];
};

/** How many are true along an axis. */
function count(recorder: Recorder, bools: Traced, axis: number): Traced {
  return reduceNode(recorder, "Sum", cast(recorder, bools, "int32"), [axis]);
}

/** The place of a value is the number of those before it, with those that equal it on the right side. */
function sortedPlace(side?: "left" | "right"): Lowering {
  return (recorder, inputs, attrs) => {
    const rows = expandDims(recorder, input(inputs, "sortedSequence"), 1);
    const values = expandDims(recorder, input(inputs, "values"), 2);
    const isLeft = (side ?? attrs.side) === "left";
    return count(recorder, typed(recorder, isLeft ? "Less" : "LessEqual", rows, values), 2);
  };
}

/** Counts, or sums of weights, of equal whole numbers; those not below `size` are left out. */
const bincount: Lowering = (recorder, inputs, attrs) => {
  const [x, weights] = [input(inputs, "x"), input(inputs, "weights")];
  const size = attrs.size as number;
  const { dtype } = weights.value;
  if (dtype === "bool") throw refusal("DenseBincount", "its weights are bools; cast them to int32 before");
  const rank = x.value.shape.length;
  const isHere = oneHotNode(recorder, x, size, "bool", { on: 1, off: 0 });
  // tfjs passes over the flag where there is one row.
  if (attrs.binaryOutput === true && rank > 1)
    return cast(recorder, reduceNode(recorder, "Any", isHere, [rank - 1]), dtype);
  const isPlain = weights.value.data.length === 0;
  const each = isPlain ? scalar(recorder, dtype, 1) : expandDims(recorder, weights, rank);
  const chosen = node(recorder, "SelectV2", [isHere, each, scalar(recorder, dtype, 0)], typeOf(each));
  return reduceNode(recorder, "Sum", chosen, [rank - 1]);
};

export const search: LoweringTable = {
  Bincount: bincount,
  DenseBincount: bincount,
  LowerBound: sortedPlace("left"),
  SearchSorted: sortedPlace(),
  TopK: topK,
  UpperBound: sortedPlace("right"),
};
