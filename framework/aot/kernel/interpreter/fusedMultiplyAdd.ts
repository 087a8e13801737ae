/** a · b + c rounded once, as an fma instruction does: the interpreter's, exact for every float and double. */
const scratch = new DataView(new ArrayBuffer(8));

/**
 * `near` is a sum rounded to nearest, `error` the (signed) rest. Of the two doubles around the exact sum gives the one
 * with an odd last bit: rounded once more to a shorter type, it rounds as the exact sum would.
 */
export function roundToOdd(near: number, error: number): number {
  if (error === 0 || !Number.isFinite(near)) return near;
  scratch.setFloat64(0, near);
  const bits = scratch.getBigInt64(0);
  if (bits & 1n) return near;
  scratch.setBigInt64(0, bits + (error > 0 === near > 0 ? 1n : -1n));
  return scratch.getFloat64(0);
}

/** Floats: the product is exact in a double, the sum is rounded to odd. */
export function fmaF32(a: number, b: number, c: number): number {
  const product = a * b;
  const sum = product + c;
  const added = sum - product;
  const error = product - (sum - added) + (c - added);
  return Math.fround(error === 0 ? sum : roundToOdd(sum, error));
}

/** Doubles: in integers. */
export function fmaF64(a: number, b: number, c: number): number {
  const sum = a * b + c;
  if (a === 0 || b === 0 || !Number.isFinite(a) || !Number.isFinite(b)) return sum;
  if (!Number.isFinite(c)) return c;
  const [x, y, z] = [split(a), split(b), split(c)];
  const exponent = Math.min(x.exponent + y.exponent, z.exponent);
  const product = (x.mantissa * y.mantissa) << BigInt(x.exponent + y.exponent - exponent);
  const exact = product + (z.mantissa << BigInt(z.exponent - exponent));
  return exact === 0n ? sum : rounded(exact, exponent);
}

/** value = mantissa · 2^exponent */
function split(value: number): { mantissa: bigint; exponent: number } {
  scratch.setFloat64(0, value);
  const bits = scratch.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = (bits & (2n ** 52n - 1n)) | (exponent > 0 ? 2n ** 52n : 0n);
  return { mantissa: bits >> 63n ? -fraction : fraction, exponent: Math.max(exponent, 1) - 1075 };
}

/** The double nearest to mantissa · 2^exponent, ties to even, also where doubles get subnormal. */
function rounded(mantissa: bigint, exponent: number): number {
  const sign = mantissa < 0n ? -1 : 1;
  const magnitude = mantissa < 0n ? -mantissa : mantissa;
  const last = Math.max(exponent + magnitude.toString(2).length - 53, -1074);
  if (last <= exponent) return sign * Number(magnitude) * 2 ** exponent;
  const shift = BigInt(last - exponent);
  const kept = magnitude >> shift;
  const twiceRest = (magnitude - (kept << shift)) << 1n;
  const unit = 1n << shift;
  const isUp = twiceRest > unit || (twiceRest === unit && (kept & 1n) === 1n);
  return sign * Number(kept + (isUp ? 1n : 0n)) * 2 ** last;
}
