/**
 * What a node costs, by its op and the shapes that it met: a rule a family of ops. A multiplication with its addition
 * counts as two operations, exp, tanh and their like as one; moving data costs none.
 */
import { intsAttr, stringAttr } from "../attributes.js";
import type { NodeDef } from "../GraphDef.js";

type Shape = readonly number[];
type Rule = (inputs: readonly Shape[], outputs: readonly Shape[], node: NodeDef) => number;

const count = (shape: Shape | undefined): number =>
  (shape ?? []).reduce((product, size) => product * size, 1);
const transposes = (node: NodeDef, ...names: string[]) => names.some((name) => node.attrs[name]?.b === true);
const perOutput =
  (operations: number): Rule =>
  (_, [output]) =>
    operations * count(output);
const perInput =
  (operations: number): Rule =>
  ([input]) =>
    operations * count(input);

/** output · 2 · the contracted axis of the left matrix. */
const matrixProduct: Rule = ([left = []], [output], node) => {
  const inner = transposes(node, "transpose_a", "adj_x") ? left.at(-2) : left.at(-1);
  return 2 * count(output) * (inner ?? 1);
};
/** A filter is [height, width, …, channels in, channels out]. */
const convolution: Rule = ([, filter = []], [output]) => 2 * count(output) * count(filter.slice(0, -1));
const depthwise: Rule = ([, filter = []], [output]) => 2 * count(output) * count(filter.slice(0, -2));
/** Inputs: the shape of the result, the filter, what is spread by it. */
const transposedConvolution: Rule = ([, filter = [], spread]) =>
  2 * count(spread) * count(filter.slice(0, -1));
const pooling: Rule = (_, [output], node) => count(output) * count(intsAttr(node, "ksize"));
const localResponse: Rule = (_, [output], node) => {
  const radius = node.attrs.depth_radius?.i ?? 5;
  return (2 * (2 * radius + 1) + 3) * count(output);
};
const sumOfMany: Rule = (inputs, [output]) => Math.max(inputs.length - 1, 0) * count(output);

/** Two operations for every combination of all labels. An axis under "…" counts as a label of its own. */
const einsum: Rule = (inputs, [output], node) => {
  const terms = stringAttr(node, "equation", "").replaceAll(" ", "").split("->")[0]?.split(",") ?? [];
  const sizes = new Map<string, number>();
  for (const [i, term] of terms.entries()) {
    const shape = inputs[i] ?? [];
    const [before = "", after] = term.split("...");
    const labels = [
      ...before,
      ...(after === undefined ? [] : hiddenAxes(shape, before + after)),
      ...(after ?? ""),
    ];
    for (const [axis, label] of labels.entries())
      sizes.set(label, Math.max(sizes.get(label) ?? 1, shape[axis] ?? 1));
  }
  return inputs.length < 2 ? count(output) : 2 * count([...sizes.values()]);
};

/** Counted from the right, as axes are broadcast. */
function hiddenAxes(shape: Shape, labels: string): string[] {
  const hidden = Math.max(shape.length - labels.length, 0);
  return Array.from({ length: hidden }, (_, axis) => `…${hidden - axis}`);
}

const families: readonly (readonly [rule: Rule, ops: string])[] = [
  [matrixProduct, "MatMul BatchMatMul BatchMatMulV2 BatchMatMulV3"],
  [convolution, "Conv2D Conv3D"],
  [depthwise, "DepthwiseConv2dNative"],
  [transposedConvolution, "Conv2DBackpropInput"],
  [einsum, "Einsum"],
  [pooling, "MaxPool MaxPoolV2 MaxPool3D AvgPool AvgPool3D"],
  [localResponse, "LRN"],
  [sumOfMany, "AddN"],
  // Subtract the maximum, exp, sum, divide; and the search for the maximum.
  [perOutput(5), "Softmax LogSoftmax"],
  // Mean, scale, offset and one product with the gain.
  [perOutput(4), "FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3"],
  [perOutput(2), "SquaredDifference Xdivy Xlogy Xlog1py"],
  [perOutput(7), "ResizeBilinear"],
  [perInput(2), "EuclideanNorm L2Loss"],
  [perInput(1), "Sum Mean Prod Max Min All Any ArgMax ArgMin Cumsum Cumprod"],
  [
    perOutput(1),
    `Abs Acos Acosh Add AddV2 Asin Asinh Atan Atan2 Atanh BiasAdd BiasAddV1 BitwiseAnd BitwiseOr BitwiseXor Ceil
     ClipByValue Cos Cosh Div DivNoNan Elu Equal Erf Erfc Exp Expm1 Floor FloorDiv FloorMod Greater GreaterEqual Inv
     Invert IsFinite IsInf IsNan LeakyRelu LeftShift Less LessEqual Log Log1p LogicalAnd LogicalNot LogicalOr Maximum
     Minimum Mod Mul MulNoNan Neg NotEqual Pow RealDiv Reciprocal Relu Relu6 RightShift Rint Round Rsqrt Selu Sigmoid
     Sign Sin Sinh Softplus Softsign Sqrt Square Sub Tan Tanh TruncateDiv TruncateMod`,
  ],
];

const rules = new Map(families.flatMap(([rule, ops]) => ops.split(/\s+/).map((op) => [op, rule] as const)));

/** Whether an op computes with its elements; others move them, or steer. */
export function isArithmetic(op: string): boolean {
  return rules.has(op);
}

/** Floating-point (or integer) operations of one run of a node on inputs of these shapes; 0 for what only moves data. */
export function flopsOf(node: NodeDef, inputs: readonly Shape[], outputs: readonly Shape[]): number {
  return rules.get(node.op)?.(inputs, outputs, node) ?? 0;
}
