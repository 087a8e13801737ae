/** Maxima and means of windows over images and volumes. */
import { Tensor } from "../../Tensor.js";
import type { Lowering, LoweringTable, Recorder, Traced } from "../Recorder.js";
import { channelsLast } from "./layout.js";
import { type Attrs, cast, input, node, product, refusal, typed, typeOf } from "./nodes.js";
import { withMargins } from "./pad.js";
import { aroundSpace, type Margin, type Padding, paddingAttrs, paddingOf, perAxis } from "./windows.js";

interface Plan {
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
  readonly padding: Padding;
}

function planOf(x: Traced, attrs: Attrs): Plan {
  const extents = x.value.shape.slice(1, -1);
  const [sizes, strides] = [
    perAxis(attrs.filterSize, extents.length),
    perAxis(attrs.strides, extents.length),
  ];
  return { sizes, strides, padding: paddingOf(attrs.pad, extents, sizes, strides, attrs.dimRoundingMode, 1) };
}

function poolNode(recorder: Recorder, op: string, x: Traced, plan: Plan, padding: Padding): Traced {
  const isOfVolumes = plan.sizes.length === 3;
  const padAttrs = op === "MaxPool" ? paddingAttrs(padding) : { padding: { s: padding.kind } };
  return node(recorder, op, [x], {
    ...typeOf(x),
    ksize: aroundSpace(plan.sizes),
    strides: aroundSpace(plan.strides),
    ...padAttrs,
    data_format: { s: isOfVolumes ? "NDHWC" : "NHWC" },
  });
}

const unpadded: Padding = { kind: "VALID", margins: [] };

/** Whether windows lie otherwise than TensorFlow's SAME and VALID have them. */
function isOwn({ kind, margins }: Padding): boolean {
  return kind === "EXPLICIT" || margins.some(([before]) => before < 0);
}

/** tfjs's maximum of nothing is -Infinity, TensorFlow's the least float. */
function checkFilled({ sizes, strides, padding: { margins } }: Plan, extents: readonly number[]): void {
  for (const [i, extent] of extents.entries()) {
    const [size, stride, [before, after]] = [sizes[i] as number, strides[i] as number, margins[i] as Margin];
    const last = Math.floor((extent + before + after - size) / stride) * stride - before;
    if (size > before && last < extent) continue;
    throw refusal(
      `a maximum over windows of ${sizes.join("×")}`,
      "one of them lies wholly in the padding; pad less, or round down",
    );
  }
}

function maxPool(recorder: Recorder, x: Traced, attrs: Attrs): Traced {
  const plan = planOf(x, attrs);
  const { padding, sizes } = plan;
  checkFilled(plan, x.value.shape.slice(1, -1));
  if (sizes.length === 2) return poolNode(recorder, "MaxPool", x, plan, padding);
  if (!isOwn(padding)) return poolNode(recorder, "MaxPool3D", x, plan, padding);
  const padded = withMargins(recorder, x, padding.margins, Number.NEGATIVE_INFINITY);
  return poolNode(recorder, "MaxPool3D", padded, plan, unpadded);
}

/** tfjs's mean is over the elements that lie within the image; that of TensorFlow's padded image is over all, and corrected. */
function avgPool(recorder: Recorder, x: Traced, attrs: Attrs): Traced {
  const plan = planOf(x, attrs);
  const { padding, sizes } = plan;
  const op = sizes.length === 2 ? "AvgPool" : "AvgPool3D";
  if (!isOwn(padding)) return poolNode(recorder, op, x, plan, padding);
  const means = poolNode(recorder, op, withMargins(recorder, x, padding.margins), plan, unpadded);
  const extents = means.value.shape.slice(1, -1);
  const factors = Array.from({ length: product(extents) }, (_, pixel) =>
    factorOf(pixel, extents, x.value.shape.slice(1, -1), plan),
  );
  const shape = [1, ...extents, 1];
  return typed(recorder, "Mul", means, recorder.constant(new Tensor("float32", shape, factors)));
}

/** Elements of a window to those of it that lie within the image. */
function factorOf(pixel: number, made: readonly number[], extents: readonly number[], plan: Plan): number {
  let rest = pixel;
  let factor = 1;
  for (let axis = made.length - 1; axis >= 0; axis--) {
    const at = rest % (made[axis] as number);
    rest = Math.floor(rest / (made[axis] as number));
    const [size, before] = [plan.sizes[axis] as number, plan.padding.margins[axis]?.[0] ?? 0];
    const start = at * (plan.strides[axis] as number) - before;
    const inside = Math.min(start + size, extents[axis] as number) - Math.max(start, 0);
    factor *= size / Math.max(inside, 0);
  }
  // tfjs gives 0 for a window that lies outside of a volume, NaN for one outside of an image.
  return made.length === 3 && !Number.isFinite(factor) ? 0 : factor;
}

type Pool = (recorder: Recorder, x: Traced, attrs: Attrs) => Traced;

function pooling(compute: Pool, isFloat: boolean): Lowering {
  return (recorder, inputs, attrs) => {
    const given = input(inputs, "x");
    const x = isFloat ? cast(recorder, given, "float32") : given;
    return channelsLast(recorder, x, attrs.dataFormat, (last) => compute(recorder, last, attrs));
  };
}

export const pool: LoweringTable = {
  AvgPool: pooling(avgPool, true),
  AvgPool3D: pooling(avgPool, true),
  MaxPool: pooling(maxPool, false),
  MaxPool3D: pooling(maxPool, true),
};
