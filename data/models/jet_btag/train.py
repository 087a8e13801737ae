"""Trains the b-jet score and writes graph.pb (frozen graph) and saved_model/ beside this file.

The network sees the raw branches; all normalisation is part of the graph. The last third of the
events of each file is held out: no jet of it is trained on or used to choose when to stop.

    python train.py ttbar.root qcd.root
"""

import argparse
import os
import shutil
from pathlib import Path

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # oneDNN picks kernels, and so rounding, by CPU type
import awkward as ak
import numpy as np
import tensorflow as tf
import uproot
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tensorflow.python.grappler import tf_optimizer

HERE = Path(__file__).parent
INPUTS = ["Jet_pt", "Jet_eta", "Jet_phi", "Jet_mass", "Jet_nConstituents"]
SEED = 2024


def read_jets(path):
    """Rows (float32, one a jet, columns as INPUTS), b labels and event index of each jet."""
    with uproot.open(path) as file:
        events = file["Events"].arrays([*INPUTS, "Jet_hadronFlavour"])
    columns = [ak.to_numpy(ak.flatten(events[name])).astype(np.float32) for name in INPUTS]
    labels = ak.to_numpy(ak.flatten(events["Jet_hadronFlavour"])) == 5
    event_index = np.repeat(np.arange(len(events)), ak.num(events["Jet_pt"]))
    return np.stack(columns, axis=1), labels, event_index, len(events)


def split(paths):
    """(rows, labels) for training, for early stopping (every 6th event) and held out."""
    parts = {"train": [], "stop": [], "heldout": []}
    for path in paths:
        rows, labels, event_index, count = read_jets(path)
        heldout = event_index >= 2 * count // 3
        stop = ~heldout & (event_index % 6 == 5)
        for name, chosen in {"train": ~heldout & ~stop, "stop": stop, "heldout": heldout}.items():
            parts[name].append((rows[chosen], labels[chosen]))
    return {name: [np.concatenate(column) for column in zip(*part)] for name, part in parts.items()}


def features(rows):
    """Raw branches to network inputs. A jet mass of real data may be zero or slightly negative."""
    pt = tf.maximum(rows[:, 0:1], 1.0)
    mass_over_pt = tf.maximum(rows[:, 3:4], 0.0) / pt
    return tf.concat(
        [tf.math.log(pt), tf.abs(rows[:, 1:2]), rows[:, 2:3], mass_over_pt, rows[:, 4:5]], axis=1)


def roc_auc(labels, scores):
    """Exact area under the ROC curve by ranks; a tied pair counts one half."""
    values, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2
    positives = int(np.sum(labels))
    negatives = len(labels) - positives
    rank_sum = np.sum(mean_rank[inverse][labels])
    return float((rank_sum - positives * (positives + 1) / 2) / (positives * negatives))


def train(parts):
    """A dense net on standardised features; its last layer gives the logit."""
    net = tf.keras.Sequential([
        tf.keras.layers.Dense(32, activation="relu", name="dense1"),
        tf.keras.layers.BatchNormalization(name="norm"),
        tf.keras.layers.Dense(32, activation="relu", name="dense2"),
        tf.keras.layers.Dense(1, name="logit"),
    ], name="jet_btag")
    raw = features(parts["train"][0]).numpy()
    mean, deviation = raw.mean(axis=0), raw.std(axis=0)

    def standardise(rows):
        return (features(rows) - mean) / deviation

    net.compile(optimizer=tf.keras.optimizers.Adam(2e-3),
                loss=tf.keras.losses.BinaryCrossentropy(from_logits=True))
    net.fit(standardise(parts["train"][0]), parts["train"][1], batch_size=128, epochs=200,
            validation_data=(standardise(parts["stop"][0]), parts["stop"][1]), verbose=2,
            callbacks=[tf.keras.callbacks.EarlyStopping(patience=15, restore_best_weights=True)])
    return net, standardise


def freeze(function):
    """GraphDef of a traced function: variables and constant expressions folded, dead nodes gone."""
    with convert_variables_to_constants_v2(function).graph.as_default():
        meta_graph = tf.compat.v1.train.export_meta_graph()
    fetches = meta_graph_pb2.CollectionDef()
    fetches.node_list.value.append("output")
    meta_graph.collection_def["train_op"].CopyFrom(fetches)
    config = config_pb2.ConfigProto()
    config.graph_options.rewrite_options.optimizers.extend(["pruning", "constfold"])
    folded = tf_optimizer.OptimizeGraph(config, meta_graph)
    frozen = tf.compat.v1.graph_util.extract_sub_graph(folded, ["output"])
    for node in frozen.node:
        node.device = ""
    return frozen


def score_frozen(graph_def, rows):
    with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph) as session:
        tf.import_graph_def(graph_def, name="")
        return session.run("output:0", {"input:0": rows})[:, 0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", help="ROOT files of samples/make_pythia.py")
    args = parser.parse_args()
    tf.keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    parts = split(args.files)
    net, standardise = train(parts)

    @tf.function(input_signature=[tf.TensorSpec([None, len(INPUTS)], tf.float32, name="input")])
    def score(rows):
        return {"output": tf.sigmoid(net(standardise(rows), training=False), name="output")}

    model = tf.Module(name="jet_btag")
    model.weights, model.score = net.variables, score
    shutil.rmtree(HERE / "saved_model", ignore_errors=True)
    tf.saved_model.save(model, str(HERE / "saved_model"), signatures=score)
    frozen = freeze(score.get_concrete_function())
    (HERE / "graph.pb").write_bytes(frozen.SerializeToString(deterministic=True))

    report = []
    for name, (rows, labels) in parts.items():
        scores = score_frozen(frozen, rows)
        saved = tf.saved_model.load(str(HERE / "saved_model")).signatures["serving_default"]
        difference = np.abs(saved(input=rows)["output"].numpy()[:, 0] - scores).max()
        assert difference < 1e-6, f"SavedModel and frozen graph differ by {difference} on {name}"
        report.append(f"{name}: {len(rows)} jets, {int(labels.sum())} b, "
                      f"ROC AUC {roc_auc(labels, scores):.6f}")
    (HERE / "auc.txt").write_text("\n".join(report) + "\n")
    print("\n".join(report))
    print("ops:", *sorted({node.op for node in frozen.node}))


if __name__ == "__main__":
    main()
