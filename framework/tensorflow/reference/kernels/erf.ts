/** The error function, by the rational approximations of W. J. Cody (Math. Comp. 23, 1969): 1e-15 relative. */
// biome-ignore-all lint/style/noNonNullAssertion: loops over the coefficients
/** erf(x) / x as a quotient of polynomials in x², for |x| up to 0.46875. */
const nearNumerator = [
  1.85777706184603153e-1, 3.1611237438705656, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3,
];
const nearDenominator = [1, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3];
/** erfc(x) / exp(-x²) as a quotient of polynomials in x, up to 4. */
const farNumerator = [
  2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1, 2.98635138197400131e2,
  8.8195222124176909e2, 1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3,
];
const farDenominator = [
  1, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3, 3.29079923573345963e3,
  4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
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
