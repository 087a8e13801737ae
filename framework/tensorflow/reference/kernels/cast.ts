/** Cast between dtypes; half and bfloat16, which no other kernel reads, become numbers here. */
// biome-ignore-all lint/style/noNonNullAssertion: loops over arrays of equal length
import { dtypeAttr } from "../../attributes.js";
import type { DType, TensorData } from "../../dtypes.js";
import type { NodeDef } from "../../GraphDef.js";
import type { TensorLike } from "../../Tensor.js";
import { isBig, type Kernel, kernelError, type OpTable } from "../op.js";

/** The value of an IEEE half-precision bit pattern. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const floatBits = new Uint32Array(1);
const floatOfBits = new Float32Array(floatBits.buffer);

/** bfloat16 is the upper half of a float32. */
function bfloat16ToNumber(bits: number): number {
  floatBits[0] = bits << 16;
  return floatOfBits[0]!;
}

const identity = (value: number) => value;

function reader(dtype: DType): (value: number) => number {
  if (dtype === "half") return halfToNumber;
  if (dtype === "bfloat16") return bfloat16ToNumber;
  return identity;
}

/**
 * A float that leaves an integer's range, or is NaN, becomes what x86 has for that: the least int32, whose low bits
 * shorter integers take; the least int64.
 */
function castInto(from: TensorLike, to: DType, out: TensorData): void {
  const { data } = from;
  if (Array.isArray(data) || Array.isArray(out) || to === "half" || to === "bfloat16") {
    throw kernelError(`cannot cast ${from.dtype} to ${to}`);
  }
  const read = reader(from.dtype);
  if (isBig(out)) {
    const limit = to === "int64" ? 2 ** 63 : 2 ** 64;
    for (let i = 0; i < out.length; i++) out[i] = isBig(data) ? data[i]! : toBig(read(data[i]!), limit);
    return;
  }
  const isToBool = to === "bool";
  const isToInteger = !isToBool && to !== "float32" && to !== "float64";
  const isLimited = isToInteger && (from.dtype.includes("float") || from.dtype === "half");
  const limit = to === "uint32" ? 2 ** 32 : 2 ** 31;
  for (let i = 0; i < out.length; i++) {
    const value = isBig(data) ? fromBig(data[i]!, isToInteger) : read(data[i]!);
    if (isToBool) out[i] = value === 0 ? 0 : 1;
    else if (isLimited && !(value > -(2 ** 31) - 1 && value < limit)) out[i] = -(2 ** 31);
    else out[i] = value;
  }
}

function toBig(value: number, limit: number): bigint {
  return value >= -(2 ** 63) && value < limit ? BigInt(Math.trunc(value)) : -(2n ** 63n);
}

/** To an integer go the low bits, which a number would lose. */
function fromBig(value: bigint, isToInteger: boolean): number {
  return Number(isToInteger ? BigInt.asIntN(32, value) : value);
}

function createCast(node: NodeDef): Kernel {
  const dtype = dtypeAttr(node, "DstT");
  return (call) => {
    const input = call.inputs[0] as TensorLike;
    const out = call.output(0, dtype, input.shape);
    if (input.dtype === dtype && !Array.isArray(out)) (out as Float32Array).set(input.data as Float32Array);
    else castInto(input, dtype, out);
  };
}

export const castOps: OpTable = { Cast: { arity: 1, create: createCast } };
