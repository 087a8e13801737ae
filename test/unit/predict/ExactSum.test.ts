import { describe, expect, it } from "vitest";
import { ExactSum } from "../../../framework/predict/ExactSum.js";
import { Random } from "./random.js";

/** A float64 as an integer multiple of 2^-1074. */
function units(value: number): bigint {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const word = bits.getBigUint64(0);
  const exponent = Number((word >> 52n) & 0x7ffn);
  const fraction = word & ((1n << 52n) - 1n);
  const magnitude = exponent === 0 ? fraction : (fraction | (1n << 52n)) << BigInt(exponent - 1);
  return word >> 63n ? -magnitude : magnitude;
}

/** Slow and plain: the neighbour of a rational number m 2^-1074 among all float64, by comparing distances. */
function nearestFloat(exact: bigint): number {
  if (exact < 0n) return -nearestFloat(-exact);
  const view = new DataView(new ArrayBuffer(8));
  const at = (pattern: bigint) => {
    view.setBigUint64(0, pattern);
    return view.getFloat64(0);
  };
  // As rational numbers the patterns of positive floats are in order, infinity standing for 2^1024.
  const infinity = 0x7ffn << 52n;
  const unitsOf = (pattern: bigint) =>
    pattern === infinity ? 1n << BigInt(1024 + 1074) : units(at(pattern));
  let low = 0n;
  let high = infinity;
  if (exact >= unitsOf(high)) return Number.POSITIVE_INFINITY;
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (unitsOf(middle) <= exact) low = middle;
    else high = middle;
  }
  const below = exact - unitsOf(low);
  const above = unitsOf(high) - exact;
  if (below === above) return at(low & 1n ? high : low);
  return at(below < above ? low : high);
}

function sumOf(values: readonly number[]): ExactSum {
  const sum = new ExactSum();
  sum.addAll(values);
  return sum;
}

const random = new Random(20);
const kinds: Record<string, () => number> = {
  "scores between 0 and 1": () => random.next(),
  "numbers of both signs": () => random.next() - 0.5,
  "every bit pattern": () => random.float64(),
  subnormals: () => (random.next() - 0.5) * 2 ** -1022,
  "numbers that cancel": () => (random.next() < 0.5 ? -1 : 1) * 2 ** Math.floor(random.next() * 200),
  "the largest": () => (random.next() < 0.5 ? -1 : 1) * Number.MAX_VALUE * (0.5 + random.next() / 2),
};

describe("the sum of", () => {
  it.each(Object.keys(kinds))("%s is the exact sum, rounded once", (kind) => {
    for (let round = 0; round < 60; round++) {
      const values = Array.from({ length: 1 + Math.floor(random.next() * 300) }, kinds[kind] as () => number);
      const exact = values.reduce((sum, value) => sum + units(value), 0n);
      expect(sumOf(values).value).toBe(nearestFloat(exact));
    }
  });

  it("halfway cases is rounded to even", () => {
    expect(sumOf([1, 2 ** -53]).value).toBe(1);
    expect(sumOf([1, 2 ** -53, Number.MIN_VALUE]).value).toBe(1 + 2 ** -52);
    expect(sumOf([1 + 2 ** -52, 2 ** -53]).value).toBe(1 + 2 ** -51);
    expect(sumOf([-1, -(2 ** -53)]).value).toBe(-1);
    expect(sumOf([2 ** 53, 1, 1]).value).toBe(2 ** 53 + 2);
    expect(sumOf([Number.MAX_VALUE, 2 ** 970]).value).toBe(Number.POSITIVE_INFINITY);
    expect(sumOf([Number.MAX_VALUE, 2 ** 970, -Number.MIN_VALUE]).value).toBe(Number.MAX_VALUE);
    expect(sumOf([Number.MAX_VALUE, Number.MAX_VALUE, -Number.MAX_VALUE]).value).toBe(Number.MAX_VALUE);
  });

  it("nothing, and of zeros, is 0", () => {
    expect(new ExactSum().value).toBe(0);
    expect(sumOf([-0, -0]).value).toBe(0);
    expect(sumOf([5e-324, -5e-324]).value).toBe(0);
  });

  it("what is not finite is as in IEEE arithmetic", () => {
    const inf = Number.POSITIVE_INFINITY;
    expect(sumOf([1, inf, -5]).value).toBe(inf);
    expect(sumOf([-inf, 1e308]).value).toBe(-inf);
    expect(sumOf([inf, 1, -inf]).value).toBeNaN();
    expect(sumOf([Number.NaN, inf]).value).toBeNaN();
  });
});

describe("adding", () => {
  it("many times equals adding one after another, beyond what a limb holds", () => {
    for (const times of [0, 1, 2, 1000, 2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1, 2 ** 30 + 7, 2 ** 40]) {
      for (const value of [0.1, -1 / 3, 5e-324, 1.7e308, -1e-310]) {
        const sum = new ExactSum();
        sum.add(0.25);
        sum.add(value, times);
        expect(sum.value).toBe(nearestFloat(units(0.25) + units(value) * BigInt(times)));
      }
    }
    expect(() => new ExactSum().add(1, 1.5)).toThrow("cannot be added 1.5 times");
    expect(() => new ExactSum().add(1, -1)).toThrow("cannot be added -1 times");
  });

  it("millions of terms moves carries on in time", () => {
    const sum = new ExactSum();
    const worst = 2 ** 32 - 1;
    for (let i = 0; i < 3_000_000; i++) sum.add(worst);
    for (let i = 0; i < 1_500_000; i++) sum.add(-worst);
    expect(sum.value).toBe(1_500_000 * worst);
  });
});

describe("sums in parts", () => {
  it("have the same bits in any order and grouping", () => {
    const values = Array.from({ length: 2000 }, () => random.float64());
    const whole = sumOf(values);
    for (let round = 0; round < 20; round++) {
      const parts = Array.from({ length: 1 + Math.floor(random.next() * 8) }, () => new ExactSum());
      for (const value of random.shuffled(values)) random.of(parts).add(value);
      const merged = new ExactSum();
      for (const part of random.shuffled(parts)) merged.merge(structuredClone(part.toPlain()));
      expect(merged.value).toBe(whole.value);
      expect(merged.toPlain()).toEqual(whole.toPlain());
    }
  });

  it("keep what is not finite", () => {
    const merged = new ExactSum();
    merged.merge(sumOf([Number.POSITIVE_INFINITY]).toPlain());
    expect(merged.value).toBe(Number.POSITIVE_INFINITY);
    merged.merge(sumOf([Number.NEGATIVE_INFINITY]).toPlain());
    expect(merged.value).toBeNaN();
  });

  it("may be merged more often than a limb has room for", () => {
    const part = sumOf([-(2 ** 32 - 1), 0.1]).toPlain();
    const merged = new ExactSum();
    for (let i = 0; i < 1000; i++) merged.merge(part);
    expect(merged.value).toBe(nearestFloat(1000n * (units(-(2 ** 32 - 1)) + units(0.1))));
  });
});
