/**
 * The sum of float64 numbers as it is in exact arithmetic, rounded once: it hangs on neither order nor grouping, so
 * streams and threads add up in any order to the same bits. A fixed-point number wide enough for every finite float64.
 */
import { Exception } from "../base/errors.js";

/** Bits of a limb; limb i counts multiples of 2^(32 i - 1074), the lowest bit being the smallest subnormal's. */
const limbBits = 32;
const lowestExponent = -1074;
/** 2098 bits for the largest float64, and 142 above for sums of as many as can ever be counted. */
const limbCount = 70;
/** Terms below 2^32 that a limb takes before its carry must be moved on: it stays below 2^53. */
const termsPerCarry = 2 ** 20;
const limbBase = 2 ** limbBits;

const float = new Float64Array(1);
/** [low, high] word, on the little-endian machines that Node runs on. */
const words = new Uint32Array(float.buffer);

/** An ExactSum as plain data; equal sums have equal data. */
export interface PlainExactSum {
  readonly limbs: Float64Array;
  readonly hasNaN: boolean;
  readonly hasPositiveInfinity: boolean;
  readonly hasNegativeInfinity: boolean;
}

export class ExactSum {
  /** Integers; only the highest may stay negative once carried. */
  readonly #limbs = new Float64Array(limbCount);
  /** Terms that the limbs still take. */
  #room = termsPerCarry;
  #hasNaN = false;
  #hasPositiveInfinity = false;
  #hasNegativeInfinity = false;

  /**
   * Adds `value`, `times` times.
   * @throws LogicError when `times` is no integer from 0 to 2^53 - 1
   */
  add(value: number, times = 1): void {
    float[0] = value;
    const high = words[1] as number;
    const exponent = (high >>> 20) & 0x7ff;
    if (times !== 1 && (!Number.isSafeInteger(times) || times < 0))
      throw new Exception("LogicError", `ExactSum: a number cannot be added ${times} times.`);
    if (times === 0) return;
    if (exponent === 0x7ff) {
      this.#addSpecial(value);
      return;
    }
    // A subnormal has no hidden bit, and the scale of the lowest normal.
    const top = (high & 0xfffff) | (exponent === 0 ? 0 : 0x100000);
    const low = words[0] as number;
    const position = exponent === 0 ? 0 : exponent - 1;
    const shift = position & (limbBits - 1);
    const first = (low << shift) >>> 0;
    const second = shift === 0 ? top : ((top << shift) | (low >>> (limbBits - shift))) >>> 0;
    const third = shift === 0 ? 0 : top >>> (limbBits - shift);
    const sign = high >>> 31 === 0 ? 1 : -1;
    this.#addWords(position >>> 5, first, second, third, sign, times);
  }

  /** Adds every element. */
  addAll(values: ArrayLike<number>): void {
    for (let i = 0; i < values.length; i++) this.add(values[i] as number);
  }

  merge({ limbs, hasNaN, hasPositiveInfinity, hasNegativeInfinity }: PlainExactSum): void {
    this.#carry();
    for (let i = 0; i < limbCount; i++) (this.#limbs[i] as number) += limbs[i] as number;
    this.#carry();
    this.#hasNaN ||= hasNaN;
    this.#hasPositiveInfinity ||= hasPositiveInfinity;
    this.#hasNegativeInfinity ||= hasNegativeInfinity;
  }

  /** The sum, rounded to the nearest float64, ties to even. NaN as in IEEE arithmetic; never -0. */
  get value(): number {
    if (this.#hasNaN || (this.#hasPositiveInfinity && this.#hasNegativeInfinity)) return Number.NaN;
    if (this.#hasPositiveInfinity) return Number.POSITIVE_INFINITY;
    if (this.#hasNegativeInfinity) return Number.NEGATIVE_INFINITY;
    let total = 0n;
    for (let i = limbCount - 1; i >= 0; i--) total = (total << 32n) + BigInt(this.#limbs[i] as number);
    return total < 0n ? -rounded(-total) : rounded(total);
  }

  toPlain(): PlainExactSum {
    this.#carry();
    return {
      limbs: this.#limbs.slice(),
      hasNaN: this.#hasNaN,
      hasPositiveInfinity: this.#hasPositiveInfinity,
      hasNegativeInfinity: this.#hasNegativeInfinity,
    };
  }

  #addSpecial(value: number): void {
    if (Number.isNaN(value)) this.#hasNaN = true;
    else if (value > 0) this.#hasPositiveInfinity = true;
    else this.#hasNegativeInfinity = true;
  }

  #addWords(limb: number, first: number, second: number, third: number, sign: number, times: number): void {
    const limbs = this.#limbs;
    for (let left = times; left > 0; ) {
      if (this.#room === 0) this.#carry();
      const now = Math.min(left, this.#room);
      const factor = sign * now;
      (limbs[limb] as number) += first * factor;
      (limbs[limb + 1] as number) += second * factor;
      (limbs[limb + 2] as number) += third * factor;
      this.#room -= now;
      left -= now;
    }
  }

  /** Brings every limb but the highest into 0 … 2^32 - 1: the one form that each sum has. */
  #carry(): void {
    const limbs = this.#limbs;
    let carry = 0;
    for (let i = 0; i < limbCount - 1; i++) {
      const sum = (limbs[i] as number) + carry;
      carry = Math.floor(sum / limbBase);
      limbs[i] = sum - carry * limbBase;
    }
    (limbs[limbCount - 1] as number) += carry;
    this.#room = termsPerCarry - 1;
  }
}

/** Bits kept of a long integer before it is rounded: enough that the rest is only zero or not. */
const keptBits = 64;

/** A sum in units of 2^-1074 as the nearest float64. */
function rounded(total: bigint): number {
  const bits = total.toString(16).length * 4;
  const shift = Math.max(0, bits - keptBits);
  let kept = total >> BigInt(shift);
  if (kept << BigInt(shift) !== total) kept |= 1n;
  // Beyond the largest power of two, which is finite, everything is infinite.
  const exponent = shift + lowestExponent;
  return exponent > 1023 ? Number.POSITIVE_INFINITY : Number(kept) * 2 ** exponent;
}
