/** The error function, by the rational approximations of W. J. Cody (Math. Comp. 23, 1969): 1e-15 relative. */
// biome-ignore-all lint/style/noNonNullAssertion: loops over the coefficients
/** erf(x) / x as a quotient of polynomials in x², for |x| up to 0.46875. */
const nearNumerator = [
  0.18577770618460315, 3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694,
];
const nearDenominator = [1, 23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171];
/** erfc(x) / exp(-x²) as a quotient of polynomials in x, up to 4. */
const farNumerator = [
  2.1531153547440383e-8, 0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001,
  881.952221241769, 1712.0476126340707, 2051.0783778260716, 1230.3393547979972,
];
const farDenominator = [
  1, 15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.7992357334597,
  4362.619090143247, 3439.3676741437216, 1230.3393548037495,
];

export function erf(x: number): number {
  const size = Math.abs(x);
  if (size <= 0.46875) return (x * polynomial(nearNumerator, x * x)) / polynomial(nearDenominator, x * x);
  if (size >= 6) return Math.sign(x);
  return Math.sign(x) * (1 - tail(size));
}

export function erfc(x: number): number {
  if (Math.abs(x) <= 0.46875) return 1 - erf(x);
  return x < 0 ? 2 - tail(-x) : tail(x);
}

/** erfc for x > 0.46875; beyond 4 its continued fraction, from the inside out. */
function tail(x: number): number {
  if (x <= 4) return (Math.exp(-x * x) * polynomial(farNumerator, x)) / polynomial(farDenominator, x);
  let fraction = 0;
  for (let n = 30; n > 0; n--) fraction = n / 2 / (x + fraction);
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * (x + fraction));
}

function polynomial(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (let i = 0; i < coefficients.length; i++) sum = sum * x + coefficients[i]!;
  return sum;
}
