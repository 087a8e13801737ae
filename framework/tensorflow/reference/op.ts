/** What an op of the reference engine is: a function that reads a node's attributes once and returns its kernel. */
import { Exception } from "../../base/errors.js";
import type { BigArray, DType, NumberArray, TensorData } from "../dtypes.js";
import type { NodeDef } from "../GraphDef.js";
import type { TensorLike } from "../Tensor.js";
import type { ElementList } from "./ElementList.js";

/** What a kernel sees of one run. */
export interface KernelCall {
  readonly inputs: readonly TensorLike[];
  /** Sets dtype and shape of an output (the shape is copied) and returns its memory, with undefined contents. */
  output(index: number, dtype: DType, shape: readonly number[]): TensorData;
  /** Makes an output the same memory as an input, under another shape; only as the op's `aliasOf` declares. */
  alias(shape: readonly number[], output?: number, input?: number): void;
  /** Makes output 0 a tensor that nobody writes to. */
  give(tensor: TensorLike): void;
  /** Whether an input has been computed; only Merge is called when one has not. */
  isLive(input: number): boolean;
  /** Declares an output not computed: what reads it is not run. */
  kill(output: number): void;
  /** The TensorList or TensorArray that an input is. @throws InvalidRun if it is none */
  elements(input: number): ElementList;
  setElements(output: number, list: ElementList): void;
  /** Memory that lasts until the run ends. */
  lasting(dtype: DType, count: number): TensorData;
}

export type Kernel = (call: KernelCall) => void;

export interface Op {
  /** Number of data inputs: exactly, or at least and at most. */
  readonly arity: number | readonly [least: number, most: number];
  readonly create: (node: NodeDef) => Kernel;
  /** Number of outputs, 1 where not given. */
  readonly outputs?: (node: NodeDef) => number;
  /** The input whose memory an output is ("any" one of them), or undefined where it has its own. */
  readonly aliasOf?: (output: number) => number | "any" | undefined;
  /** Not computed at load even when all its inputs are constant. */
  readonly isVolatile?: boolean;
  /** It may leave an output dead though it is run itself: Switch. */
  readonly isSwitch?: boolean;
}

export type OpTable = Readonly<Record<string, Op>>;

/** An error of a kernel; the executor adds which node it was. */
export function kernelError(what: string): Exception {
  return new Exception("InvalidRun", what);
}

/** The elements as numbers. @throws InvalidRun for dtypes that are computed otherwise, or not at all. */
export function numbers(tensor: TensorLike): NumberArray {
  const { dtype, data } = tensor;
  const isOther = data instanceof BigInt64Array || data instanceof BigUint64Array || Array.isArray(data);
  if (isOther || dtype === "half" || dtype === "bfloat16")
    throw kernelError(`dtype ${dtype} is not supported by this op`);
  return data;
}

export function isBig(data: TensorData): data is BigArray {
  return data instanceof BigInt64Array || data instanceof BigUint64Array;
}

/** Reads a small integer tensor (a shape, axes, a permutation) into `into`, which is reused from run to run. */
export function readInts(tensor: TensorLike | undefined, into: number[]): number[] {
  if (!tensor) throw kernelError("an input is missing");
  const { data } = tensor;
  const isInteger = isBig(data) || data instanceof Int32Array || data instanceof Int16Array;
  if (!isInteger)
    throw kernelError(`expects int32 or int64 for sizes, axes and positions, not ${tensor.dtype}`);
  into.length = data.length;
  for (let i = 0; i < data.length; i++) into[i] = Number(data[i]);
  return into;
}

/** A single integer of a scalar, or of a one-element tensor. */
export function readInt(tensor: TensorLike | undefined): number {
  if (tensor?.data.length !== 1) throw kernelError("expects a scalar for an axis or a count");
  const value = Number(tensor.data[0]);
  if (!Number.isInteger(value)) throw kernelError(`expects a whole number, not ${value}`);
  return value;
}

/** An axis counted from 0; negative ones count from the end. */
export function positiveAxis(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (positive < 0 || positive >= rank) throw kernelError(`axis ${axis} is out of range for rank ${rank}`);
  return positive;
}

/** What TensorFlow starts a maximum from: of floats the least finite one, though -Infinity is less. */
export function lowestOf(dtype: DType): number {
  if (dtype === "float32") return -3.4028234663852886e38;
  return dtype === "float64" ? -Number.MAX_VALUE : Number.NEGATIVE_INFINITY;
}

/** The product of the dimensions [from, to). */
export function product(shape: readonly number[], from = 0, to = shape.length): number {
  let result = 1;
  for (let axis = from; axis < to; axis++) result *= shape[axis] as number;
  return result;
}

/** Copies a shape into a reused array. */
export function copyShape(from: readonly number[], to: number[]): number[] {
  to.length = from.length;
  for (let axis = 0; axis < from.length; axis++) to[axis] = from[axis] as number;
  return to;
}
