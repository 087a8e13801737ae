/** Error function references in doubles, and distances in units in the last place. */

/** Series of positive terms up to 2.5, then 1 − erfc. */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (size > 2.5) return Math.sign(x) * (1 - erfc(size));
  let [sum, term] = [x, x];
  for (let n = 1; n < 80; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** Laplace's continued fraction from 2.5 up, for floats x (x² is then exact). */
export function erfc(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x < 2.5) return 1 - erf(x);
  if (x > 30) return 0;
  let fraction = x;
  for (let n = 200; n > 0; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
}

const scratch = new DataView(new ArrayBuffer(8));

/** The error of a float in units in the last place of the exact value (a double); 0 where both are the same or NaN. */
export function ulpsF32(value: number, exact: number): number {
  if (Object.is(value, Math.fround(exact))) return 0;
  if (Math.abs(exact) >= 2 ** 128 && Math.abs(value) === Infinity && value > 0 === exact > 0) return 0;
  if (value === 0 && exact === 0) return Infinity;
  const size = Math.min(Math.abs(exact), 2 ** 127);
  const bound = Number.isFinite(value) ? value : Math.sign(value) * 2 ** 128;
  const unit = Math.max(2 ** (Math.floor(Math.log2(size)) - 23), 2 ** -149);
  const error = Math.abs(bound - Math.max(-(2 ** 128), Math.min(2 ** 128, exact))) / unit;
  return Number.isNaN(error) ? Infinity : error;
}

/** How many doubles apart. */
export function ulpsF64(value: number, expected: number): number {
  if (Object.is(value, expected)) return 0;
  if (Number.isNaN(value) || Number.isNaN(expected) || (value === 0 && expected === 0)) return Infinity;
  const place = (x: number) => {
    scratch.setFloat64(0, x);
    const bits = scratch.getBigInt64(0);
    return bits < 0n ? -(bits & (2n ** 63n - 1n)) : bits;
  };
  return Math.abs(Number(place(value) - place(expected)));
}

/** Floats of every exponent and sign, denser between ±2^-20 and ±2^10, with the usual edges. */
export function floats(perBinade: number): number[] {
  const all = [
    0,
    -0,
    Infinity,
    -Infinity,
    NaN,
    1,
    -1,
    0.5,
    -0.5,
    2 ** -149,
    -(2 ** -149),
    3.4028234663852886e38,
  ];
  let seed = 12345;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  for (let exponent = -149; exponent < 128; exponent++) {
    const count = exponent >= -20 && exponent < 10 ? 8 * perBinade : perBinade;
    for (let n = 0; n < count; n++) {
      const value = Math.fround(2 ** exponent * (1 + random()));
      all.push(value, -value);
    }
  }
  return all;
}
