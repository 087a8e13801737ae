"""Writes lowering_goldens.json beside this file: TensorFlow 2.15's results of ops that only the compiler has.
Run: python make_lowering_goldens.py   (needs tensorflow-cpu==2.15.1; the result is committed)
"""
import base64, json, os, zlib
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow as tf

tf1, raw = tf.compat.v1, tf.raw_ops
rng = np.random.default_rng(7)
f4, f8, i4, i8 = np.float32, np.float64, np.int32, np.int64
cases = []


def plain(array):
    values = array.ravel()
    if array.dtype.kind == "f":
        return [v if np.isfinite(v) else str(v) for v in (float(str(x)) for x in values)]
    return values.tolist()


def tensor(array):
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": plain(array)}


def case(name, build, *inputs):
    """build gets one placeholder of unknown shape an input."""
    inputs = [np.asarray(x) for x in inputs]
    with tf1.Graph().as_default() as graph:
        given = [tf1.placeholder(x.dtype, None, name=f"in{i}") for i, x in enumerate(inputs)]
        outputs = build(*given)
        outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        with tf1.Session() as session:
            results = session.run(outputs, dict(zip(given, inputs)))
        cases.append({
            "name": name,
            "graph": base64.b64encode(zlib.compress(graph.as_graph_def().SerializeToString(), 9)).decode(),
            "inputs": {f"in{i}": tensor(x) for i, x in enumerate(inputs)},
            "outputs": {o.name: tensor(np.asarray(r)) for o, r in zip(outputs, results)},
        })


def normal(*shape, dtype=f4):
    return rng.normal(0, 1.5, shape).astype(dtype)


for mode in ("REFLECT", "SYMMETRIC"):
    case(f"MirrorPad {mode}", lambda x, mode=mode: raw.MirrorPad(input=x, paddings=[[1, 2], [0, 0], [2, 1]], mode=mode), normal(3, 2, 4))
case("ReverseSequence", lambda x, n: raw.ReverseSequence(input=x, seq_lengths=n, seq_dim=2, batch_dim=0), normal(3, 2, 4), np.array([0, 3, 4], i8))
case("ReverseSequence batch last", lambda x, n: raw.ReverseSequence(input=x, seq_lengths=n, seq_dim=0, batch_dim=1), normal(4, 2, 2), np.array([2, 4], i4))
for exclusive in (False, True):
    for reverse in (False, True):
        case(f"Cumsum {exclusive} {reverse}", lambda x, e=exclusive, r=reverse: raw.Cumsum(x=x, axis=1, exclusive=e, reverse=r), normal(2, 4, 3))
case("Cumsum int32 axis -1", lambda x: raw.Cumsum(x=x, axis=-1), np.array([[3, -1, 2], [5, 0, 7]], i4))
case("Cumsum after infinity", lambda x: raw.Cumsum(x=x, axis=0), np.array([1, np.inf, 2], f4))
case("Cumprod", lambda x: raw.Cumprod(x=x, axis=0, exclusive=True), normal(4, 2))
case("EuclideanNorm", lambda x: raw.EuclideanNorm(input=x, axis=[0, 2], keep_dims=True), normal(2, 3, 4))
case("EuclideanNorm of one", lambda x: raw.EuclideanNorm(input=x, axis=[1], keep_dims=False), normal(2, 1))
case("L2Loss", lambda x: raw.L2Loss(t=x), normal(2, 3))
case("AddN", lambda a, b, c: raw.AddN(inputs=[a, b, c]), normal(2, 3), normal(2, 3), normal(2, 3))
case("ClipByValue", lambda x, a, b: raw.ClipByValue(t=x, clip_value_min=a, clip_value_max=b), normal(3, 4), np.array(-1, f4), np.array(1, f4))
seven = np.array([7, -7, 7, -7, -2**31], i4), np.array([2, 2, -2, -2, 3], i4)
for op in ("TruncateDiv", "TruncateMod", "Mod", "BitwiseAnd", "BitwiseOr", "BitwiseXor"):
    case(f"{op} int32", lambda x, y, op=op: getattr(raw, op)(x=x, y=y), *seven)
