/** Softmax along the last axis, and batch normalisation with given or with the batch's own moments. */
// biome-ignore-all lint/style/noNonNullAssertion: loops over rows and channels of checked shapes
import { boolAttr, floatAttr, stringAttr } from "../../attributes.js";
import type { NumberArray } from "../../dtypes.js";
import type { NodeDef } from "../../GraphDef.js";
import { showShape, type TensorLike } from "../../Tensor.js";
import { type Kernel, kernelError, numbers, type Op, type OpTable, product } from "../op.js";

/** Exponentials of one row in double precision; grows to the longest row. */
let exponentials = new Float64Array(0);

function softmaxOp(isLog: boolean): Op {
  const create = (): Kernel => (call) => {
    const input = call.inputs[0] as TensorLike;
    const n = input.shape.at(-1);
    if (n === undefined) throw kernelError("expects at least one axis");
    const x = numbers(input);
    const out = call.output(0, input.dtype, input.shape) as NumberArray;
    if (exponentials.length < n) exponentials = new Float64Array(n);
    for (let at = 0; at < x.length; at += n) softmaxRow(x, out, at, n, isLog);
  };
  return { arity: 1, create };
}

/** The row's largest element is subtracted first, so that no exponential overflows. */
function softmaxRow(x: NumberArray, out: NumberArray, at: number, n: number, isLog: boolean): void {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < n; i++) if (x[at + i]! > largest) largest = x[at + i]!;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const exponential = Math.exp(x[at + i]! - largest);
    exponentials[i] = exponential;
    sum += exponential;
  }
  if (isLog) {
    const offset = largest + Math.log(sum);
    for (let i = 0; i < n; i++) out[at + i] = x[at + i]! - offset;
  } else {
    for (let i = 0; i < n; i++) out[at + i] = exponentials[i]! / sum;
  }
}

/** What each channel is multiplied by, and what is added then; they grow to the most channels. */
let factors = new Float64Array(0);
let shifts = new Float64Array(0);

/** How channels lie in the value: `outer` blocks of `channels` runs of `inner` elements. */
interface Layout {
  readonly outer: number;
  readonly channels: number;
  readonly inner: number;
}

/** FusedBatchNorm: y, then mean and variance, then what training would keep (four or five outputs in all). */
function createBatchNorm(node: NodeDef, outputs: number): Kernel {
  const epsilon = floatAttr(node, "epsilon", 1e-4);
  const isTraining = boolAttr(node, "is_training", true);
  const isChannelFirst = stringAttr(node, "data_format", "NHWC").startsWith("NC");
  const newWeight = floatAttr(node, "exponential_avg_factor", 1);
  return (call) => {
    const [value, ...parameters] = call.inputs as [TensorLike, ...TensorLike[]];
    const axis = isChannelFirst ? 1 : value.shape.length - 1;
    const channels = value.shape[axis];
    if (value.shape.length < 2 || channels === undefined)
      throw kernelError("expects a value with a channel axis");
    const layout = { outer: product(value.shape, 0, axis), channels, inner: product(value.shape, axis + 1) };
    const [scale, offset, mean, variance] = parameters.map((p, i) =>
      vector(p, channels, isTraining && i >= 2),
    );
    const x = numbers(value);
    const y = call.output(0, value.dtype, value.shape) as NumberArray;
    const dtype = (parameters[0] as TensorLike).dtype;
    const kept = Array.from({ length: outputs - 1 }, (_, i) => {
      return call.output(i + 1, dtype, i < 4 ? [channels] : [0]) as NumberArray;
    }) as [NumberArray, NumberArray, NumberArray, NumberArray];
    if (isTraining) {
      ownMoments(x, layout, kept);
      if (newWeight !== 1) mix(kept, [mean!, variance!], newWeight);
    } else for (let i = 0; i < 4; i++) kept[i]!.set(i % 2 === 0 ? mean! : variance!);
    const moments = isTraining ? ([kept[2], kept[3]] as const) : ([mean!, variance!] as const);
    normalize(x, y, layout, scale!, offset!, moments, epsilon);
  };
}

