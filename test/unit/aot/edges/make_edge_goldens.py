"""Writes edge_goldens.json beside this file: graphs (deflated) whose inputs are NaN, ±Inf, ±0, denormals, the largest
and least floats and ties, with what TensorFlow 2.15 makes of them on the CPU with its own kernels. Those of oneDNN,
which it takes on some CPUs, differ: they lose the NaN of a Relu fused to a product and of a Softmax's other elements.
Run: /path/to/python make_edge_goldens.py   (needs tensorflow-cpu==2.15.1; the result is committed)
"""
import base64, json, os, zlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
import numpy as np
import tensorflow as tf

tf1, raw = tf.compat.v1, tf.raw_ops
tf1.disable_eager_execution()
f4, f8, i4, i8 = np.float32, np.float64, np.int32, np.int64
inf, nan = np.inf, np.nan
least, denormal, largest = 2.0**-126, 1e-45, 3.4028235e38
cases = []


def plain(array):
    values = array.ravel()
    if array.dtype.kind != "f":
        return values.tolist()
    return [float(str(v)) if np.isfinite(v) else str(v) for v in values]


def tensor(array):
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": plain(array)}


def case(name, build, *inputs, const=()):
    """build gets one placeholder an input; inputs whose index is in const are constants."""
    inputs = [np.asarray(x) for x in inputs]
    with tf1.Graph().as_default() as graph:
        given = [tf1.constant(x, name=f"in{i}") if i in const else tf1.placeholder(x.dtype, x.shape, name=f"in{i}")
                 for i, x in enumerate(inputs)]
        outputs = build(*given)
        outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        feeds = {p: x for i, (p, x) in enumerate(zip(given, inputs)) if i not in const}
        with tf1.Session() as session:
            results = session.run(outputs, feeds)
        cases.append({
            "name": name,
            "graph": base64.b64encode(zlib.compress(graph.as_graph_def().SerializeToString(), 9)).decode(),
            "inputs": {f"in{i}": tensor(x) for i, x in enumerate(inputs) if i not in const},
            "outputs": {o.name: tensor(np.asarray(r)) for o, r in zip(outputs, results)},
        })


# Elementwise: 19 lanes of each, so that vectors of 4, 8 and 16 and what is left over are all met.
edges = np.array([nan, inf, -inf, 0.0, -0.0, least, -least, largest, -largest, 1, -1, 0.5, -0.5, 2.5, -2.5, 1e-10, 88.8, -104, 1e10], f4)
denormals = np.array([denormal, -denormal, 1e-40, -1e-40, 1.1754942e-38, -1.1754942e-38, least, -least], f4)
of_x = "Neg Abs Square Sign Floor Ceil Rint Round Exp Expm1 Log Log1p Sqrt Rsqrt Reciprocal Tanh Sigmoid Sin Cos Tan Asin Acos Atan Sinh Cosh Erf Erfc IsNan IsInf IsFinite".split()
of_features = "Relu Relu6 Elu Selu Softplus Softsign LeakyRelu".split()


def one(op, x):
    return getattr(raw, op)(features=x) if op in of_features else getattr(raw, op)(x=x)


# Trigonometric functions of huge arguments are the libraries' own affair.
small = np.where(np.isfinite(edges) & (np.abs(edges) > 1e9), f4(3), edges)
waves = ("Sin", "Cos", "Tan")
case("Functions", lambda x: [one(op, x) for op in of_x + of_features if op not in waves], edges)
case("Waves", lambda x: [one(op, x) for op in waves], small)
case("Functions of denormals", lambda x: [one(op, x) for op in of_x + of_features], denormals)
case("Functions of float64", lambda x: [one(op, x) for op in of_x + of_features if op not in waves], edges.astype(f8))

values = np.array([0.0, -0.0, 1, -1, 2.5, -2.5, 1e-30, 3e38, -3e38, inf, -inf, nan], f4)
left, right = (np.ascontiguousarray(a.ravel()) for a in np.meshgrid(values, values, indexing="ij"))
arithmetic = "AddV2 Sub Mul RealDiv Maximum Minimum SquaredDifference DivNoNan FloorDiv FloorMod Pow".split()
comparisons = "Equal NotEqual Less LessEqual Greater GreaterEqual".split()
case("All pairs", lambda x, y: [getattr(raw, op)(x=x, y=y) for op in arithmetic + comparisons], left, right)
case("Pairs of denormals", lambda x, y: [getattr(raw, op)(x=x, y=y) for op in ("AddV2", "Sub", "Mul", "RealDiv", "Maximum")],
     denormals, np.array([least, 1, 0.5, 1e-40, -1, 2, 0.5, least], f4))
case("Maximum and Minimum with constants", lambda x: [op(**pair) for op in (raw.Maximum, raw.Minimum) for zero in (0.0, -0.0)
                                                      for pair in (dict(x=x, y=f4(zero)), dict(x=f4(zero), y=x))], edges)