for op in ("LeftShift", "RightShift"):
    case(f"{op} int32", lambda x, y, op=op: getattr(raw, op)(x=x, y=y), seven[0], np.array([0, 1, 5, 3, 31], i4))
case("Invert", lambda x: raw.Invert(x=x), seven[0])
case("Mod float", lambda x, y: raw.Mod(x=x, y=y), normal(5), normal(5))
for op in ("Xdivy", "Xlogy"):
    case(op, lambda x, y, op=op: getattr(raw, op)(x=x, y=y), np.array([0, 1, 0, 2.5], f4), np.array([0, 2, 3, 0.5], f4))
case("Xlog1py", lambda x, y: raw.Xlog1py(x=x, y=y), np.array([0, 1, 0, 2.5], f4), np.array([-1, 2, 3, 0.5], f4))
case("MulNoNan", lambda x, y: raw.MulNoNan(x=x, y=y), np.array([np.nan, np.inf, 3, 2.5], f4), np.array([0, 0, 3, 0.5], f4))
case("Atan2", lambda x, y: raw.Atan2(y=x, x=y), normal(6), normal(6))
case("Asinh Acosh Atanh", lambda x: [raw.Asinh(x=x), raw.Acosh(x=1 + x), raw.Atanh(x=x)], np.array([0.1, 0.5, 0.9], f4))
case("ShapeN", lambda x, y: raw.ShapeN(input=[x, y]), normal(2, 3), normal(4))
case("CheckNumerics", lambda x: raw.CheckNumerics(tensor=x, message="here"), normal(2, 3))
case("BiasAddV1", lambda x, b: raw.BiasAddV1(value=x, bias=b), normal(2, 2, 3), normal(3))
case("LRN", lambda x: raw.LRN(input=x, depth_radius=2, bias=1.5, alpha=0.3, beta=0.75), normal(2, 2, 2, 7))
case("LRN default", lambda x: raw.LRN(input=x), normal(1, 2, 1, 3))
case("SpaceToDepth", lambda x: raw.SpaceToDepth(input=x, block_size=2), normal(2, 4, 6, 3))
case("DepthToSpace", lambda x: raw.DepthToSpace(input=x, block_size=2), normal(2, 2, 3, 8))
case("Pow of constants", lambda x: [raw.Pow(x=x, y=float(e)) for e in (1, 2, -1, 0.5, 3)], np.array([0.25, 1, 3.5, 1e3], f4))
case("MaxPoolV2", lambda x: raw.MaxPoolV2(input=x, ksize=[1, 2, 3, 1], strides=[1, 1, 2, 1], padding="SAME"), normal(2, 5, 6, 3))
case("MaxPool EXPLICIT", lambda x: raw.MaxPool(input=x, ksize=[1, 3, 2, 1], strides=[1, 2, 1, 1], padding="EXPLICIT", explicit_paddings=[0, 0, 1, 2, 1, 0, 0, 0]), normal(2, 5, 6, 3))
for padding in ("SAME", "VALID"):
    case(f"MaxPool3D {padding}", lambda x, p=padding: raw.MaxPool3D(input=x, ksize=[1, 2, 3, 2, 1], strides=[1, 2, 1, 2, 1], padding=p), normal(2, 4, 5, 3, 2))
    case(f"AvgPool3D {padding}", lambda x, p=padding: raw.AvgPool3D(input=x, ksize=[1, 2, 3, 2, 1], strides=[1, 2, 1, 2, 1], padding=p), normal(2, 4, 5, 3, 2))
    case(f"Conv3D {padding}", lambda x, f, p=padding: raw.Conv3D(input=x, filter=f, strides=[1, 1, 2, 1, 1], padding=p), normal(2, 4, 5, 3, 2), normal(2, 3, 2, 2, 4))
