/** The error function and its complement. Coefficients: scripts/fitPolynomials.py. */
import { add, binary, div, fma, max, min, mul, select, sub } from "../expr.js";
import type { Expr } from "../ir.js";
import type { KernelBuilder } from "../KernelBuilder.js";
import { exactProduct, inDoubles } from "./doubles.js";
import { expOfSum } from "./exp.js";
import { like, polynomial, withSignOf } from "./polynomial.js";
import { abs, neg } from "./rounding.js";

/** erf x = x + x (c0 + c1 x² + …) up to 1. */
const smallF32 = [
  0.128379166, -0.37612626, 0.11283581, -0.0268535465, 0.00518774055, -0.000800463313, 7.8346995e-5,
];
/** erf x = c0 + c1 (x − 2.46875) + …, from 1 to where floats are 1. */
const largeF32 = [
  0.999519408, 0.0025440671, -0.00628201431, 0.00949137565, -0.00961123221, 0.00664307456, -0.00293386145,
  0.000488491904, 0.000367242872, -0.000296955084, 5.4154385e-5, 2.44480634e-5, -9.13348777e-6,
];
const saturation = 3.92;

/** erf x = x (c0 + c1 x² + …) up to 1. */
const smallF64 = [
  1.1283791670955126, -0.37612638903183343, 0.11283791670936628, -0.02686617064179866, 0.0052239775941437675,
  -0.0008548325278676972, 0.00012055271018792417, -1.4924194940993135e-5, 1.643918599379742e-6,
  -1.6125464897410074e-7, 1.318793463188132e-8, -5.831356587350013e-10, -3.180427076802784e-11,
];
/** Of e^(x²) erfc(x) / (1 − t), where t = (x − 3) / (x + 3). */
const complement = [
  0.17900115118138996, -0.1472324088616473, 0.09837139285068161, -0.051744543650090825, 0.019921293548005398,
  -0.004471205770940745, -0.00020206944081277222, 0.0005056770045948858, -9.13849131576415e-5,
  -4.612969395854591e-5, 1.7926671818164956e-5, 5.066734639225823e-6, -2.910772869884108e-6,
  -7.931670076144746e-7, 4.5851874511664343e-7, 1.708994906903589e-7, -6.491150906408242e-8,
  -4.61572152499531e-8, 6.373126731663848e-9, 1.4935931841320263e-8, -1.4187900892419583e-9,
  -3.752911886648435e-9, 1.048080463003199e-9,
];

/** erf x; f32 without branches. */
export function erf(k: KernelBuilder, x: Expr): Expr {
  const of = like(x);
  const size = k.let(abs(x));
  const isSmall = k.let(binary("lt", size, of(1)));
  if (x.type === "f64") {
    const outer = k.let(sub(of(1), largeErfc(k, k.let(max(size, of(1))))));
    return select(isSmall, smallErf(k, x), withSignOf(outer, x));
  }
  const inner = fma(x, polynomial(k.let(mul(x, x)), smallF32), x);
  const u = k.let(sub(min(size, of(saturation)), of(2.46875)));
  return select(isSmall, inner, withSignOf(k.let(polynomial(u, largeF32)), x));
}

/** 1 − erf x, with relative accuracy for large x. */
export const erfc = inDoubles((k, x) => {
  const of = like(x);
  const large = k.let(largeErfc(k, k.let(max(abs(x), of(0.5)))));
  const outer = select(binary("lt", x, of(0)), sub(of(2), large), large);
  return select(binary("lt", abs(x), of(0.5)), sub(of(1), smallErf(k, x)), outer);
});

/** |x| ≤ 1 */
function smallErf(k: KernelBuilder, x: Expr): Expr {
  return mul(x, polynomial(k.let(mul(x, x)), smallF64));
}

/** x ≥ 0.5: e^(−x²), whose argument is exact, times a polynomial. */
function largeErfc(k: KernelBuilder, x: Expr): Expr {
  const of = like(x);
  const bounded = k.let(min(x, of(28)));
  const square = exactProduct(k, bounded, bounded);
  const t = k.let(div(sub(bounded, of(3)), add(bounded, of(3))));
  const rest = div(of(6), add(bounded, of(3)));
  return mul(expOfSum(k, k.let(neg(square.high)), neg(square.low)), mul(rest, polynomial(t, complement)));
}
