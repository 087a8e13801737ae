/** Arithmetic on two tensors with broadcasting. Floats have a written-out loop each, so that it stays fast. */
// biome-ignore-all lint/style/noNonNullAssertion: inner loops; runs lie within the broadcast operands
import type { BigArray, NumberArray } from "../../dtypes.js";
import type { TensorLike } from "../../Tensor.js";
import { Broadcast } from "../broadcast.js";
import { isBig, type Kernel, kernelError, numbers, type Op, type OpTable } from "../op.js";

/** out[io …] = x[ix, ix + sx, …] ∘ y[iy, iy + sy, …], n elements. */
export type BinaryLoop = (
  x: NumberArray,
  ix: number,
  sx: number,
  y: NumberArray,
  iy: number,
  sy: number,
  out: NumberArray,
  io: number,
  n: number,
) => void;

interface Binary {
  readonly float?: BinaryLoop;
  /** For integer dtypes of up to 32 bits; the result is stored modulo the dtype's range, as in TensorFlow. */
  readonly int?: (x: number, y: number) => number;
  readonly big?: (x: bigint, y: bigint) => bigint;
}

// Runs of neighbours go four at a time in the two commonest loops: half the time.
export const addLoop: BinaryLoop = (x, ix, sx, y, iy, sy, out, io, n) => {
  if (sx === 1 && sy === 1) {
    for (; n >= 4; n -= 4, io += 4, ix += 4, iy += 4) {
      out[io] = x[ix]! + y[iy]!;
      out[io + 1] = x[ix + 1]! + y[iy + 1]!;
      out[io + 2] = x[ix + 2]! + y[iy + 2]!;
      out[io + 3] = x[ix + 3]! + y[iy + 3]!;
    }
  }
  for (const end = io + n; io < end; io++, ix += sx, iy += sy) out[io] = x[ix]! + y[iy]!;
};
const subtract: BinaryLoop = (x, ix, sx, y, iy, sy, out, io, n) => {
  for (const end = io + n; io < end; io++, ix += sx, iy += sy) out[io] = x[ix]! - y[iy]!;
};
const multiply: BinaryLoop = (x, ix, sx, y, iy, sy, out, io, n) => {
  if (sx === 1 && sy === 1) {
    for (; n >= 4; n -= 4, io += 4, ix += 4, iy += 4) {
      out[io] = x[ix]! * y[iy]!;
      out[io + 1] = x[ix + 1]! * y[iy + 1]!;
      out[io + 2] = x[ix + 2]! * y[iy + 2]!;
      out[io + 3] = x[ix + 3]! * y[iy + 3]!;
    }
  }
  for (const end = io + n; io < end; io++, ix += sx, iy += sy) out[io] = x[ix]! * y[iy]!;
};
const divide: BinaryLoop = (x, ix, sx, y, iy, sy, out, io, n) => {
  for (const end = io + n; io < end; io++, ix += sx, iy += sy) out[io] = x[ix]! / y[iy]!;
};
const maximum: BinaryLoop = (x, ix, sx, y, iy, sy, out, io, n) => {
  for (const end = io + n; io < end; io++, ix += sx, iy += sy) out[io] = Math.max(x[ix]!, y[iy]!);
};
const minimum: BinaryLoop = (x, ix, sx, y, iy, sy, out, io, n) => {
  for (const end = io + n; io < end; io++, ix += sx, iy += sy) out[io] = Math.min(x[ix]!, y[iy]!);
};
const squaredDifference: BinaryLoop = (x, ix, sx, y, iy, sy, out, io, n) => {
  for (const end = io + n; io < end; io++, ix += sx, iy += sy) {
    const difference = x[ix]! - y[iy]!;
    out[io] = difference * difference;
  }
};

/** A loop for ops that are rare, or dearer than a call. */
export function loopOf(f: (x: number, y: number) => number): BinaryLoop {
  return (x, ix, sx, y, iy, sy, out, io, n) => {
    for (const end = io + n; io < end; io++, ix += sx, iy += sy) out[io] = f(x[ix]!, y[iy]!);
  };
}

export function binary({ float, int, big }: Binary): Op {
  return { arity: 2, create: () => createBinary(float, int && loopOf(int), big) };
}

