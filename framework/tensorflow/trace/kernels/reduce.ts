/** Reductions over axes, positions of extremes, running sums and products. */
import type { DType } from "../../dtypes.js";
import type { Lowering, LoweringTable, Recorder, Traced } from "../Recorder.js";
import { axesOf, cast, input, int32, ints, node, scalar, typeAttr, typeOf } from "./nodes.js";

/** A reduction node; `axes` counted from 0. */
export function reduceNode(
  recorder: Recorder,
  op: string,
  x: Traced,
  axes: readonly number[],
  isKept = false,
): Traced {
  const isLogic = x.value.dtype === "bool";
  const attrs = { Tidx: int32, keep_dims: { b: isKept } };
  const indices = ints(recorder, axes, `${op}/reduction_indices`);
  return node(recorder, op, [x, indices], isLogic ? attrs : { ...typeOf(x), ...attrs });
}

/** `ofBools`: the type that bools are reckoned with as, or the op that they have instead. */
function reduction(op: string, ofBools: { as: DType } | { op: string }, axisName = "axis"): Lowering {
  return (recorder, inputs, attrs) => {
    const x = input(inputs, "x");
    const axes = axesOf(attrs[axisName], x.value.shape.length);
    const isKept = attrs.keepDims === true;
    if (x.value.dtype !== "bool") return reduceNode(recorder, op, x, axes, isKept);
    if ("op" in ofBools) return reduceNode(recorder, ofBools.op, x, axes, isKept);
    return reduceNode(recorder, op, cast(recorder, x, ofBools.as), axes, isKept);
  };
}

/** tfjs gives the mean of integers as float32. */
const mean: Lowering = (recorder, inputs, attrs) => {
  const x = cast(recorder, input(inputs, "x"), "float32");
  return reduceNode(recorder, "Mean", x, axesOf(attrs.axis, x.value.shape.length), attrs.keepDims === true);
};

/** tfjs counts positions in int32. A row that begins with NaN has its extreme there in tfjs; TensorFlow passes over NaN. */
function extreme(op: string): Lowering {
  return (recorder, inputs, attrs) => {
    const given = input(inputs, "x");
    const x = given.value.dtype === "bool" ? cast(recorder, given, "int32") : given;
    const [axis = 0] = axesOf(attrs.axis, x.value.shape.length);
    return node(recorder, op, [x, scalar(recorder, "int32", axis, `${op}/dimension`)], {
      ...typeOf(x),
      Tidx: int32,
      output_type: typeAttr("int32"),
    });
  };
}

function cumulative(op: string): Lowering {
  return (recorder, inputs, attrs) => {
    const given = input(inputs, "x");
    const x = given.value.dtype === "bool" ? cast(recorder, given, "int32") : given;
    const [axis = 0] = axesOf(attrs.axis, x.value.shape.length);
    return node(recorder, op, [x, scalar(recorder, "int32", axis, `${op}/axis`)], {
      ...typeOf(x),
      Tidx: int32,
      exclusive: { b: attrs.exclusive === true },
      reverse: { b: attrs.reverse === true },
    });
  };
}

export const reduce: LoweringTable = {
  All: reduction("All", { op: "All" }),
  Any: reduction("Any", { op: "Any" }),
  Max: reduction("Max", { op: "Any" }, "reductionIndices"),
  Min: reduction("Min", { op: "All" }),
  Prod: reduction("Prod", { as: "int32" }),
  Sum: reduction("Sum", { as: "int32" }),
  Mean: mean,
  ArgMax: extreme("ArgMax"),
  ArgMin: extreme("ArgMin"),
  Cumprod: cumulative("Cumprod"),
  Cumsum: cumulative("Cumsum"),
};
