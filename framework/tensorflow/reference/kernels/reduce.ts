/** Reductions over any axes, in double precision, and the positions of extremes. */
// biome-ignore-all lint/style/noNonNullAssertion: runs lie within the broadcast operands
import { boolAttr, dtypeAttr } from "../../attributes.js";
import type { BigArray, NumberArray } from "../../dtypes.js";
import type { NodeDef } from "../../GraphDef.js";
import type { TensorLike } from "../../Tensor.js";
import { Broadcast } from "../broadcast.js";
import { isBig, type Kernel, kernelError, numbers, type Op, type OpTable, positiveAxis } from "../op.js";
import { lowestOf, product, readInt, readInts } from "../op.js";

interface Reduction {
  readonly initial: number;
  /** Folds n elements from x[ix] on into acc[ia], acc[ia + sa] …; sa is 0 along a reduced axis. */
  readonly loop: (x: NumberArray, ix: number, acc: Float64Array, ia: number, sa: number, n: number) => void;
  /** The result from what was folded, of so many elements to one. */
  readonly finish?: (acc: number, count: number) => number;
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
    store(out as NumberArray | BigArray, sums, x.length / out.length, rule.finish);
  };
}

function store(
  out: NumberArray | BigArray,
  sums: Float64Array,
  count: number,
  finish: Reduction["finish"] = (acc) => acc,
): void {
  if (isBig(out)) for (let i = 0; i < out.length; i++) out[i] = BigInt(Math.trunc(finish(sums[i]!, count)));
  else for (let i = 0; i < out.length; i++) out[i] = finish(sums[i]!, count);
}

/** Half the sum of squares, a scalar. */
function createHalfSquares(): Kernel {
  return (call) => {
    const input = call.inputs[0] as TensorLike;
    if (!input.dtype.startsWith("float"))
      throw kernelError(`dtype ${input.dtype} is not supported by this op`);
    let sum = 0;
    for (const x of numbers(input)) sum += x * x;
    (call.output(0, input.dtype, []) as NumberArray)[0] = sum / 2;
  };
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

function argOp(sign: 1 | -1): Op {
  return { arity: 2, create: (node) => createArg(node, sign) };
}

/** The first position of the largest x · sign along one axis; NaN is passed over, and 0 is for where nothing is left. */
function createArg(node: NodeDef, sign: 1 | -1): Kernel {
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
      let largest = lowestOf(input.dtype);
      for (let k = 0; k < size; k++) {
        const value = sign * x[start + k * inner]!;
        if (value > largest) [best, largest] = [k, value];
      }
      if (isBig(out)) out[i] = BigInt(best);
      else out[i] = best;
    }
  };
}

export const reduceOps: OpTable = {
  Sum: reduction({ initial: 0, loop: sumLoop }),
  Mean: reduction({ initial: 0, loop: sumLoop, finish: (sum, count) => sum / count }),
  Prod: reduction({ initial: 1, loop: loopOf((acc, x) => acc * x) }),
  Max: reduction({ initial: Number.NEGATIVE_INFINITY, loop: loopOf(Math.max) }),
  Min: reduction({ initial: Number.POSITIVE_INFINITY, loop: loopOf(Math.min) }),
  All: reduction({ initial: 1, loop: loopOf((acc, x) => (acc && x ? 1 : 0)), isForBools: true }),
  Any: reduction({ initial: 0, loop: loopOf((acc, x) => (acc || x ? 1 : 0)), isForBools: true }),
  EuclideanNorm: reduction({ initial: 0, loop: loopOf((acc, x) => acc + x * x), finish: Math.sqrt }),
  L2Loss: { arity: 1, create: createHalfSquares },
  ArgMax: argOp(1),
  ArgMin: argOp(-1),
};
