/** Cumsum and Cumprod: each element reduces those before it. Quadratic in the axis, which is short in real graphs. */
import { boolAttr } from "../../tensorflow/attributes.js";
import { call, read, selectElement } from "../tensor/element.js";
import type { Element } from "../tensor/ir.js";
import type { View } from "../tensor/View.js";
import type { Lower, LowerTable } from "./Lowering.js";
import { axisOf, integerOf } from "./operands.js";
import { neutral, reduceTo } from "./reduceTo.js";

const longest = 1024;

function cumulative(op: "sum" | "prod"): Lower {
  return (trace, node, inputs) => {
    const [x, axisInput] = inputs as [View, View];
    const axis = axisOf(trace, integerOf(trace, axisInput, "the axis"), x.rank);
    const size = x.shape[axis] as number;
    if (size > longest)
      return trace.unsupported(
        `its axis has ${size} elements, more than ${longest}; reduce it by MatMul instead`,
      );
    const isExclusive = boolAttr(node, "exclusive");
    const inner: Element = { kind: "index", dtype: "int32", axis: x.rank };
    const outer: Element = { kind: "index", dtype: "int32", axis };
    const [from, to] = boolAttr(node, "reverse") ? [outer, inner] : [inner, outer];
    const isCounted = call(isExclusive ? "less" : "lessEqual", from, to);
    // Along its own axis the result stands still and the inner axis walks.
    const walked = x.strided([...x.shape, size], [...x.strides.with(axis, 0), x.strides[axis] as number]);
    const value = selectElement(isCounted, read(walked), neutral(op, x.dtype));
    return reduceTo(trace, op, x.shape, [size], value);
  };
}

export const cumulativeLowerings: LowerTable = { Cumsum: cumulative("sum"), Cumprod: cumulative("prod") };
