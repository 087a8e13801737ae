"""Writes tensorflowEdges.json: what TensorFlow's CPU kernels give at edges. Run with TensorFlow 2.15."""
import json, os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

inf, nan = np.inf, np.nan
positive = [0.0, 1e-45, 1e-20, 1e-7, 1e-4, 0.5, 1, 1.5, 2.5, 3, 9.1, 17.5, 50, 87, 88.7, 89, 100, 150, 1e5, 1e10, 3e38, inf]
x = np.array([v for p in positive for v in (p, -p)] + [nan], np.float32)
unary = (
    "Exp Expm1 Log Log1p Tanh Sigmoid Sqrt Rsqrt Reciprocal Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh "
    "Erf Erfc Sign Round Rint Floor Ceil Square Neg Abs Relu Relu6 Elu Selu Softplus Softsign LeakyRelu"
).split()
values = [0.0, -0.0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 1e-30, 3e38, inf, -inf, nan]
left = np.array([a for a in values for _ in values], np.float32)
right = np.array([b for _ in values for b in values], np.float32)
binary = (
    "Pow FloorDiv FloorMod Atan2 Maximum Minimum SquaredDifference DivNoNan MulNoNan Xdivy Xlogy Xlog1py TruncateMod"
).split()


def text(values):
    return " ".join("Infinity" if v == inf else "-Infinity" if v == -inf else "NaN" if v != v else
                    "-0" if v == 0 and np.signbit(v) else repr(v.item() if v.dtype == np.float64 else v).removesuffix(".0")
                    for v in values)


def name(op):
    return op[0].lower() + op[1:]


def of_one(op, x):
    op = getattr(tf.raw_ops, op)
    if op is tf.raw_ops.LeakyRelu:
        return op(features=x, alpha=0.25)
    try:
        return op(x=x)
    except TypeError:
        return op(features=x)


def of_two(op, x, y):
    return tf.raw_ops.Atan2(y=x, x=y) if op == "Atan2" else getattr(tf.raw_ops, op)(x=x, y=y)


table = {"x": text(x), "left": text(left), "right": text(right)}
for kind in (np.float32, np.float64):
    table[kind.__name__] = {
        name(op): text(of_one(op, tf.constant(x.astype(kind))).numpy()) for op in unary
    } | {name(op): text(of_two(op, tf.constant(left.astype(kind)), tf.constant(right.astype(kind))).numpy()) for op in binary}
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tensorflowEdges.json")
with open(path, "w") as file:
    json.dump(table, file, indent=1)
    file.write("\n")