case("Pow of constants", lambda x: [raw.Pow(x=x, y=f4(power)) for power in (0, 0.5, -0.5, -1, 2, 3)], edges)
case("Select by NaN compared", lambda x: raw.SelectV2(condition=raw.Less(x=x, y=1.0), t=x, e=raw.Neg(x=x)), edges)
case("Clip", lambda x: tf.clip_by_value(x, -1.0, 1.0), edges)
case("Hard sigmoid", lambda x: raw.Maximum(x=raw.Minimum(x=raw.AddV2(x=raw.Mul(x=x, y=0.2), y=0.5), y=1.0), y=0.0), edges)
case("Swish", lambda x: raw.Mul(x=x, y=raw.Sigmoid(x=x)), edges)
case("BiasAdd then Relu", lambda x, b: raw.Relu(features=raw.BiasAdd(value=x, bias=b)), edges.reshape(1, -1), np.where(np.arange(19) % 3 == 0, nan, 0).astype(f4))

# Casts
numbers = np.array([0, -0.0, 0.9, -0.9, 1.5, -1.5, 127.6, -128.7, 255.5, 300, 32767.9, 65535.5, 2147483520, -2147483648, 1e-40], f4)
for to in (tf.int32, tf.int64, tf.bool, tf.float64):
    case(f"Cast to {to.name}", lambda x, to=to: tf.cast(x, to), numbers)
case("Cast to bool of edges", lambda x: tf.cast(x, tf.bool), edges)
for to in (tf.int32, tf.int64):
    case(f"Cast out of range to {to.name}", lambda x, to=to: tf.cast(x, to), np.array([nan, inf, -inf, 2147483648, -2147483904, 3e9, -3e9, 1e19, -1e19, 3e38], f4))
    case(f"Cast out of range to {to.name} of float64", lambda x, to=to: tf.cast(x, to), np.array([nan, inf, -inf, 2147483648, -2147483649, 3e9, -3e9, 1e19, -1e19, 3e38], f8))
for to in (tf.int8, tf.uint8, tf.int16, tf.uint16):
    case(f"Cast out of range to {to.name}", lambda x, to=to: tf.cast(x, to), np.array([nan, inf, -inf, 128, -129, 256, 70000, -70000, 3e9, -3e9], f4))
case("Cast to float32 of float64", lambda x: tf.cast(x, tf.float32), np.array([nan, inf, -inf, 1e300, -1e300, 1e-46, -1e-46, 1e-40, 3.4028235677973366e38, 0.1], f8))
case("Cast to float32 of int64", lambda x: tf.cast(x, tf.float32), np.array([-2**63, 2**24 + 1, -2**24 - 1, 2**62], i8))
case("Cast to int32 of int64", lambda x: tf.cast(x, tf.int32), np.array([-2**63, 2**31, -2**31 - 1, 2**32 + 5], i8))

