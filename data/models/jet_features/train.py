"""Trains a small network on the records of configs/training_records_cfg.ts and writes it as a SavedModel.

What the records hold, and how they are read, is in the Python file that cmsrun wrote beside them. The normalisation is
part of the network: its input are the fields of JetFeatures as cmsrun computes them, in training and in scoring.

    cmsrun configs/training_records_cfg.ts outputFile=train.tfrecord
    python data/models/jet_features/train.py train_features.py saved_model
"""

import argparse
import importlib.util
import os

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # oneDNN picks kernels, and so rounding, by CPU type
import tensorflow as tf

SEED = 2024
EPOCHS = 8
B_FLAVOUR = 5


def records_module(path):
    """The Python file beside the records, as a module."""
    spec = importlib.util.spec_from_file_location("records", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def input_names(records):
    """The features that the network is given: the fields of JetFeatures, in the order of the message."""
    return [name for name in records.feature_description if name.startswith("features_")]


def inputs(jets, names):
    """One row a jet."""
    return tf.stack([tf.cast(jets[name], tf.float32) for name in names], axis=1)


def train(records):
    names = input_names(records)

    def labelled(jets):
        return inputs(jets, names), tf.cast(jets["flavour"] == B_FLAVOUR, tf.float32)

    normalise = tf.keras.layers.Normalization()
    normalise.adapt(records.dataset(batch_size=256).map(lambda jets: labelled(jets)[0]))
    network = tf.keras.Sequential([
        tf.keras.Input([len(names)], name="input"),
        normalise,
        tf.keras.layers.Dense(32, activation="tanh"),
        tf.keras.layers.Dense(16, activation="tanh"),
        tf.keras.layers.Dense(1, activation="sigmoid", name="output"),
    ], name="jet_features")
    network.compile(optimizer=tf.keras.optimizers.Adam(3e-3), loss="binary_crossentropy",
                    metrics=[tf.keras.metrics.AUC(name="auc")])
    batches = records.dataset(batch_size=64, shuffle=100_000, seed=SEED).map(labelled)
    network.fit(batches, epochs=EPOCHS, verbose=2)
    return network


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("records", help="NAME_features.py beside the records")
    parser.add_argument("output", help="directory of the SavedModel")
    args = parser.parse_args()
    tf.keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    network = train(records_module(args.records))

    width = network.input_shape[1]

    @tf.function(input_signature=[tf.TensorSpec([None, width], tf.float32, name="input")])
    def score(rows):
        return {"output": network(rows, training=False)}

    tf.saved_model.save(network, args.output, signatures=score)


if __name__ == "__main__":
    main()
