/** Reductions over any axes, in double precision, and the positions of extremes. */
// biome-ignore-all lint/style/noNonNullAssertion: runs lie within the broadcast operands
import { boolAttr, dtypeAttr } from "../../attributes.js";
import type { BigArray, NumberArray } from "../../dtypes.js";
import type { NodeDef } from "../../GraphDef.js";
import type { TensorLike } from "../../Tensor.js";
import { Broadcast } from "../broadcast.js";
import { isBig, type Kernel, kernelError, numbers, type Op, type OpTable, positiveAxis } from "../op.js";
import { product, readInt, readInts } from "../op.js";

interface Reduction {
  readonly initial: number;
  /** Folds n elements from x[ix] on into acc[ia], acc[ia + sa] …; sa is 0 along a reduced axis. */
  readonly loop: (x: NumberArray, ix: number, acc: Float64Array, ia: number, sa: number, n: number) => void;
  readonly isMean?: boolean;
  readonly isForBools?: boolean;
}

const sumLoop: Reduction["loop"] = (x, ix, acc, ia, sa, n) => {
  for (const end = ix + n; ix < end; ix++, ia += sa) acc[ia]! += x[ix]!;
};

function loopOf(f: (acc: number, x: number) => number): Reduction["loop"] {
  return (x, ix, acc, ia, sa, n) => {
    for (const end = ix + n; ix < end; ix++, ia += sa) acc[ia] = f(acc[ia]!, x[ix]!);
  };
}

function reduction(rule: Reduction): Op {
  return { arity: 2, create: (node) => createReduction(rule, boolAttr(node, "keep_dims")) };
}

/** A reduction is the walk of broadcasting the result back over the input, run the other way. */
function createReduction(rule: Reduction, isKept: boolean): Kernel {
  const walk = new Broadcast(2);
  const axes: number[] = [];
  const kept = { shape: [] as number[] };
  const shape: number[] = [];
  let sums = new Float64Array(0);
  return (call) => {
    const [input, axesInput] = call.inputs as [TensorLike, TensorLike];
    if ((input.dtype === "bool") !== (rule.isForBools ?? false))
      throw kernelError(`cannot reduce ${input.dtype}`);
    const x = isBig(input.data) ? Float64Array.from(input.data, Number) : numbers(input);
    reducedShapes(input.shape, readInts(axesInput, axes), isKept, kept.shape, shape);
    const out = call.output(0, input.dtype, shape);
    if (sums.length < out.length) sums = new Float64Array(out.length);
    sums.fill(rule.initial, 0, out.length);
    walk.update([input, kept]);
    for (let more = walk.start(); more; more = walk.next()) {
      rule.loop(x, walk.at[0]!, sums, walk.at[1]!, walk.step[1]!, walk.count);
    }
    store(out as NumberArray | BigArray, sums, rule.isMean ? x.length / out.length : 1);
  };
}

function store(out: NumberArray | BigArray, sums: Float64Array, divisor: number): void {
  if (isBig(out)) for (let i = 0; i < out.length; i++) out[i] = BigInt(Math.trunc(sums[i]! / divisor));
  else for (let i = 0; i < out.length; i++) out[i] = sums[i]! / divisor;
}

function reducedShapes(
  input: readonly number[],
  axes: readonly number[],
  isKept: boolean,
  kept: number[],
  shape: number[],
): void {
  kept.length = input.length;
  for (let axis = 0; axis < input.length; axis++) kept[axis] = input[axis]!;
  for (const axis of axes) kept[positiveAxis(axis, input.length)] = -1;
  shape.length = 0;
  for (let axis = 0; axis < input.length; axis++) {
    const isReduced = kept[axis] === -1;
    if (isReduced) kept[axis] = 1;
    if (!isReduced || isKept) shape.push(kept[axis]!);
  }
}

function argOp(isBetter: (x: number, best: number) => boolean): Op {
  return { arity: 2, create: (node) => createArg(node, isBetter) };
}

/** The first position of the extreme along one axis. */
function createArg(node: NodeDef, isBetter: (x: number, best: number) => boolean): Kernel {
  const dtype = dtypeAttr(node, "output_type", "int64");
  return (call) => {
    const [input, axisInput] = call.inputs as [TensorLike, TensorLike];
    const x = isBig(input.data) ? Float64Array.from(input.data, Number) : numbers(input);
    const axis = positiveAxis(readInt(axisInput), input.shape.length);
    const size = input.shape[axis]!;
    if (size === 0) throw kernelError("there is no extreme along an axis of size 0");
    const inner = product(input.shape, axis + 1);
    const out = call.output(
      0,
      dtype,
      input.shape.filter((_, a) => a !== axis),
    ) as NumberArray | BigArray;
    for (let i = 0; i < out.length; i++) {
      const start = Math.floor(i / inner) * size * inner + (i % inner);
      let best = 0;
      for (let k = 1; k < size; k++) if (isBetter(x[start + k * inner]!, x[start + best * inner]!)) best = k;
      if (isBig(out)) out[i] = BigInt(best);
      else out[i] = best;
    }
  };
}

export const reduceOps: OpTable = {
  Sum: reduction({ initial: 0, loop: sumLoop }),
  Mean: reduction({ initial: 0, loop: sumLoop, isMean: true }),
  Prod: reduction({ initial: 1, loop: loopOf((acc, x) => acc * x) }),
  Max: reduction({ initial: Number.NEGATIVE_INFINITY, loop: loopOf(Math.max) }),
  Min: reduction({ initial: Number.POSITIVE_INFINITY, loop: loopOf(Math.min) }),
  All: reduction({ initial: 1, loop: loopOf((acc, x) => (acc && x ? 1 : 0)), isForBools: true }),
  Any: reduction({ initial: 0, loop: loopOf((acc, x) => (acc || x ? 1 : 0)), isForBools: true }),
  ArgMax: argOp((x, best) => x > best),
  ArgMin: argOp((x, best) => x < best),
};