for stride in (1, 2, 3):
    for rows, columns in ((2, 3), (1, 1), (4, 5)):
        for padding in ("SAME", "VALID"):
            shape = [2, 7, 8, 3]
            windows = [-(-n // stride) if padding == "SAME" else (n - k) // stride + 1 for n, k in ((7, rows), (8, columns))]
            case(f"Conv2DBackpropInput {padding} {rows}x{columns} stride {stride}",
                 lambda f, g, s=stride, p=padding: raw.Conv2DBackpropInput(input_sizes=shape, filter=f, out_backprop=g, strides=[1, s, s, 1], padding=p),
                 normal(rows, columns, 3, 2), normal(2, *windows, 2))
case("FusedBatchNormV3 running moments",
     lambda x, s, o, m, v: raw.FusedBatchNormV3(x=x, scale=s, offset=o, mean=m, variance=v, epsilon=1e-3, is_training=True, exponential_avg_factor=0.25)[:3],
     normal(2, 2, 2, 3), normal(3), normal(3), normal(3), np.abs(normal(3)))
case("FusedBatchNormV3 all outputs", lambda x, s, o, m, v: raw.FusedBatchNormV3(x=x, scale=s, offset=o, mean=m, variance=v, is_training=False)[:3],
     normal(2, 2, 2, 3), normal(3), normal(3), normal(3), np.abs(normal(3)))
case("Slice at a computed place", lambda x, b: raw.Slice(input=x, begin=b * 2, size=[2, 1]), normal(4, 3), np.array([1, 1], i4))
case("StridedSlice at a computed place", lambda x, i: [x[i * 2], x[:, i - 2], x[..., tf.newaxis, i]], normal(4, 3, 5), np.array(1, i4))
case("Pooling and stretching back", lambda x: tf1.image.resize_nearest_neighbor(tf1.nn.avg_pool(x, 2, 2, "SAME"), [6, 9]), normal(1, 3, 5, 2))

# The other types that TensorFlow has the ops for.
small = ("int8", "uint8", "int16", "uint16", "uint32", "uint64")
for dtype in small + ("int64", "float64"):
    least = 0 if dtype[0] == "u" else -7
    values = np.array([7, least, 100, 3, 90], dtype), np.array([2, 3, 3, 5, 90], dtype)
    if dtype != "float64":
        case(f"Bitwise ops of {dtype}", lambda x, y: [raw.BitwiseAnd(x=x, y=y), raw.BitwiseOr(x=x, y=y), raw.BitwiseXor(x=x, y=y), raw.Invert(x=x), raw.LeftShift(x=x, y=y), raw.RightShift(x=x, y=y), raw.LeftShift(x=y, y=x)], *values)
        case(f"TruncateDiv FloorMod of {dtype}", lambda x, y: [raw.TruncateDiv(x=x, y=y), raw.FloorMod(x=x, y=y)], *values)
    if dtype in ("int64", "float64"):
        case(f"TruncateMod Mod of {dtype}", lambda x, y: [raw.TruncateMod(x=x, y=y), raw.Mod(x=x, y=y)], *values)
    case(f"AddN Cumsum Cumprod of {dtype}", lambda x, y: [raw.AddN(inputs=[x, y, x]), raw.Cumsum(x=x, axis=0), raw.Cumprod(x=y, axis=0)], *values)
    if dtype not in ("uint32", "uint64"):
        case(f"ClipByValue of {dtype}", lambda x, a, b: raw.ClipByValue(t=x, clip_value_min=a, clip_value_max=b), values[0], np.array(3, dtype), np.array(8, dtype))
    case(f"EuclideanNorm of {dtype}", lambda x: raw.EuclideanNorm(input=x, axis=[0]), np.array([3, 5], dtype))
    case(f"MirrorPad ReverseSequence of {dtype}", lambda x: [raw.MirrorPad(input=x, paddings=[[2, 1]], mode="REFLECT"), raw.ReverseSequence(input=x[tf.newaxis], seq_lengths=[3], seq_dim=1)], values[0])
    case(f"SpaceToDepth DepthToSpace of {dtype}", lambda x: [raw.SpaceToDepth(input=x, block_size=2), raw.DepthToSpace(input=x, block_size=2)], np.arange(32).reshape(1, 2, 4, 4).astype(dtype))
case("EuclideanNorm of int32", lambda x: raw.EuclideanNorm(input=x, axis=[0]), np.array([3, 5], i4))
case("MulNoNan Xdivy Xlogy Xlog1py Atan2 of float64", lambda x, y: [raw.MulNoNan(x=x, y=y), raw.Xdivy(x=x, y=y), raw.Xlogy(x=x, y=y), raw.Xlog1py(x=x, y=y), raw.Atan2(y=x, x=y)],
     np.array([0, 1, -0.0, 2.5, 3], f8), np.array([0, 2, 3, 0.5, 7], f8))
case("Asinh Acosh Atanh of float64", lambda x: [raw.Asinh(x=x), raw.Acosh(x=1 + x), raw.Atanh(x=x)], np.array([0.1, 0.5, 0.9], f8))
case("Truncated float", lambda x, y: [raw.TruncateMod(x=x, y=y), raw.FloorMod(x=x, y=y)], np.array([7, -7, np.inf, 5, -0.0, -6], f4), np.array([-2, 2, 3, np.inf, 1, 3], f4))
case("TruncateDiv float", lambda x, y: raw.TruncateDiv(x=x, y=y), np.array([7, -7, 1, -1], f4), np.array([2, 2, 0, 3], f4))
case("LeftShift RightShift out of range", lambda x, y: [raw.LeftShift(x=x, y=y), raw.RightShift(x=x, y=y)], np.array([5, -7, 5, -7], i4), np.array([-1, -1, 40, 40], i4))
case("ClipByValue of NaN", lambda x, a, b: [raw.ClipByValue(t=x, clip_value_min=a, clip_value_max=b), raw.ClipByValue(t=x, clip_value_min=a, clip_value_max=b[0])],
     np.array([np.nan, np.inf, -np.inf, 1, 0], f4), np.full(5, -1, f4), np.full(5, 0.5, f4))
case("ClipByValue between limits that are NaN or crossed", lambda x, low, high, n: [raw.ClipByValue(t=x, clip_value_min=high, clip_value_max=low), raw.ClipByValue(t=x, clip_value_min=n, clip_value_max=high), raw.ClipByValue(t=x, clip_value_min=low, clip_value_max=n)],
     np.array([np.nan, 1, -3, 5, np.inf, -np.inf], f4), np.array(-1, f4), np.array(2, f4), np.array(np.nan, f4))
case("Cast out of range to uint32 and uint64", lambda x: [tf.cast(x, tf.uint32), tf.cast(x, tf.uint64)], np.array([3e9, 5.5, -5, 2**31], f4))
# JSON has no numbers like these: the sum makes them.
case("Cast of large int64", lambda x: [tf.cast(x + 2**60, t) for t in (tf.int32, tf.uint8, tf.float32)], np.array([5, -5, 300], i8))
case("MaxPool3D of infinities", lambda x: raw.MaxPool3D(input=x, ksize=[1, 1, 1, 2, 1], strides=[1, 1, 1, 2, 1], padding="VALID"), np.array([1, np.inf, -np.inf, 2, -np.inf, -np.inf], f4).reshape(1, 1, 1, 6, 1))
case("MaxPoolV2 of int32", lambda x: raw.MaxPoolV2(input=x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID"), np.arange(16).reshape(1, 4, 4, 1).astype(i4))
case("ShapeN of int64", lambda x, y: raw.ShapeN(input=[x, y], out_type=tf.int64), normal(2, 3), normal(4))
case("CheckNumerics of float64", lambda x: raw.CheckNumerics(tensor=x, message="here"), normal(2, dtype=f8))
for op in ("L2Loss", "LRN"):
    case(f"{op} of other values", lambda x, op=op: raw.L2Loss(t=x) if op == "L2Loss" else raw.LRN(input=x, depth_radius=1), normal(1, 1, 2, 5, dtype=f8 if op == "L2Loss" else f4))
case("Conv3D of float64 with strides", lambda x, f: raw.Conv3D(input=x, filter=f, strides=[1, 2, 1, 2, 1], padding="SAME"), normal(1, 3, 2, 4, 2, dtype=f8), normal(2, 2, 3, 2, 3, dtype=f8))

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lowering_goldens.json")
with open(path, "w") as file:
    lines = ",\n".join(json.dumps(c) for c in cases)
    file.write(f'{{"produced_by": "TensorFlow {tf.__version__}", "cases": [\n{lines}\n]}}\n')
print(len(cases), "cases")
