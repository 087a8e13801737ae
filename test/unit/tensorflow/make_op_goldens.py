"""Writes op_goldens.json beside this file: one small graph an op, with inputs and what TensorFlow 2.15 makes of them,
and a few jets through data/models/jet_btag.
Run: python make_op_goldens.py   (needs tensorflow-cpu==2.15.1; the result is committed)
"""
import base64, json, os
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
            "graph": base64.b64encode(graph.as_graph_def().SerializeToString()).decode(),
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
