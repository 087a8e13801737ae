/** Softmax along the last axis, and local response normalisation. */
import { floatAttr, intAttr } from "../../tensorflow/attributes.js";
import { call, constantElement, read } from "../tensor/element.js";
import type { Element } from "../tensor/ir.js";
import { sizeOf, View } from "../tensor/View.js";
import type { Lower, LowerTable } from "./Lowering.js";
import { checkFloat } from "./operands.js";
import { pad } from "./pad.js";
import { reduceTo } from "./reduceTo.js";

function softmax(isLog: boolean): Lower {
  return (trace, node, inputs) => {
    const [x] = inputs as [View];
    checkFloat(trace, x);
    if (x.rank === 0) return trace.unsupported("it is of a scalar; give it an axis");
    const out = View.of(trace.newStorage(x.dtype, sizeOf(x.shape)), x.shape);
    if (out.count > 0) trace.add({ kind: "softmax", origin: node.name, out, isLog, value: read(x) });
    return out;
  };
}

/** x / (bias + alpha · Σ squares of the neighbouring channels) ^ beta. */
const localResponse: Lower = (trace, node, inputs) => {
  const [x] = inputs as [View];
  checkFloat(trace, x);
  const radius = intAttr(node, "depth_radius", 5);
  const number = (name: string, otherwise: number) =>
    constantElement(x.dtype, floatAttr(node, name, otherwise));
  const [bias, alpha, beta] = [number("bias", 1), number("alpha", 1), number("beta", 0.5)];
  const margins = x.shape.map((_, axis) =>
    axis === x.rank - 1 ? ([radius, radius] as const) : ([0, 0] as const),
  );
  const padded = pad(trace, x, margins, constantElement(x.dtype, 0));
  const size = 2 * radius + 1;
  const windows = padded.strided([...x.shape, size], [...padded.strides, padded.strides.at(-1) as number]);
  const scaled = (sum: Element) => {
    const base = call("add", bias, call("mul", alpha, sum));
    return call("div", read(x), call("pow", base, beta));
  };
  return reduceTo(trace, "sum", x.shape, [size], call("square", read(windows)), scaled);
};

export const normalizeLowerings: LowerTable = {
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
  LRN: localResponse,
};
