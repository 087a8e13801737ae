"""Writes the small SavedModels of the runner tests beside it, and expected.json with what TensorFlow computes from them.
They are our own, under this repository's licence; the cases are those that BentoML's documentation and tests name.

    pip install tensorflow-cpu==2.15.1 && python make_models.py
"""
import json
import os
import shutil
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np
import tensorflow as tf

HERE = Path(__file__).resolve().parent
Spec = tf.TensorSpec
expected = {}


def save(name, module, **options):
    shutil.rmtree(HERE / name, ignore_errors=True)
    tf.saved_model.save(module, str(HERE / name), **options)
    for needless in ("fingerprint.pb", "keras_metadata.pb"):
        (HERE / name / needless).unlink(missing_ok=True)
    if not any((HERE / name / "assets").iterdir()):
        (HERE / name / "assets").rmdir()


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return {"dtype": value.dtype.name, "shape": list(value.shape), "data": value.numpy().ravel().tolist()}


class Native(tf.Module):
    """ones(5) . [1..5] = 15.0, in float64."""

    def __init__(self):
        super().__init__()
        self.weights = tf.Variable(np.ones((5, 1)), name="weights")

    @tf.function(input_signature=[Spec([None, 5], tf.float64, name="inputs")])
    def __call__(self, inputs):
        return tf.matmul(inputs, self.weights)


class MultiInput(tf.Module):
    """Three arguments, not in the order of the alphabet: 60.0 for [1..5], [1..5], 3."""

    def __init__(self):
        super().__init__()
        self.weights = tf.Variable(np.ones((5, 1)), name="weights")

    @tf.function(input_signature=[Spec([None, 5], tf.float64), Spec([None, 5], tf.float64), Spec([], tf.float64)])
    def __call__(self, x2, x1, factor):
        return tf.matmul(x2 + x1 * factor, self.weights)


class Methods(tf.Module):
    """Several signatures: a tuple, a dictionary, arguments by keyword, int64."""

    def __init__(self):
        super().__init__()
        self.offset = tf.Variable([1.0, 2.0], name="offset")

    @tf.function(input_signature=[Spec([1, 5], tf.int64, name="input")])
    def count(self, input):
        return tf.reduce_sum(input, axis=1)

    @tf.function(input_signature=[Spec([None, 2], tf.float32)])
    def pair(self, x):
        return 2 * x, x

    @tf.function(input_signature=[Spec([None, 2], tf.float32, name="z_first"), Spec([None, 2], tf.float32, name="a_second")])
    def difference(self, first, second):
        return {"difference": first - second, "a_sum": first + second + self.offset}

    @tf.function
    def scaled(self, x, shift, *, gain, bias):
        return x * gain + bias - shift


def methods():
    module = Methods()
    rows = Spec([None, 2], tf.float32)
    scaled = module.scaled.get_concrete_function(rows, Spec([None, 2], tf.float32, name="shift"), gain=Spec([], tf.float32, name="gain"), bias=Spec([None, 2], tf.float32, name="bias"))
    save("methods", module, signatures={"count": module.count, "pair": module.pair, "difference": module.difference, "scaled": scaled})
    x, y = tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([[10.0, 20.0], [30.0, 40.0]])
    expected["methods"] = {
        "count": plain(module.count(tf.constant([[1, 2, 3, 4, 2**53]], tf.int64))),
        "pair": plain(module.pair(x)),
        "difference": plain(module.difference(x, y)),
        "scaled": plain(module.scaled(x, y, gain=tf.constant(3.0), bias=y * 100)),
    }


def keras_dense():
    tf.keras.backend.set_floatx("float64")
    tf.keras.utils.set_random_seed(7)
    model = tf.keras.Sequential([tf.keras.layers.InputLayer([5]), tf.keras.layers.Dense(6, activation="tanh", name="dense")])
    save("keras_dense", model)
    x = np.arange(10.0).reshape(2, 5) / 4
    expected["keras_dense"] = plain(model(x))


if __name__ == "__main__":
    native, multi = Native(), MultiInput()
    save("native", native)
    save("multi_input", multi)
    x = tf.constant([[1.0, 2, 3, 4, 5]], tf.float64)
    expected["native"] = plain(native(x))
    expected["multi_input"] = plain(multi(x, x * 2, tf.constant(3.0, tf.float64)))
    methods()
    keras_dense()
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
