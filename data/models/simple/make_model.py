"""Makes the model of CMSSW's tfaot documentation: `simple`, with random weights from seed 1, as a SavedModel.

    python make_model.py

Needs tensorflow 2.15 (pip install tensorflow-cpu==2.15.1). The score of [0, 1, 2, 3] is 0.648093, 0.351907.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow as tf

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    tf.keras.utils.set_random_seed(1)
    x = tf.keras.Input(shape=(4,), dtype=tf.float32, name="input")
    a = tf.keras.layers.BatchNormalization(axis=1, renorm=True)(x)
    for _ in range(5):
        a = tf.keras.layers.Dense(128, activation="tanh")(a)
        a = tf.keras.layers.BatchNormalization(axis=1, renorm=True)(a)
    y = tf.keras.layers.Dense(2, activation="softmax", name="output")(a)
    model = tf.keras.Model(inputs=x, outputs=y)

    print(model(np.array([[0, 1, 2, 3]], dtype=np.float32)).numpy())
    # Without the training side, which nothing here reads.
    serving = tf.function(lambda tensor: {"output": model(tensor, training=False)})
    signature = serving.get_concrete_function(tf.TensorSpec([None, 4], tf.float32, name="input"))
    module = tf.Module()
    module.model = model
    tf.saved_model.save(module, os.path.join(HERE, "saved_model"), signatures={"serving_default": signature})


if __name__ == "__main__":
    main()
