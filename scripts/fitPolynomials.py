"""
Fits the coefficients in framework/aot/kernel/math: python3 scripts/fitPolynomials.py [name] (needs mpmath).

Minimax by Lawson's method: least squares on Chebyshev points, each point's weight multiplied by its error until the
errors are level. Rational functions: f·Q - P instead, divided by the last Q. Coefficients are rounded to their type one
after the other, lowest power first, the others being fitted again. Prints them with the largest error in 2^-24 (f32)
or 2^-53 (f64) of the value.
"""
import struct, sys
from mpmath import atan, cos, erf, erfc, exp, expm1, log, log1p, lu_solve, matrix, mp, mpf, pi, sqrt, tanh

mp.dps = 50


def rounded(value, kind):
    return mpf(struct.unpack("f", struct.pack("f", float(value)))[0]) if kind == "f32" else mpf(float(value))


def lawson(rows, targets, rounds=40):
    """Coefficients c that level |rows·c - targets|."""
    weights = [mpf(1) / len(rows)] * len(rows)
    best, least = None, None
    n = len(rows[0])
    for _ in range(rounds):
        normal, right = matrix(n, n), matrix(n, 1)
        for row, target, weight in zip(rows, targets, weights):
            for i in range(n):
                w = row[i] * weight
                right[i] += w * target
                for j in range(i, n):
                    normal[i, j] += w * row[j]
        for i in range(n):
            for j in range(i):
                normal[i, j] = normal[j, i]
        c = lu_solve(normal, right)
        errors = [abs(sum(a * b for a, b in zip(row, c)) - target) for row, target in zip(rows, targets)]
        if least is None or max(errors) < least:
            best, least = list(c), max(errors)
        total = sum(w * e for w, e in zip(weights, errors))
        if total == 0:
            break
        weights = [w * e / total for w, e in zip(weights, errors)]
    return best, least


def points(low, high, count):
    return [(low + high) / 2 + (high - low) / 2 * cos(pi * (k + mpf(1) / 2) / count) for k in range(count)]


def polynomial(f, low, high, degree, kind, known=lambda x: 0, factor=lambda x: 1, scale=None):
    """known(x) + factor(x)·(c0 + c1 x + …) ≈ f(x), relative to scale(x) (default f)."""
    scale = scale or f
    xs = [x for x in points(mpf(low), mpf(high), 12 * (degree + 1) + 1) if scale(x) != 0]
    fixed = []
    for _ in range(degree + 1):
        rows = [[factor(x) * x**k / scale(x) for k in range(len(fixed), degree + 1)] for x in xs]
        given = lambda x: known(x) + factor(x) * sum(c * x**k for k, c in enumerate(fixed))
        c, _least = lawson(rows, [(f(x) - given(x)) / scale(x) for x in xs], 40 if not fixed else 12)
        fixed.append(rounded(c[0], kind))
    error = max(abs(known(x) + factor(x) * sum(c * x**k for k, c in enumerate(fixed)) - f(x)) / abs(scale(x)) for x in xs)
    return fixed, error


def rational(f, low, high, p, q):
    """(1 + p1 z + …) / (1 + q1 z + …) ≈ f(z), relatively, in f32."""
    zs = points(mpf(low), mpf(high), 10 * (p + q + 2))
    ps, qs = [mpf(1)], [mpf(1)]
    value = lambda c, z: sum(a * z**k for k, a in enumerate(c))
    while len(ps) + len(qs) < p + q + 2:
        denominators = [mpf(1)] * len(zs)
        for _ in range(5):
            rows = [
                [z**k / d / f(z) for k in range(len(ps), p + 1)] + [-(z**k) / d for k in range(len(qs), q + 1)]
                for z, d in zip(zs, denominators)
            ]
            targets = [(value(qs, z) - value(ps, z) / f(z)) / d for z, d in zip(zs, denominators)]
            c, _least = lawson(rows, targets, 12)
            open_p = p + 1 - len(ps)
            denominators = [value(qs + c[open_p:], z) for z in zs]
        if open_p and len(ps) <= len(qs):
            ps.append(rounded(c[0], "f32"))
        else:
            qs.append(rounded(c[open_p], "f32"))
    return ps, qs, max(abs(value(ps, z) / value(qs, z) / f(z) - 1) for z in zs)


half = log(2) / 2 * mpf("1.002")
root_half = sqrt(mpf(1) / 2)
tiny = mpf(10) ** -9


def erfcx(x):
    return exp(x * x) * erfc(x)


fits = {
    "exp": lambda: polynomial(exp, -half, half, 4, "f32", lambda x: 1 + x, lambda x: x * x),
    "expm1": lambda: polynomial(expm1, -half, half, 4, "f32", lambda x: x, lambda x: x * x),
    "log": lambda: polynomial(
        log1p, root_half - 1, 2 * root_half - 1, 7, "f32", lambda x: x - x * x / 2, lambda x: x**3
    ),
    "softplus": lambda: polynomial(log1p, 0, 1, 9, "f32", lambda x: x, lambda x: x * x),
    "tanh": lambda: rational(lambda z: tanh(sqrt(z)) / sqrt(z), tiny, 81, 4, 4),
    "erfSmall": lambda: polynomial(lambda z: erf(sqrt(z)) / sqrt(z), tiny, 1, 6, "f32", lambda z: 1),
    # With u = x - 2.46875.
    "erfLarge": lambda: polynomial(lambda u: erf(u + mpf("2.46875")), -mpf("1.46875"), mpf("1.46875"), 12, "f32"),
    "atan64": lambda: polynomial(
        lambda z: atan(sqrt(z)) / sqrt(z), tiny, mpf("0.1717"), 11, "f64", lambda z: 1, lambda z: z
    ),
    "erf64": lambda: polynomial(lambda z: erf(sqrt(z)) / sqrt(z), tiny, 1, 12, "f64"),
    # With t = (x - 3) / (x + 3), x from 1/2 up.
    "erfc64": lambda: polynomial(lambda t: erfcx(3 * (1 + t) / (1 - t)) / (1 - t), -mpf(5) / 7, mpf("0.81"), 22, "f64"),
}


def text(c, kind):
    return repr(float(c)) if kind == "f64" else mp.nstr(c, 9)


if __name__ == "__main__":
    for name in sys.argv[1:] or fits:
        *parts, error = fits[name]()
        kind = "f64" if name.endswith("64") else "f32"
        print(f"{name}: largest error {mp.nstr(error * 2 ** (53 if kind == 'f64' else 24), 3)} units")
        for part in parts:
            print("  [" + ", ".join(text(c, kind) for c in part) + "]")