function createBinary(
  float: BinaryLoop | undefined,
  int: BinaryLoop | undefined,
  big: Binary["big"],
): Kernel {
  const walk = new Broadcast(2);
  const { at, step } = walk;
  return (call) => {
    const left = call.inputs[0] as TensorLike;
    const right = call.inputs[1] as TensorLike;
    if (left.dtype !== right.dtype) throw kernelError("the operands have different dtypes");
    walk.update(call.inputs);
    const out = call.output(0, left.dtype, walk.shape);
    if (isBig(out)) {
      if (!big) throw kernelError(`dtype ${left.dtype} is not supported by this op`);
      bigWalk(walk, left.data as BigArray, right.data as BigArray, out, big);
      return;
    }
    const isFloat = left.dtype === "float32" || left.dtype === "float64";
    const loop = isFloat ? float : int;
    if (!loop || left.dtype === "bool") throw kernelError(`dtype ${left.dtype} is not supported by this op`);
    const x = numbers(left);
    const y = numbers(right);
    for (let more = walk.start(); more; more = walk.next()) {
      loop(x, at[0]!, step[0]!, y, at[1]!, step[1]!, out as NumberArray, walk.out, walk.count);
    }
  };
}

function bigWalk(
  walk: Broadcast,
  x: BigArray,
  y: BigArray,
  out: BigArray,
  f: (x: bigint, y: bigint) => bigint,
): void {
  const { at, step } = walk;
  for (let more = walk.start(); more; more = walk.next()) {
    for (let i = 0; i < walk.count; i++)
      out[walk.out + i] = f(x[at[0]! + i * step[0]!]!, y[at[1]! + i * step[1]!]!);
  }
}

function nonZero<T extends number | bigint>(divisor: T): T {
  if (!divisor) throw kernelError("integer division by zero");
  return divisor;
}

function floorDivBig(x: bigint, y: bigint): bigint {
  const quotient = x / nonZero(y);
  return x % y !== 0n && x < 0n !== y < 0n ? quotient - 1n : quotient;
}

function larger(x: bigint, y: bigint): bigint {
  if (x < y) return y;
  return x;
}

function floorModBig(x: bigint, y: bigint): bigint {
  const rest = x % nonZero(y);
  return rest !== 0n && rest < 0n !== y < 0n ? rest + y : rest;
}

/** The remainder with the sign of y, that of x / 0 and of an infinite x NaN. */
function floorMod(x: number, y: number): number {
  const rest = x % y;
  return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
}

/** As C has it: 1 to any power is 1, and so is −1 to an infinite one. */
function pow(x: number, y: number): number {
  return x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY) ? 1 : x ** y;
}

function powInt(x: number, y: number): number {
  if (y < 0) throw kernelError("integers cannot be raised to a negative power");
  return x ** y;
}

const add = binary({ float: addLoop, int: (x, y) => x + y, big: (x, y) => x + y });
const truncateMod = binary({
  float: loopOf((x, y) => x % y),
  int: (x, y) => x % nonZero(y),
  big: (x, y) => x % nonZero(y),
});
const truncate = (x: number, y: number) => Math.trunc(x / nonZero(y));
const truncateBig = (x: bigint, y: bigint) => x / nonZero(y);

export const arithmeticOps: OpTable = {
  Add: add,
  AddV2: add,
  Sub: binary({ float: subtract, int: (x, y) => x - y, big: (x, y) => x - y }),
  Mul: binary({ float: multiply, int: Math.imul, big: (x, y) => x * y }),
  RealDiv: binary({ float: divide }),
  Div: binary({ float: divide, int: truncate, big: truncateBig }),
  DivNoNan: binary({ float: loopOf((x, y) => (y === 0 ? 0 : x / y)) }),
  FloorDiv: binary({
    float: loopOf((x, y) => Math.floor(x / y)),
    int: (x, y) => Math.floor(x / nonZero(y)),
    big: floorDivBig,
  }),
  FloorMod: binary({
    float: loopOf(floorMod),
    int: (x, y) => floorMod(x, nonZero(y)),
    big: floorModBig,
  }),
  TruncateDiv: binary({ float: loopOf((x, y) => Math.trunc(x / y)), int: truncate, big: truncateBig }),
  TruncateMod: truncateMod,
  Mod: truncateMod,
  Maximum: binary({ float: maximum, int: Math.max, big: larger }),
  Minimum: binary({ float: minimum, int: Math.min, big: (x, y) => -larger(-x, -y) }),
  SquaredDifference: binary({
    float: squaredDifference,
    int: (x, y) => Math.imul(x - y, x - y),
    big: (x, y) => (x - y) * (x - y),
  }),
  Pow: binary({
    float: loopOf(pow),
    int: powInt,
    big: (x, y) => BigInt(powInt(Number(x), Number(y))),
  }),
  Atan2: binary({ float: loopOf(Math.atan2) }),
  // 0 where the factor is 0, whatever the other operand is.
  MulNoNan: binary({ float: loopOf((x, y) => (y === 0 ? 0 : x * y)) }),
  Xdivy: binary({ float: loopOf((x, y) => (x === 0 ? 0 : x / y)) }),
  Xlogy: binary({ float: loopOf((x, y) => (x === 0 ? 0 : x * Math.log(y))) }),
  Xlog1py: binary({ float: loopOf((x, y) => (x === 0 ? 0 : x * Math.log1p(y))) }),
};
