/** Reductions over any axes, and the positions of extremes: the reduced axes come last, in one step. */
import { boolAttr } from "../../tensorflow/attributes.js";
import { accumulator, call, cast, constantElement, read } from "../tensor/element.js";
import type { Element } from "../tensor/ir.js";
import { sizeOf, View } from "../tensor/View.js";
import type { Lower, LowerTable } from "./Lowering.js";
import { axisOf, checkFloat, elementTypeAttr, integerOf, isFloat, numberElement } from "./operands.js";
import { reduceTo, type SimpleReduceOp } from "./reduceTo.js";

interface Reduction {
  readonly op: SimpleReduceOp;
  readonly value?: (x: Element) => Element;
  /** `count`: how many elements are reduced to one. */
  readonly epilogue?: (result: Element, count: number) => Element;
  /** It changes an element even where that is the only one. */
  readonly isNeverIdentity?: boolean;
  readonly isForBools?: boolean;
  readonly isForFloats?: boolean;
}

const same = (x: Element) => x;

function reduction(rule: Reduction): Lower {
  const { value = same, epilogue = same } = rule;
  return (trace, node, inputs) => {
    const [x, axesInput] = inputs as [View, View];
    if ((x.dtype === "bool") !== (rule.isForBools ?? false))
      return trace.unsupported(`it reduces ${x.dtype}; cast it before`);
    if (rule.isForFloats) checkFloat(trace, x);
    const axes = trace.integers(axesInput, "the axes").map((axis) => axisOf(trace, axis, x.rank));
    const isReduced = (axis: number) => axes.includes(axis);
    const all = x.shape.map((_, axis) => axis);
    const kept = all.filter((axis) => !isReduced(axis));
    const reduced = all.filter(isReduced);
    const inner = reduced.map((axis) => x.shape[axis] as number);
    const count = inner.reduce((a, b) => a * b, 1);
    const ordered = x.permute([...kept, ...reduced]);
    let out: View;
    if (count === 1 && !rule.isNeverIdentity) {
      out = reduced.reduceRight<View>((view) => view.dropAxis(view.rank - 1), ordered);
    } else {
      const shape = kept.map((axis) => x.shape[axis] as number);
      out = reduceTo(trace, rule.op, shape, inner, value(read(ordered)), (result) => epilogue(result, count));
    }
    if (!boolAttr(node, "keep_dims", boolAttr(node, "keepdims"))) return out;
    return reduced.reduce((view, axis) => view.insertAxis(axis), out);
  };
}

const mean = (sum: Element, count: number): Element =>
  call(isFloat(sum.dtype) ? "div" : "truncateDiv", sum, numberElement(sum.dtype, count));

/** Half the sum of squares, a scalar. */
const halfSquares: Lower = (trace, _node, inputs) => {
  const [x] = inputs as [View];
  checkFloat(trace, x);
  const half = (sum: Element) => call("mul", sum, constantElement(x.dtype, 0.5));
  return reduceTo(trace, "sum", [], x.shape, call("square", read(x)), half);
};

/** The first position of the extreme along one axis. */
function extreme(op: "argMax" | "argMin"): Lower {
  return (trace, node, inputs) => {
    const [x, axisInput] = inputs as [View, View];
    const axis = axisOf(trace, integerOf(trace, axisInput, "the axis"), x.rank);
    const size = x.shape[axis] as number;
    if (size === 0)
      return trace.unsupported("there is no extreme along an axis of size 0; correct the feeds");
    const dtype = elementTypeAttr(trace, node, "output_type", "int64");
    const kept = x.shape.map((_, a) => a).filter((a) => a !== axis);
    const shape = kept.map((a) => x.shape[a] as number);
    const out = View.of(trace.newStorage(dtype, sizeOf(shape)), shape);
    if (out.count === 0) return out;
    const value = read(x.permute([...kept, axis]));
    const epilogue = cast(accumulator("int32"), dtype);
    trace.add({ kind: "reduce", origin: node.name, out, op, inner: [size], value, epilogue });
    return out;
  };
}

export const reduceLowerings: LowerTable = {
  Sum: reduction({ op: "sum" }),
  Mean: reduction({ op: "sum", epilogue: mean }),
  Prod: reduction({ op: "prod" }),
  Max: reduction({ op: "max" }),
  Min: reduction({ op: "min" }),
  All: reduction({ op: "all", isForBools: true }),
  Any: reduction({ op: "any", isForBools: true }),
  EuclideanNorm: reduction({
    op: "sum",
    value: (x) => call("square", x),
    epilogue: (sum) => call("sqrt", sum),
    isNeverIdentity: true,
    isForFloats: true,
  }),
  L2Loss: halfSquares,
  ArgMax: extreme("argMax"),
  ArgMin: extreme("argMin"),
};
