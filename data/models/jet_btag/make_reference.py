"""Writes reference.json: scores of graph.pb by TensorFlow itself, one batch an event.

    python make_reference.py nano_tt_v15.root nano_dy.root jets_heldout.root
"""

import argparse
import json
from pathlib import Path

from train import HERE, INPUTS, read_jets, roc_auc  # first: it sets up TensorFlow's environment

import numpy as np
import tensorflow as tf

GRAPH = HERE / "graph.pb"
HELDOUT = "jets_heldout.root"


def score_events(session, path):
    """Jets of each event, and the scores and b labels of all jets."""
    rows, labels, event_index, count = read_jets(path)
    counts = np.bincount(event_index, minlength=count)
    assert np.isfinite(rows).all(), f"{path}: an input is not finite"
    batches = np.split(rows, np.cumsum(counts)[:-1])
    scores = np.concatenate([session.run("output:0", {"input:0": batch}) for batch in batches])
    assert scores.shape == (len(rows), 1) and scores.dtype == np.float32
    assert np.isfinite(scores).all(), f"{path}: a score is not finite"
    return counts, scores[:, 0], labels


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", help=f"event files with the branches {INPUTS}")
    args = parser.parse_args()
    graph_def = tf.compat.v1.GraphDef.FromString(GRAPH.read_bytes())
    reference = {"tensorflow": tf.__version__, "files": {}}
    with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph) as session:
        tf.import_graph_def(graph_def, name="")
        for path in map(Path, args.files):
            counts, scores, labels = score_events(session, path)
            entry = {"events": len(counts), "nJet": counts.tolist(), "scores": scores.tolist()}
            if path.name == HELDOUT:
                entry["auc"] = roc_auc(labels, scores)
            reference["files"][path.name] = entry
            print(f"{path.name}: {len(counts)} events, {len(scores)} jets, "
                  f"{int(np.sum(counts == 0))} events without jets, score min {scores.min():.6f}, "
                  f"max {scores.max():.6f}, mean {scores.mean():.6f}, "
                  f"AUC {entry.get('auc', 'not computed')}")
    (HERE / "reference.json").write_text(json.dumps(reference) + "\n")


if __name__ == "__main__":
    main()
