"""Opens what the tests have exported with TensorFlow's own loaders, runs it, and prints what came of it as JSON.

argv[1]: a JSON list of {path, tags, signature, inputs, outputs, isCompact}; tensors are {dtype, shape, data}.
"""
import contextlib
import io
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import fingerprint_pb2
from tensorflow.python.saved_model.pywrap_saved_model import fingerprinting
from tensorflow.python.tools import saved_model_cli

tf.get_logger().setLevel("ERROR")
v1 = tf.compat.v1


def array(plain):
    if plain["dtype"] == "string":
        return np.array([s.encode() for s in plain["data"]], dtype=object).reshape(plain["shape"])
    if plain["dtype"] in ("bfloat16", "half"):
        dtype = tf.bfloat16.as_numpy_dtype if plain["dtype"] == "bfloat16" else np.float16
        return np.array(plain["data"], dtype=np.uint16).view(dtype).reshape(plain["shape"])
    data = [int(x) if isinstance(x, str) and "int" in plain["dtype"] else x for x in plain["data"]]
    return np.array(data, dtype=plain["dtype"]).reshape(plain["shape"])


def difference(result, plain):
    """The largest |a - b| / max(1, |b|); 1 for what is no number and not the same."""
    wanted = array(plain)
    if list(result.shape) != list(wanted.shape):
        return f"shape {result.shape}"
    if result.dtype != wanted.dtype:
        return f"dtype {result.dtype}"
    if wanted.dtype.kind != "f":
        return 0.0 if np.array_equal(result, wanted) else 1.0
    a, b = result.astype(np.float64), wanted.astype(np.float64)
    return float(np.max(np.abs(a - b) / np.maximum(1, np.abs(b)), initial=0))


def differences(results, outputs):
    return {key: difference(np.asarray(results[key]), plain) for key, plain in outputs.items()}


def saved_model(case):
    path, key = case["path"], case["signature"]
    feeds = {name: array(plain) for name, plain in case["inputs"].items()}
    loaded = tf.saved_model.load(path, tags=case["tags"])
    function = loaded.signatures[key]
    constants = {name: tf.constant(value) for name, value in feeds.items()}
    # A keyword of Python is any text: tensors' names are keys here.
    results = {k: v.numpy() for k, v in function(**constants).items()}
    with tf.Graph().as_default(), v1.Session() as session:
        signature = v1.saved_model.load(session, case["tags"], path).signature_def[key]
        in_session = session.run(
            {k: info.name for k, info in signature.outputs.items()},
            {signature.inputs[name].name: value for name, value in feeds.items()},
        )
    with open(path + "/fingerprint.pb", "rb") as file:
        ours = file.read()
    theirs = fingerprinting.CreateFingerprintDef(path)
    return {
        "eager": differences(results, case["outputs"]),
        "session": differences(in_session, case["outputs"]),
        "variables": {v.name: [v.dtype.name, list(v.shape), v.trainable] for v in loaded.variables},
        "values": {k: difference(by_name(loaded, k), plain) for k, plain in case.get("variables", {}).items()},
        "signatures": list(loaded.signatures),
        "fingerprint": str(fingerprint_pb2.FingerprintDef.FromString(theirs))
        if ours != theirs
        else "equal",
        "assets": [os.path.relpath(a.asset_path.numpy().decode(), path) for a in loaded.asset_paths],
    }


def by_name(loaded, name):
    return next(v for v in loaded.variables if v.name == name + ":0").read_value().numpy()


def saved_again(case):
    """BentoML and others save what they have loaded."""
    loaded = tf.saved_model.load(case["path"], tags=case["tags"])
    again = case["path"] + "_again"
    tf.saved_model.save(loaded, again, signatures=loaded.signatures)
    constants = {name: tf.constant(array(plain)) for name, plain in case["inputs"].items()}
    results = tf.saved_model.load(again).signatures[case["signature"]](**constants)
    return differences({k: v.numpy() for k, v in results.items()}, case["outputs"])


def command_line(case):
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        saved_model_cli._show_all(case["path"])
    feeds = {name: array(plain) for name, plain in case["inputs"].items()}
    outdir = case["path"] + "_results"
    with contextlib.redirect_stdout(io.StringIO()):
        saved_model_cli.run_saved_model_with_feed_dict(
            case["path"], ",".join(case["tags"]), case["signature"], feeds, outdir, True
        )
    results = {key: np.load(f"{outdir}/{key}.npy") for key in case["outputs"]}
    return {"shown": shown.getvalue(), "run": differences(results, case["outputs"])}


def compact(case):
    graph_def = v1.GraphDef()
    with open(case["path"], "rb") as file:
        graph_def.ParseFromString(file.read())
    feeds = {name: array(plain) for name, plain in case["inputs"].items()}
    with tf.Graph().as_default() as graph, v1.Session() as session:
        tf.import_graph_def(graph_def, name="")
        outputs = {key: graph.get_tensor_by_name(name) for key, name in case["tensors"].items()}
        results = session.run(outputs, {key + ":0": value for key, value in feeds.items()})
    return {"session": differences(results, case["outputs"])}


def report(case):
    try:
        if case["isCompact"]:
            return compact(case)
        result = saved_model(case)
        if case.get("isSavedAgain"):
            result["again"] = saved_again(case)
        if case.get("isShown"):
            result.update(command_line(case))
        return result
    except Exception as error:  # the test shows it beside the case's name
        return {"error": f"{type(error).__name__}: {error}"[:2000]}


with open(sys.argv[1]) as file:
    cases = json.load(file)
print(json.dumps([report(case) for case in cases]))
