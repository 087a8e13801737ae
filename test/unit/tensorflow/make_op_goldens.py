"""Writes op_goldens.json beside this file: small graphs (deflated), with inputs and what TensorFlow 2.15 makes of them,
and a few jets through data/models/jet_btag.
Run: python make_op_goldens.py   (needs tensorflow-cpu==2.15.1; the result is committed)
"""
import base64, json, os, zlib
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow as tf

tf1, raw = tf.compat.v1, tf.raw_ops
rng = np.random.default_rng(12)
f4, f8, i4, i8 = np.float32, np.float64, np.int32, np.int64
cases = []


def plain(array):
    values = array.ravel()
    if array.dtype.kind == "f":
        return [v if np.isfinite(v) else str(v) for v in (float(str(x)) for x in values)]
    return values.tolist()


def tensor(array):
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": plain(array)}


def case(name, build, *inputs, const=()):
    """build gets one placeholder of unknown shape an input; inputs whose index is in const are constants."""
    inputs = [np.asarray(x) for x in inputs]
    with tf1.Graph().as_default() as graph:
        given = [tf1.constant(x, name=f"in{i}") if i in const else tf1.placeholder(x.dtype, None, name=f"in{i}")
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


def normal(*shape, dtype=f4):
    return rng.normal(0, 1.5, shape).astype(dtype)


edges = np.array([-100, -20, -3.5, -1, -1e-3, -1e-6, 0, 1e-6, 1e-3, 0.5, 2.5, 7, 30, 100], f4)
positive = np.array([1e-6, 1e-3, 0.25, 1, 2.5, 7, 1e4], f4)
for op in ("Neg", "Abs", "Square", "Sign", "Floor", "Ceil", "Rint", "Round", "Exp", "Expm1", "Tanh", "Sigmoid", "Relu", "Relu6", "Elu", "Sin", "Cos"):
    case(op, lambda x, op=op: getattr(raw, op)(x=x) if op not in ("Relu", "Relu6", "Elu") else getattr(raw, op)(features=x), edges)
for op in ("Selu", "Softplus", "Softsign"):
    case(op, lambda x, op=op: getattr(raw, op)(features=x), edges)
case("LeakyRelu", lambda x: raw.LeakyRelu(features=x, alpha=0.3), edges)
for op in ("Sqrt", "Rsqrt", "Log", "Log1p", "Reciprocal"):
    case(op, lambda x, op=op: getattr(raw, op)(x=x), positive)
case("Tanh float64", lambda x: raw.Tanh(x=x), edges.astype(f8))
case("Abs int32", lambda x: raw.Abs(x=x), np.array([-3, 0, 7], i4))
case("Neg int64", lambda x: raw.Neg(x=x), np.array([-3, 0, 2**40], i8))
case("IsNan IsInf IsFinite", lambda x: [raw.IsNan(x=x), raw.IsInf(x=x), raw.IsFinite(x=x)], np.array([1, np.nan, np.inf, -np.inf], f4))
case("Relu of NaN", lambda x: raw.Relu(features=x), np.array([np.nan, 1, -1], f4))

binary = ("AddV2", "Sub", "Mul", "RealDiv", "Div", "Maximum", "Minimum", "SquaredDifference", "FloorDiv", "FloorMod", "DivNoNan")
for op in binary:
    case(f"{op} same shape", lambda x, y, op=op: getattr(raw, op)(x=x, y=y), normal(2, 3), normal(2, 3))
for op in ("AddV2", "Sub"):
    for a, b in (((2, 3), (3,)), ((2, 1, 3), (4, 1)), ((), (2, 2)), ((2, 3), (2, 1)), ((0, 3), (3,))):
        case(f"{op} {a} {b}", lambda x, y, op=op: getattr(raw, op)(x=x, y=y), normal(*a), normal(*b))
case("Pow", lambda x, y: raw.Pow(x=x, y=y), np.abs(normal(4)), normal(4))
case("Pow int32", lambda x, y: raw.Pow(x=x, y=y), np.array([2, -3, 5], i4), np.array([10, 3, 0], i4))
seven = np.array([7, -7, 7, -7], i4), np.array([2, 2, -2, -2], i4)
for op in ("AddV2", "Mul", "Div", "FloorDiv", "FloorMod", "Maximum", "Minimum", "SquaredDifference"):
    case(f"{op} int32", lambda x, y, op=op: getattr(raw, op)(x=x, y=y), *seven)
for op in ("AddV2", "Mul", "FloorDiv", "Maximum", "Minimum"):
    case(f"{op} int64", lambda x, y, op=op: getattr(raw, op)(x=x, y=y), seven[0].astype(i8) * 2**33, seven[1].astype(i8))
case("Mul int32 overflow", lambda x, y: raw.Mul(x=x, y=y), np.array([123456789], i4), np.array([987654321], i4))
case("Add", lambda x, y: raw.Add(x=x, y=y), normal(3), normal(3))
for op in ("Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual"):
    case(op, lambda x, y, op=op: getattr(raw, op)(x=x, y=y), np.array([[1, 2, 3]], f4), np.array([[2], [3]], f4))
case("Less int64", lambda x, y: raw.Less(x=x, y=y), np.array([1, 2**40], i8), np.array([2, 3], i8))
truth = np.array([[True, False], [True, True]])
for op in ("LogicalAnd", "LogicalOr"):
    case(op, lambda x, y, op=op: getattr(raw, op)(x=x, y=y), truth, np.array([True, False]))
case("LogicalNot", lambda x: raw.LogicalNot(x=x), truth)
case("Select rows", lambda c, x, y: raw.Select(condition=c, x=x, y=y), np.array([True, False]), normal(2, 3), normal(2, 3))
case("SelectV2 broadcast", lambda c, x, y: raw.SelectV2(condition=c, t=x, e=y), truth, normal(2, 2), normal(1))
case("Where", lambda x: raw.Where(condition=x), truth)

for ta in (False, True):
    for tb in (False, True):
        case(f"MatMul {ta} {tb}", lambda a, b, ta=ta, tb=tb: raw.MatMul(a=a, b=b, transpose_a=ta, transpose_b=tb),
             normal(*((5, 7)[::-1] if ta else (5, 7))), normal(*((7, 9)[::-1] if tb else (7, 9))))
case("MatMul float64", lambda a, b: raw.MatMul(a=a, b=b), normal(2, 3, dtype=f8), normal(3, 2, dtype=f8))
case("MatMul int32", lambda a, b: raw.MatMul(a=a, b=b), np.arange(6, dtype=i4).reshape(2, 3), np.arange(6, dtype=i4).reshape(3, 2))
case("BatchMatMulV2 broadcast", lambda a, b: raw.BatchMatMulV2(x=a, y=b), normal(2, 1, 3, 4), normal(3, 4, 2))
case("BatchMatMulV2 adj_y", lambda a, b: raw.BatchMatMulV2(x=a, y=b, adj_y=True), normal(2, 3, 4), normal(2, 5, 4))
case("BiasAdd", lambda x, b: raw.BiasAdd(value=x, bias=b), normal(2, 3), normal(3))
case("BiasAdd NCHW", lambda x, b: raw.BiasAdd(value=x, bias=b, data_format="NCHW"), normal(2, 3, 2, 1), normal(3))
case("Softmax", lambda x: raw.Softmax(logits=x), normal(2, 5) * 20)
case("LogSoftmax", lambda x: raw.LogSoftmax(logits=x), normal(2, 5) * 20)
for op in ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"):
    case(op, lambda x, s, o, m, v, op=op: getattr(raw, op)(x=x, scale=s, offset=o, mean=m, variance=v, epsilon=1e-3, is_training=False)[0],
         normal(2, 2, 2, 3), normal(3), normal(3), normal(3), np.abs(normal(3)))
case("FusedBatchNormV3 training", lambda x, s, o: raw.FusedBatchNormV3(x=x, scale=s, offset=o, mean=[], variance=[], epsilon=1e-3, is_training=True)[:3],
     normal(2, 2, 2, 3), normal(3), normal(3))

for op in ("Sum", "Mean", "Max", "Min", "Prod"):
    case(f"{op} axis 1", lambda x, op=op: getattr(raw, op)(input=x, axis=1, keep_dims=False), normal(2, 3, 4))
    case(f"{op} axes 0 and -1 kept", lambda x, op=op: getattr(raw, op)(input=x, axis=[0, -1], keep_dims=True), normal(2, 3, 4))
case("Sum all", lambda x: raw.Sum(input=x, axis=[0, 1]), normal(3, 3))
case("Sum no axis", lambda x: raw.Sum(input=x, axis=np.zeros(0, i4)), normal(3))
case("Prod int32", lambda x: raw.Prod(input=x, axis=0), np.array([2, 3, 7], i4))
case("Sum int64", lambda x: raw.Sum(input=x, axis=0), np.array([2**40, 3, 7], i8))
case("Mean of nothing", lambda x: raw.Mean(input=x, axis=0), np.zeros((0, 2), f4))
for op in ("All", "Any"):
    case(op, lambda x, op=op: getattr(raw, op)(input=x, axis=0), truth)
for op in ("ArgMax", "ArgMin"):
    case(op, lambda x, op=op: getattr(raw, op)(input=x, dimension=1), np.array([[1, 5, 5, -2], [0, 0, -1, 3]], f4))
case("ArgMax int32 axis 0", lambda x: raw.ArgMax(input=x, dimension=0, output_type=tf.int32), normal(3, 2, 2))

case("Reshape", lambda x, s: raw.Reshape(tensor=x, shape=s), normal(2, 6), np.array([3, -1, 2], i4))
case("Squeeze all", lambda x: raw.Squeeze(input=x), normal(1, 3, 1))
case("Squeeze -1", lambda x: raw.Squeeze(input=x, axis=[-1]), normal(1, 3, 1))
case("ExpandDims", lambda x: raw.ExpandDims(input=x, axis=-1), normal(2, 3))
case("Shape Rank Size", lambda x: [raw.Shape(input=x), raw.Rank(input=x), raw.Size(input=x), raw.Shape(input=x, out_type=tf.int64)], normal(2, 3, 4))
case("ConcatV2", lambda x, y: raw.ConcatV2(values=[x, y], axis=-1), normal(2, 3), normal(2, 2))
case("Concat", lambda x, y: raw.Concat(concat_dim=0, values=[x, y]), normal(2, 3), normal(1, 3))
case("Pack", lambda x, y: raw.Pack(values=[x, y], axis=1), normal(2, 3), normal(2, 3))
case("Unpack", lambda x: raw.Unpack(value=x, num=3, axis=1), normal(2, 3))
case("Split", lambda x: raw.Split(axis=1, value=x, num_split=2), normal(2, 4))
case("SplitV", lambda x: raw.SplitV(value=x, size_splits=[1, -1, 2], axis=0, num_split=3), normal(5, 2))
case("Slice", lambda x: raw.Slice(input=x, begin=[1, 0], size=[-1, 2]), normal(3, 3))
cube = np.arange(60, dtype=f4).reshape(3, 4, 5)
for text in ("1", "..., 1", "1:, ::2", "::-1, 1:-1, -2", "None, 0, ..., None, 1:3", "-1, 3:0:-2", "5:, :", "..., ::-3", ":, None, 2"):
    case(f"StridedSlice [{text}]", lambda x, text=text: eval(f"x[{text}]"), cube)
case("StridedSlice int64 positions", lambda x, b: x[b[0]:b[1]], cube, np.array([1, 3], i8))
case("Transpose", lambda x: raw.Transpose(x=x, perm=[2, 0, 1]), normal(2, 3, 4))
case("Tile", lambda x: raw.Tile(input=x, multiples=[2, 3]), normal(2, 2))
case("Pad", lambda x: raw.Pad(input=x, paddings=[[1, 0], [0, 2]]), normal(2, 2))
case("PadV2", lambda x: raw.PadV2(input=x, paddings=[[0, 1], [1, 1]], constant_values=tf.constant(9, tf.float32)), normal(1, 2))
case("Fill", lambda d: raw.Fill(dims=d, value=tf.constant(2.5)), np.array([2, 3], i4))
case("ZerosLike OnesLike", lambda x: [raw.ZerosLike(x=x), raw.OnesLike(x=x)], np.array([5, 6], i8))
case("Range", lambda n: raw.Range(start=0, limit=n, delta=3), np.array(10, i4))
case("Range float", lambda n: raw.Range(start=np.float32(1), limit=n, delta=np.float32(-0.25)), np.array(0, f4))
case("Gather", lambda x, i: raw.Gather(params=x, indices=i), normal(4, 2), np.array([[3, 0], [1, 1]], i4))
case("GatherV2 axis", lambda x, i: raw.GatherV2(params=x, indices=i, axis=-1), normal(2, 4), np.array([2, 0, 2], i8))
case("GatherV2 batch_dims", lambda x, i: raw.GatherV2(params=x, indices=i, axis=1, batch_dims=1), normal(2, 3, 2), np.array([[2, 0], [1, 1]], i4))
for dtype in (tf.int32, tf.float64, tf.bool, tf.int64, tf.int8):
    case(f"Cast to {dtype.name}", lambda x, dtype=dtype: raw.Cast(x=x, DstT=dtype), np.array([-2.7, 0, 0.4, 99.9], f4))
case("Cast from int64 and bool", lambda x, b: [raw.Cast(x=x, DstT=tf.float32), raw.Cast(x=b, DstT=tf.float32)], np.array([2**24 + 1, -5], i8), truth)
case("Cast of half and bfloat16 constants",
     lambda: [raw.Cast(x=tf.constant([1.5, -0.1, 6e-8, 65504, np.inf], tf.float16), DstT=tf.float32),
              raw.Cast(x=tf.constant([1.5, -0.1, 3e38], tf.bfloat16), DstT=tf.float32)])
case("IdentityN StopGradient", lambda x, y: [*raw.IdentityN(input=[x, y]), raw.StopGradient(input=x)], normal(2), np.array([3], i4))
case("PlaceholderWithDefault", lambda x: [x + tf1.placeholder_with_default(np.float32(4), [], name="default")], normal(2))


# ---- images
def exact(*shape):
    """Quarters, so that the order in which TensorFlow sums does not matter."""
    return (rng.integers(-6, 7, shape) / 4).astype(f4)


image = exact(2, 7, 6, 4)
for padding in ("SAME", "VALID"):
    for stride, dilation in ((1, 1), (2, 1), (1, 2), (3, 1)):
        case(f"Conv2D {padding} stride {stride} dilation {dilation}",
             lambda x, w, p=padding, s=stride, d=dilation: raw.Conv2D(input=x, filter=w, strides=[1, s, s, 1], padding=p, dilations=[1, d, d, 1]),
             image, exact(3, 2, 4, 5))
case("Conv2D EXPLICIT", lambda x, w: raw.Conv2D(input=x, filter=w, strides=[1, 2, 1, 1], padding="EXPLICIT", explicit_paddings=[0, 0, 1, 2, 0, 1, 0, 0]), image, exact(3, 3, 4, 2))
case("Conv2D groups", lambda x, w: raw.Conv2D(input=x, filter=w, strides=[1, 1, 1, 1], padding="SAME"), image, exact(3, 3, 2, 6))
case("Conv2D pointwise", lambda x, w: raw.Conv2D(input=x, filter=w, strides=[1, 1, 1, 1], padding="VALID"), image, exact(1, 1, 4, 6))
case("Conv2D pointwise stride 13", lambda x, w: raw.Conv2D(input=x, filter=w, strides=[1, 1, 13, 1], padding="VALID"), exact(1, 1, 27, 2), exact(1, 1, 2, 3))
case("Conv1D", lambda x, w: tf.nn.conv1d(x, w, 1, "SAME"), exact(2, 9, 4), exact(3, 4, 5))
case("Conv1D dilated", lambda x, w: tf.nn.conv1d(x, w, 1, "VALID", dilations=2), exact(2, 9, 4), exact(3, 4, 5))
for padding in ("SAME", "VALID"):
    for stride, multiplier in ((1, 1), (2, 2)):
        case(f"DepthwiseConv2dNative {padding} {stride} {multiplier}",
             lambda x, w, p=padding, s=stride: raw.DepthwiseConv2dNative(input=x, filter=w, strides=[1, s, s, 1], padding=p),
             image, exact(3, 3, 4, multiplier))
case("DepthwiseConv2dNative dilated", lambda x, w: tf.nn.depthwise_conv2d(x, w, [1, 1, 1, 1], "VALID", dilations=[2, 2]), image, exact(2, 2, 4, 1))
for padding, shape in (("SAME", (2, 14, 11, 3)), ("VALID", (2, 15, 13, 3))):
    small = exact(2, 7, 6, 4)
    case(f"Conv2DBackpropInput {padding}",
         lambda x, w, p=padding, s=shape: raw.Conv2DBackpropInput(input_sizes=tf.constant(s), filter=w, out_backprop=x, strides=[1, 2, 2, 1], padding=p),
         small, exact(3, 3, 3, 4))
case("Conv2DBackpropInput of a computed size", lambda x, w: raw.Conv2DBackpropInput(
    input_sizes=tf.stack([tf.shape(x)[0], tf.shape(x)[1] * 3, tf.shape(x)[2], 2]), filter=w, out_backprop=x, strides=[1, 3, 1, 1], padding="SAME"),
     exact(3, 2, 4, 5), exact(4, 3, 2, 5))
for op in ("MaxPool", "AvgPool"):
    for padding in ("SAME", "VALID"):
        for size, stride in ((2, 2), (3, 1), (3, 2)):
            key = "input" if op == "MaxPool" else "value"
            case(f"{op} {padding} {size} {stride}",
                 lambda x, op=op, p=padding, k=size, s=stride, key=key: getattr(raw, op)(**{key: x}, ksize=[1, k, k, 1], strides=[1, s, s, 1], padding=p), image)
case("MaxPool of negatives", lambda x: raw.MaxPool(input=x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID"), np.array([-1, -2, -3, -4], f4).reshape(1, 2, 2, 1))
for corners, centers in ((False, False), (True, False), (False, True)):
    for op in ("ResizeNearestNeighbor", "ResizeBilinear"):
        for size in ((9, 8), (4, 3)):
            case(f"{op} {size} align_corners {corners} half_pixel_centers {centers}",
                 lambda x, op=op, s=size, a=corners, h=centers: getattr(raw, op)(images=x, size=tf.constant(s), align_corners=a, half_pixel_centers=h), image[:1, :5, :4, :2])
case("FusedBatchNormV3 training, one image", lambda x, s, o: raw.FusedBatchNormV3(x=x, scale=s, offset=o, mean=[], variance=[], epsilon=1e-3, is_training=True)[:3],
     exact(1, 1, 5, 3), exact(3), exact(3))

# ---- more of the production table
halves = np.array([-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 1e9 + 0.5, -0.4], f4)
case("Round half to even", lambda x: raw.Round(x=x), halves)
case("Relu Maximum Minimum of NaN and infinities", lambda x, y: [raw.Relu(features=x), raw.Maximum(x=x, y=y), raw.Minimum(x=x, y=y), raw.LeakyRelu(features=x, alpha=0.1)],
     np.array([np.nan, 1, np.inf, -np.inf, 2], f4), np.array([0, np.nan, 1, 1, -np.inf], f4))
case("Softmax of large values", lambda x: raw.Softmax(logits=x), np.array([[1000, 999, -1000], [-1e30, -1e30, 0]], f4))
for op in ("Erf", "Erfc", "Tan", "Atan", "Sinh", "Cosh"):
    case(op, lambda x, op=op: getattr(raw, op)(x=x), np.array([-8, -4, -2.6, -2.4, -1, -0.1, 0, 1e-4, 0.7, 1.4, 2.5, 3, 5.9, 6.1], f4))
for op in ("Asin", "Acos"):
    case(op, lambda x, op=op: getattr(raw, op)(x=x), np.array([-1, -0.5, 0, 0.3, 1], f4))
case("Log1p of what has none", lambda x: [raw.Log1p(x=x), raw.Log(x=x), raw.Sqrt(x=x), raw.Rsqrt(x=x)], np.array([-2, -1, 0, -0.0], f4))
for axis in (-1, 0, 1):
    case(f"OneHot axis {axis}", lambda x, a=axis: raw.OneHot(indices=x, depth=4, on_value=np.float32(2), off_value=np.float32(-1), axis=a), np.array([[0, 3], [-1, 4]], i4))
case("OneHot of a Cast", lambda x: raw.OneHot(indices=tf.cast(x, tf.int64), depth=5, on_value=1.0, off_value=0.0), np.array([1.9, 4.2], f4))
case("ReverseV2", lambda x: [raw.ReverseV2(tensor=x, axis=[1]), raw.ReverseV2(tensor=x, axis=[0, -1]), raw.ReverseV2(tensor=x, axis=np.zeros(0, i4))], normal(2, 3, 4))
case("BroadcastTo", lambda x: raw.BroadcastTo(input=x, shape=[2, 3, 4]), normal(3, 1))
case("GatherNd", lambda x, i: raw.GatherNd(params=x, indices=i), normal(3, 4, 2), np.array([[[0, 1]], [[2, 3]]], i4))
case("GatherNd of rows", lambda x, i: raw.GatherNd(params=x, indices=i), normal(3, 4), np.array([[2], [0]], i8))
case("Cumulative shapes of an old graph", lambda x: raw.Prod(input=raw.StridedSlice(input=raw.Shape(input=x), begin=[1], end=[0], strides=[1], end_mask=1), axis=[0]), normal(2, 3, 4))
for equation, shapes in (("bpd,bp->bd", ((2, 3, 4), (2, 3))), ("abc,cde->abde", ((2, 3, 4), (4, 2, 5))), ("aecd,abcd->acbe", ((2, 3, 2, 4), (2, 5, 2, 4))),
                         ("...ij,...jk->...ik", ((2, 1, 3, 4), (5, 4, 2))), ("ij->ji", ((3, 4),)), ("ij->", ((3, 4),)), ("ii->i", ((3, 3),)),
                         ("i,j->ij", ((3,), (4,))), ("...a->...", ((2, 3, 4),)), ("ab,ab->", ((2, 3), (2, 3)))):
    case(f"Einsum {equation}", lambda *x, e=equation: raw.Einsum(inputs=list(x), equation=e), *[normal(*s) for s in shapes])
case("ToBool", lambda x: [raw.ToBool(input=x), raw.ToBool(input=x[0])], np.array([0, 1], i4))
case("BatchMatMulV2 float64 adj", lambda a, b: raw.BatchMatMulV2(x=a, y=b, adj_x=True, adj_y=True), normal(2, 4, 3, dtype=f8), normal(5, 4, dtype=f8)[None])
case("BiasAdd of images", lambda x, b: raw.BiasAdd(value=x, bias=b), image, normal(4))
case("Empty constants joined", lambda x: raw.ConcatV2(values=[tf.constant(np.zeros((0,), i4)), tf.shape(x)], axis=0), normal(2, 3))
case("Assert that holds", lambda x: tf.identity(x) if not tf1.debugging.Assert(tf.reduce_all(x > -100), [x]) else x, normal(3))

# ---- lists
def list_ops(x):
    made = raw.TensorListFromTensor(tensor=x, element_shape=tf.constant([-1], tf.int32))
    changed = raw.TensorListSetItem(input_handle=made, index=1, item=x[0] * 10)
    pushed = raw.TensorListPushBack(input_handle=changed, tensor=x[2])
    popped, last = raw.TensorListPopBack(input_handle=pushed, element_shape=tf.constant([-1], tf.int32), element_dtype=tf.float32)
    reserved = raw.TensorListReserve(element_shape=tf.constant([4], tf.int32), num_elements=3, element_dtype=tf.float32)
    one = raw.TensorListSetItem(input_handle=reserved, index=2, item=x[1])
    empty = raw.EmptyTensorList(element_shape=tf.constant([4], tf.int32), max_num_elements=9, element_dtype=tf.float32)
    get = lambda handle, i: raw.TensorListGetItem(input_handle=handle, index=i, element_shape=tf.constant([4], tf.int32), element_dtype=tf.float32)
    stacked = lambda handle: raw.TensorListStack(input_handle=handle, element_shape=tf.constant([4], tf.int32), element_dtype=tf.float32)
    return [stacked(made), stacked(changed), last, stacked(popped), get(changed, 1), get(one, 0), stacked(one),
            stacked(raw.TensorListPushBack(input_handle=empty, tensor=x[0])), raw.TensorListLength(input_handle=pushed),
            raw.TensorListElementShape(input_handle=reserved, shape_type=tf.int32), raw.TensorListElementShape(input_handle=reserved, shape_type=tf.int64),
            stacked(raw.TensorListResize(input_handle=made, size=2)),
            raw.TensorListGather(input_handle=made, indices=[2, 0], element_shape=tf.constant([4], tf.int32), element_dtype=tf.float32),
            *raw.TensorListConcatV2(input_handle=made, element_shape=tf.constant([-1], tf.int32), leading_dims=tf.constant([], tf.int64), element_dtype=tf.float32)]
case("TensorList ops", list_ops, normal(3, 4))

def array_ops(x):
    handle, flow = raw.TensorArrayV3(size=3, dtype=tf.float32, element_shape=[4], clear_after_read=False)
    flow = raw.TensorArrayScatterV3(handle=handle, indices=[2, 0, 1], value=x, flow_in=flow)
    read = raw.TensorArrayReadV3(handle=handle, index=0, flow_in=flow, dtype=tf.float32)
    size = raw.TensorArraySizeV3(handle=handle, flow_in=flow)
    grows, more = raw.TensorArrayV3(size=0, dtype=tf.float32, dynamic_size=True, clear_after_read=False)
    for i in range(3):
        more = raw.TensorArrayWriteV3(handle=grows, index=i, value=x[i] * i, flow_in=more)
    parts, cut = raw.TensorArrayV3(size=2, dtype=tf.float32, clear_after_read=False)
    cut = raw.TensorArraySplitV3(handle=parts, value=x, lengths=tf.constant([1, 2], tf.int64), flow_in=cut)
    return [read, size, raw.TensorArrayGatherV3(handle=handle, indices=[0, 1, 2], flow_in=flow, dtype=tf.float32),
            raw.TensorArrayGatherV3(handle=grows, indices=[2, 1], flow_in=more, dtype=tf.float32),
            raw.TensorArrayReadV3(handle=parts, index=1, flow_in=cut, dtype=tf.float32), *raw.TensorArrayConcatV3(handle=parts, flow_in=cut, dtype=tf.float32)]
case("TensorArray ops", array_ops, normal(3, 4))

# ---- control flow, as TensorFlow 1 wrote it (frames) and as functions
def collatz(n):
    return tf1.while_loop(lambda i, n: n > 1, lambda i, n: (i + 1, tf.where(n % 2 == 0, n // 2, 3 * n + 1)), (0, n))

def nested(x):
    def outer(i, total):
        inner = tf1.while_loop(lambda j, s: j < i, lambda j, s: (j + 1, s + x * tf.cast(j, tf.float32)), (0, total))
        return i + 1, inner[1] * 0.5
    return tf1.while_loop(lambda i, s: i < 5, outer, (0, tf.zeros_like(x)))[1]

def swapped(a, b):
    return tf1.while_loop(lambda i, a, b: i < 5, lambda i, a, b: (i + 1, b, a + b), (0, a, b))[1:]

def never(x):
    return tf1.while_loop(lambda i, x: i < 0, lambda i, x: (i + 1, x * 2), (0, x))

def branch_in_loop(x):
    body = lambda i, s: (i + 1, tf1.cond(tf.reduce_sum(s) > 3, lambda: s * 0.5, lambda: s + x))
    return tf1.while_loop(lambda i, s: i < 7, body, (0, tf.zeros_like(x)))[1]

def loop_in_branch(x, flag):
    grown = lambda: tf1.while_loop(lambda i, s: i < 4, lambda i, s: (i + 1, s * x), (0, x))[1]
    return tf1.cond(flag, grown, lambda: tf.constant([7.0, 7.0]))

def growing(x):
    shapes = (tf.TensorShape([]), tf.TensorShape(None))
    return tf1.while_loop(lambda i, s: i < 4, lambda i, s: (i + 1, tf.concat([s, x * tf.cast(i, tf.float32)], 0)), (0, x), shapes)[1]

def constants_chosen(flag):
    return tf1.cond(flag, lambda: [tf.fill([2], 3.0), tf.constant(1)], lambda: [tf.constant([5.0, 6.0]), tf.constant(2)])

def rows_squared(x):
    return tf.map_fn(lambda row: row * row - 1, x)

def rnn(x, flag):
    """As Keras wrote its GRUs: reads step 0 before the loop, goes backwards, weights enter as constants, dropout in a branch."""
    kernel, recurrent = tf.constant(weights["kernel"]), tf.constant(weights["recurrent"])
    steps = tf1.transpose(x[:, ::-1], [1, 0, 2])
    inputs = tf.TensorArray(tf.float32, tf.shape(steps)[0], clear_after_read=False).unstack(steps)
    outputs = tf.TensorArray(tf.float32, tf.shape(steps)[0])
    state = tf.zeros_like(inputs.read(0)[:, :1]) + tf.zeros([1, 5])
    keep = tf1.cond(flag, lambda: tf1.nn.dropout(tf.ones([5]), rate=0.5, seed=1), lambda: tf.ones([5]))
    def step(t, state, outputs):
        gate = tf.clip_by_value(0.2 * (inputs.read(t) @ kernel + state @ recurrent) + 0.5, 0, 1)
        new = gate * state + (1 - gate) * tf.tanh(inputs.read(t) @ kernel) * keep
        return t + 1, new, outputs.write(t, new)
    _, last, outputs = tf1.while_loop(lambda t, *_: t < tf.shape(steps)[0], step, (0, state, outputs))
    return [last, outputs.stack()]

def normalized(x, flag):
    """Batch normalisation with the batch's own moments in the branch of training."""
    mean, variance = tf.nn.moments(x, [0])
    trained = (x - mean) * tf1.rsqrt(variance + 1e-3)
    return tf1.cond(flag, lambda: trained, lambda: (x - 0.25) * tf1.rsqrt(tf.constant(1.5)))

weights = {"kernel": normal(3, 5), "recurrent": normal(5, 5) * f4(0.3)}
number = np.array(27, i4)
for version in (1, 2):
    (tf1.disable_control_flow_v2 if version == 1 else tf1.enable_control_flow_v2)()
    tag = "of TensorFlow 1" if version == 1 else "as functions"
    case(f"while: collatz {tag}", collatz, number)
    case(f"while: nested {tag}", nested, normal(3))
    case(f"while: variables swapped {tag}", swapped, normal(2), normal(2))
    case(f"while: never entered {tag}", never, normal(2))
    case(f"while: branch in loop {tag}", branch_in_loop, np.abs(normal(2)))
    for flag in (True, False):
        case(f"while: loop in branch {flag} {tag}", loop_in_branch, normal(2), np.array(flag))
        case(f"cond: constants chosen by {flag} {tag}", constants_chosen, np.array(flag))
        case(f"cond: batch norm in training {flag} {tag}", normalized, normal(4, 3), np.array(flag))
    case(f"while: a variable that grows {tag}", growing, normal(2))
    case(f"while: map_fn {tag}", rows_squared, normal(3, 2))
    case(f"while: recurrent network going backwards {tag}", rnn, normal(2, 4, 3), np.array(False))
    for index in (0, 1, 7):
        case(f"case: branch {index} {tag}", lambda i, x: tf.switch_case(i, [lambda: x + 1, lambda: x * 2, lambda: x - 3]), np.array(index, i4), normal(2))

@tf.function
def twice(x):
    return x * 2, tf.shape(x)
case("PartitionedCall", lambda x: twice(x), normal(2, 3))
tf1.disable_control_flow_v2()
def value_index(x, flag):
    no, yes = raw.Switch(data=x, pred=flag)
    merged, index = raw.Merge(inputs=[no, yes * 2])
    with tf1.control_dependencies([yes]):
        dead = tf1.constant(5.0)
    return [merged, index, raw.Merge(inputs=[dead, no + 1])[0] if not FLAG else raw.Merge(inputs=[dead, no])[0]]
for FLAG in (True, False):
    case(f"Merge says which input it was, control inputs die too: {FLAG}", value_index, normal(2) if not FLAG else f4(1.5), np.array(FLAG))

here = os.path.dirname(os.path.abspath(__file__))
jets = np.array([[35, -1.2, 0.3, 6, 14], [120, 0.1, -3.1, 14, 32], [51.5, 2.4, 2.2, 9.5, 21],
                 [15.01, -4.7, 1, 3.25, 5], [800, 0.7, -0.4, 95, 45]], f4)
with tf1.Graph().as_default() as graph:
    definition = tf1.GraphDef()
    with open(os.path.join(here, "../../../data/models/jet_btag/graph.pb"), "rb") as model:
        definition.ParseFromString(model.read())
    tf1.import_graph_def(definition, name="")
    with tf1.Session() as session:
        scores = session.run("output:0", {"input:0": jets})

with open(os.path.join(here, "op_goldens.json"), "w") as out:
    out.write('{"produced_by": "TensorFlow %s",\n"jet_btag": ' % tf.__version__)
    out.write(json.dumps({"batch": 5, "inputs": {"input": tensor(jets)}, "outputs": {"output": tensor(scores)}}))
    out.write(',\n"cases": [\n')
    out.write(",\n".join(json.dumps(c) for c in cases))
    out.write("\n]}\n")
print(len(cases), "cases")
