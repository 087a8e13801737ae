/** The error function against its power series, the slow way to compute it. */
import { expect, it } from "vitest";
import { erf, erfc } from "../../../framework/tensorflow/reference/kernels/erf.js";

/** 2/√π · Σ (-1)ⁿ x²ⁿ⁺¹ / (n! (2n+1)), exact to 1e-12 where its terms do not grow large. */
function erfSlow(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 200; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

it("erf and erfc agree with the series", () => {
  for (let x = -2.5; x <= 2.5; x += 0.01) {
    expect(Math.abs(erf(x) - erfSlow(x)), `erf(${x})`).toBeLessThan(1e-12);
    expect(Math.abs(erfc(x) - (1 - erfSlow(x))), `erfc(${x})`).toBeLessThan(1e-12);
  }
});

it("keeps the edges", () => {
  expect([erf(0), erf(Number.POSITIVE_INFINITY), erf(-7), erf(Number.NaN)]).toEqual([0, 1, -1, Number.NaN]);
  expect([erfc(Number.POSITIVE_INFINITY), erfc(Number.NEGATIVE_INFINITY)]).toEqual([0, 2]);
  expect(erfc(5) / 1.5374597944280349e-12).toBeCloseTo(1, 10);
  expect(erfc(4.0000001) / erfc(3.9999999)).toBeCloseTo(1, 5);
});
