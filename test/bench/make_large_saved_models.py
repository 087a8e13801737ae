"""Writes two SavedModels of 50 MB into FOLDER: variables/ (twelve dense layers) and constants/ (one large constant).

    python make_large_saved_models.py FOLDER
"""
import sys

import numpy as np
import tensorflow as tf

folder = sys.argv[1]
width = 1024


class Layers(tf.Module):
    def __init__(self):
        super().__init__()
        self.weights = [tf.Variable(tf.random.normal([width, width]), name=f"w{i}") for i in range(12)]

    @tf.function(input_signature=[tf.TensorSpec([None, width], tf.float32, "x")])
    def __call__(self, x):
        for weights in self.weights:
            x = tf.nn.relu(tf.matmul(x, weights))
        return {"y": x}


class Table(tf.Module):
    def __init__(self):
        super().__init__()
        self.values = np.random.default_rng(1).normal(size=12_500_000).astype(np.float32)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, "x")])
    def __call__(self, x):
        return {"y": tf.gather(tf.constant(self.values), x)}


for name, module in (("variables", Layers()), ("constants", Table())):
    tf.saved_model.save(module, f"{folder}/{name}", signatures=module.__call__.get_concrete_function())