function vector(tensor: TensorLike, channels: number, isUnused: boolean): NumberArray {
  const data = numbers(tensor);
  if (data.length === channels || isUnused) return data;
  throw kernelError(`a parameter of shape ${showShape(tensor.shape)} does not fit ${channels} channels`);
}

function normalize(
  x: NumberArray,
  y: NumberArray,
  { channels, inner }: Layout,
  scale: NumberArray,
  offset: NumberArray,
  [mean, variance]: readonly [NumberArray, NumberArray],
  epsilon: number,
): void {
  if (factors.length < channels) [factors, shifts] = [new Float64Array(channels), new Float64Array(channels)];
  for (let c = 0; c < channels; c++) {
    factors[c] = scale[c]! / Math.sqrt(variance[c]! + epsilon);
    shifts[c] = offset[c]! - mean[c]! * factors[c]!;
  }
  if (inner === 1) {
    for (let at = 0; at < x.length; at += channels) scaleRow(x, y, at, factors, shifts, channels);
    return;
  }
  for (let c = 0; c < channels; c++) {
    const [factor, shift] = [factors[c]!, shifts[c]!];
    for (let at = c * inner; at < x.length; at += channels * inner) {
      for (let i = at; i < at + inner; i++) y[i] = x[i]! * factor + shift;
    }
  }
}

/** Four channels a turn: three times as fast as one. */
function scaleRow(
  x: NumberArray,
  y: NumberArray,
  at: number,
  f: Float64Array,
  s: Float64Array,
  n: number,
): void {
  let c = 0;
  for (; c + 4 <= n; c += 4) {
    const i = at + c;
    y[i] = x[i]! * f[c]! + s[c]!;
    y[i + 1] = x[i + 1]! * f[c + 1]! + s[c + 1]!;
    y[i + 2] = x[i + 2]! * f[c + 2]! + s[c + 2]!;
    y[i + 3] = x[i + 3]! * f[c + 3]! + s[c + 3]!;
  }
  for (; c < n; c++) y[at + c] = x[at + c]! * f[c]! + s[c]!;
}

/** Mean and Bessel-corrected variance of each channel (outputs 1, 2), mean and plain variance (outputs 3, 4). */
function ownMoments(x: NumberArray, { outer, channels, inner }: Layout, kept: readonly NumberArray[]): void {
  const count = outer * inner;
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let at = c * inner; at < x.length; at += channels * inner)
      for (let i = at; i < at + inner; i++) sum += x[i]!;
    const mean = sum / count;
    let squares = 0;
    for (let at = c * inner; at < x.length; at += channels * inner) {
      for (let i = at; i < at + inner; i++) squares += (x[i]! - mean) ** 2;
    }
    kept[0]![c] = mean;
    kept[1]![c] = squares / Math.max(count - 1, 1);
    kept[2]![c] = mean;
    kept[3]![c] = squares / count;
  }
}

/** Makes outputs 1 and 2 the running moments, in which the batch's own have a weight; nothing where none were given. */
function mix(own: readonly NumberArray[], old: readonly NumberArray[], weight: number): void {
  for (const [i, before] of old.entries())
    for (let c = 0; c < before.length; c++) own[i]![c] = (1 - weight) * before[c]! + weight * own[i]![c]!;
}

function batchNorm(outputs: number): Op {
  return { arity: 5, create: (node) => createBatchNorm(node, outputs), outputs: () => outputs };
}

export const normalizeOps: OpTable = {
  Softmax: softmaxOp(false),
  LogSoftmax: softmaxOp(true),
  FusedBatchNorm: batchNorm(5),
  FusedBatchNormV2: batchNorm(5),
  FusedBatchNormV3: batchNorm(6),
};
