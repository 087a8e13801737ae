"""Scores the jets of records with the SavedModel and compares with the scores that are in the records.

    python compare.py train.py SAVED_MODEL scored_features.py
"""

import importlib.util
import json
import sys

import numpy as np
import tensorflow as tf


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def roc_auc(is_b, scores):
    """Share of pairs of a b jet and another in which the b jet has the higher score; equal ones count half."""
    b, other = scores[is_b][:, None], scores[~is_b][None, :]
    return float((b > other).mean() + 0.5 * (b == other).mean())


train = load("train", sys.argv[1])
model = tf.saved_model.load(sys.argv[2]).signatures["serving_default"]
records = load("records", sys.argv[3])
jets = next(iter(records.dataset(batch_size=1_000_000)))
inputs = train.inputs(jets, train.input_names(records))
expected = model(inputs)["output"].numpy()[:, 0]
found = jets["scores_score"].numpy()
is_b = jets["flavour"].numpy() == train.B_FLAVOUR
print(json.dumps({
    "jets": len(found),
    "largestDifference": float(np.abs(expected - found).max()),
    "auc": roc_auc(is_b, found),
    "aucOfPython": roc_auc(is_b, expected),
}))