# Reductions: short and long rows, along the contiguous axis and across it.
def rows(length):
    base = np.tile(np.array([1, -2, 3.5, 0, -0.0, 0.25], f4), 20)[:length]
    made = np.stack([base] * 10)
    made[0, 0] = nan
    made[1, -1] = nan
    made[2, length // 2] = inf
    made[3, length // 2] = -inf
    made[4, [0, -1]] = inf, -inf
    made[5] = nan
    made[6] = -inf
    made[7] = -0.0
    made[8, [0, -1]] = nan, inf
    made[9] = np.where(np.arange(length) % 2, 0.0, -0.0)
    return made


reductions = ("Sum", "Mean", "Max", "Min", "Prod")
extremes = ("ArgMax", "ArgMin")
for length in (3, 19, 40, 100):
    def reduced(x, axis):
        plain = [getattr(raw, op)(input=x, axis=axis) for op in reductions]
        return plain + [getattr(raw, op)(input=x, dimension=axis) for op in extremes]

    x = rows(length)
    case(f"Reductions of {length} along rows", lambda x: reduced(x, 1), x)
    case(f"Reductions of {length} across rows", lambda x: reduced(x, 0), np.ascontiguousarray(x.T))
    case(f"Softmax of {length}", lambda x: [raw.Softmax(logits=x), raw.LogSoftmax(logits=x)], x)
for length in (1, 2, 7, 130):
    big = np.stack([np.linspace(-1, 1, length).astype(f4) * s for s in (1e-40, 1, 90, 1e4, 3e38)])
    case(f"Softmax of {length} of great spread", lambda x: [raw.Softmax(logits=x), raw.LogSoftmax(logits=x)], big)
case("Sum of the largest", lambda x: raw.Sum(input=x, axis=1), np.array([[largest, largest, -largest], [largest, -largest, largest], [1e30, 1, -1e30]], f4))
case("Max of ties of zeros", lambda x: raw.Max(input=x, axis=1), np.array([[0.0, -0.0], [-0.0, 0.0]], f4))
case("Mean of infinities", lambda x: raw.Mean(input=x, axis=[0, 1]), np.array([[inf, 1], [2, inf]], f4))
case("Logical reductions of NaN compared", lambda x: [raw.Any(input=raw.Greater(x=x, y=0.0), axis=1), raw.All(input=raw.NotEqual(x=x, y=x), axis=1)], rows(19))

# Pooling: windows with a NaN first, last or alone, with infinities and margins.
image = np.zeros((1, 6, 6, 3), f4) - np.arange(3, dtype=f4)
image[0, 0, 0] = nan
image[0, 1, 3] = nan
image[0, 2:4, 2:4] = nan
image[0, 4, 4] = inf
image[0, 5, 0] = -inf
image[0, 4:, 2:4] = -inf
many = np.concatenate([image] * 7, axis=3)
def pooled(x):
    window = lambda size, stride, padding: dict(ksize=[1, size, size, 1], strides=[1, stride, stride, 1], padding=padding)
    sizes = [window(size, stride, padding) for padding in ("VALID", "SAME") for size, stride in ((2, 2), (3, 1), (3, 2))]
    return [raw.MaxPool(input=x, **each) for each in sizes] + [raw.AvgPool(value=x, **each) for each in sizes]


case("Pooling of 3 channels", pooled, image)
case("Pooling of 21 channels", pooled, many)

# Products: a zero weight times NaN or infinity is NaN.
special = np.ones((7, 20), f4)
special[0, 0], special[1, 19], special[2, 3], special[3, [4, 9]], special[4] = nan, nan, inf, (inf, -inf), 0
special[5, :2], special[6] = largest, -0.0
weights = np.sin(np.arange(20 * 9, dtype=f4)).reshape(20, 9)
weights[:, 0], weights[3, 1], weights[5, 2], weights[:, 3] = 0, 0, inf, 1e-30
for name, w in (("constant", (1,)), ("fed", ())):
    case(f"MatMul with {name} weights", lambda x, w: raw.MatMul(a=x, b=w), special, weights, const=w)
    case(f"MatMul with {name} transposed weights", lambda x, w: raw.MatMul(a=x, b=w, transpose_b=True), special, np.ascontiguousarray(weights.T), const=w)
case("MatMul of one row", lambda x, w: raw.MatMul(a=x, b=w), special[:1], weights, const=(1,))
case("MatMul to one column", lambda x, w: raw.MatMul(a=x, b=w), special, weights[:, 1:2], const=(1,))
case("MatMul BiasAdd Relu", lambda x, w, b: raw.Relu(features=raw.BiasAdd(value=raw.MatMul(a=x, b=w), bias=b)), special, weights, np.array([0, -0.0, 1, -1, nan, inf, -inf, 2, 3], f4), const=(1, 2))
case("MatMul float64", lambda x, w: raw.MatMul(a=x, b=w), special.astype(f8), weights.astype(f8), const=(1,))
case("BatchMatMul", lambda x, y: raw.BatchMatMulV2(x=x, y=y), np.stack([special, special[::-1]]), np.stack([weights, -weights]))
kernel = np.cos(np.arange(3 * 3 * 3 * 5, dtype=f4)).reshape(3, 3, 3, 5)
kernel[1, 1] = 0
for padding in ("VALID", "SAME"):
    case(f"Conv2D {padding}", lambda x, k, padding=padding: raw.Conv2D(input=x, filter=k, strides=[1, 1, 1, 1], padding=padding), image, kernel, const=(1,))
    case(f"DepthwiseConv2d {padding}", lambda x, k, padding=padding: raw.DepthwiseConv2dNative(input=x, filter=k, strides=[1, 1, 1, 1], padding=padding), image, kernel[..., :2], const=(1,))
case("FusedBatchNormV3", lambda x, s, o, m, v: raw.FusedBatchNormV3(x=x, scale=s, offset=o, mean=m, variance=v, epsilon=1e-3, is_training=False)[0],
     image, np.array([1, 0, inf], f4), np.array([0, nan, 1], f4), np.array([0, 1, 2], f4), np.array([1, 0, 4], f4), const=(1, 2, 3, 4))

# Moving data changes nothing.
case("Concat Pad Gather Transpose", lambda x: [tf.concat([x, -x], 0), tf.pad(x, [[1, 2]]), tf.gather(x, [3, 3, 0, 1]), tf.transpose(tf.reshape(x[:18], [3, 6]))], edges)
case("Resize", lambda x: raw.ResizeNearestNeighbor(images=x, size=[9, 9]), image)

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "edge_goldens.json")
with open(path, "w") as file:
    file.write('{"produced_by": "TensorFlow %s",\n"cases": [\n' % tf.__version__)
    file.write(",\n".join(json.dumps(c) for c in cases))
    file.write("\n]}\n")
