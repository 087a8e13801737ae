/** Comparisons, logic on bools, and the choice between two tensors. */
// biome-ignore-all lint/style/noNonNullAssertion: runs lie within the broadcast operands
import type { TensorData } from "../../dtypes.js";
import type { TensorLike } from "../../Tensor.js";
import { Broadcast } from "../broadcast.js";
import { type Kernel, kernelError, numbers, type Op, type OpTable, product } from "../op.js";
import { stridesOf } from "../stridedCopy.js";

/** Elements as something that `<` and `===` compare, whatever the dtype. */
type Comparable = { readonly length: number; readonly [i: number]: number };

function comparison(f: (x: number, y: number) => boolean, isForBools = false): Op {
  return { arity: 2, create: () => createComparison(f, isForBools) };
}

function createComparison(f: (x: number, y: number) => boolean, isForBools: boolean): Kernel {
  const walk = new Broadcast(2);
  const { at, step } = walk;
  return (call) => {
    const [left, right] = call.inputs as [TensorLike, TensorLike];
    if (left.dtype !== right.dtype) throw kernelError("the operands have different dtypes");
    if (isForBools && left.dtype !== "bool") throw kernelError(`expects bool, not ${left.dtype}`);
    walk.update(call.inputs);
    const x = comparable(left.data);
    const y = comparable(right.data);
    const out = call.output(0, "bool", walk.shape) as Uint8Array;
    for (let more = walk.start(); more; more = walk.next()) {
      for (let i = 0; i < walk.count; i++) {
        out[walk.out + i] = f(x[at[0]! + i * step[0]!]!, y[at[1]! + i * step[1]!]!) ? 1 : 0;
      }
    }
  };
}

function comparable(data: TensorData): Comparable {
  if (Array.isArray(data)) throw kernelError("dtype string is not supported by this op");
  return data as unknown as Comparable;
}

function createLogicalNot(): Kernel {
  return (call) => {
    const input = call.inputs[0] as TensorLike;
    if (input.dtype !== "bool") throw kernelError(`expects bool, not ${input.dtype}`);
    const x = numbers(input);
    const out = call.output(0, "bool", input.shape) as Uint8Array;
    for (let i = 0; i < x.length; i++) out[i] = x[i] ? 0 : 1;
  };
}

/** SelectV2 broadcasts all three; Select also takes a vector condition that chooses whole rows. */
function createSelect(isFirstVersion: boolean): () => Kernel {
  return () => {
    const walk = new Broadcast(3);
    const { at, step } = walk;
    const shapes = [{ shape: [] as number[] }, { shape: [] as number[] }, { shape: [] as number[] }];
    return (call) => {
      const [condition, x, y] = call.inputs as [TensorLike, TensorLike, TensorLike];
      if (condition.dtype !== "bool" || x.dtype !== y.dtype)
        throw kernelError("expects a bool and two of one dtype");
      for (const [i, input] of call.inputs.entries()) shapes[i]!.shape = input.shape as number[];
      if (isFirstVersion && condition.shape.length === 1 && x.shape.length > 1) {
        shapes[0]!.shape = [condition.shape[0]!, ...x.shape.slice(1).fill(1)];
      }
      walk.update(shapes);
      const out = call.output(0, x.dtype, walk.shape) as Float32Array;
      const c = numbers(condition);
      const yes = x.data as Float32Array;
      const no = y.data as Float32Array;
      for (let more = walk.start(); more; more = walk.next()) {
        for (let i = 0; i < walk.count; i++) {
          const isYes = c[at[0]! + i * step[0]!] !== 0;
          out[walk.out + i] = isYes ? yes[at[1]! + i * step[1]!]! : no[at[2]! + i * step[2]!]!;
        }
      }
    };
  };
}

/** Where with one input: the positions of the true elements, int64[count, rank]. */
function createWhere(): Kernel {
  const strides: number[] = [];
  return (call) => {
    const input = call.inputs[0] as TensorLike;
    const x = numbers(input);
    const rank = input.shape.length;
    stridesOf(input.shape, strides);
    let count = 0;
    for (let i = 0; i < x.length; i++) if (x[i]) count++;
    const out = call.output(0, "int64", [count, rank]) as BigInt64Array;
    let at = 0;
    for (let i = 0; i < product(input.shape); i++) {
      if (!x[i]) continue;
      for (let axis = 0; axis < rank; axis++)
        out[at++] = BigInt(Math.floor(i / strides[axis]!) % input.shape[axis]!);
    }
  };
}

export const comparisonOps: OpTable = {
  Equal: comparison((x, y) => x === y),
  NotEqual: comparison((x, y) => x !== y),
  Less: comparison((x, y) => x < y),
  LessEqual: comparison((x, y) => x <= y),
  Greater: comparison((x, y) => x > y),
  GreaterEqual: comparison((x, y) => x >= y),
  LogicalAnd: comparison((x, y) => x !== 0 && y !== 0, true),
  LogicalOr: comparison((x, y) => x !== 0 || y !== 0, true),
  LogicalNot: { arity: 1, create: createLogicalNot },
  Select: { arity: 3, create: createSelect(true) },
  SelectV2: { arity: 3, create: createSelect(false) },
  Where: { arity: 1, create: createWhere },
};
