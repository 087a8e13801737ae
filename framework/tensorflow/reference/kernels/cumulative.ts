/** Cumsum and Cumprod: each element is the sum or product of those up to it along an axis, floats in double precision. */
// biome-ignore-all lint/style/noNonNullAssertion: loops over rows of a checked shape
import { boolAttr } from "../../attributes.js";
import type { NumberArray } from "../../dtypes.js";
import type { NodeDef } from "../../GraphDef.js";
import type { TensorLike } from "../../Tensor.js";
import { isBig, type Kernel, kernelError, numbers, type Op, type OpTable } from "../op.js";
import { positiveAxis, product, readInt } from "../op.js";

interface Rule {
  readonly initial: number;
  readonly float: (acc: number, x: number) => number;
  /** Modulo 2^32, so that no bit is lost. */
  readonly int: (acc: number, x: number) => number;
  readonly big: (acc: bigint, x: bigint) => bigint;
}

function cumulative(rule: Rule): Op {
  return { arity: 2, create: (node) => createCumulative(node, rule) };
}

function createCumulative(node: NodeDef, { initial, float, int, big }: Rule): Kernel {
  const isExclusive = boolAttr(node, "exclusive");
  const isReverse = boolAttr(node, "reverse");
  return (call) => {
    const [input, axisInput] = call.inputs as [TensorLike, TensorLike];
    const { dtype, shape, data } = input;
    if (dtype === "bool") throw kernelError("dtype bool is not supported by this op");
    const axis = positiveAxis(readInt(axisInput), shape.length);
    const inner = product(shape, axis + 1);
    const size = shape[axis]!;
    const out = call.output(0, dtype, shape);
    const step = isReverse ? -inner : inner;
    for (let row = 0; row < out.length / size; row++) {
      const first = Math.floor(row / inner) * size * inner + (row % inner);
      const at = isReverse ? first + (size - 1) * inner : first;
      if (isBig(data) && isBig(out)) scan(data, out, at, step, size, BigInt(initial), big, isExclusive);
      else {
        const fold = dtype.startsWith("float") ? float : int;
        scan(numbers(input), out as NumberArray, at, step, size, initial, fold, isExclusive);
      }
    }
  };
}

function scan<T extends number | bigint>(
  x: { readonly [at: number]: T },
  out: { [at: number]: T },
  first: number,
  step: number,
  size: number,
  initial: T,
  fold: (acc: T, x: T) => T,
  isExclusive: boolean,
): void {
  let acc = initial;
  for (let i = 0, at = first; i < size; i++, at += step) {
    const next = fold(acc, x[at]!);
    out[at] = isExclusive ? acc : next;
    acc = next;
  }
}

export const cumulativeOps: OpTable = {
  Cumsum: cumulative({
    initial: 0,
    float: (acc, x) => acc + x,
    int: (acc, x) => (acc + x) | 0,
    big: (acc, x) => acc + x,
  }),
  Cumprod: cumulative({
    initial: 1,
    float: (acc, x) => acc * x,
    int: Math.imul,
    big: (acc, x) => BigInt.asIntN(64, acc * x),
  }),
};
