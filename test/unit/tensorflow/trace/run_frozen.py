"""Runs frozen graphs in TensorFlow: reads cases.json in a folder, writes each case's outputs as JSON to standard output."""
import base64
import json
import os
import sys

import numpy as np
import tensorflow as tf

folder = sys.argv[1]


def value(feed):
    if feed["dtype"] == "string":
        items = [base64.b64decode(item) for item in feed["data"]]
        return np.array(items, dtype=object).reshape(feed["shape"])
    return np.array(feed["data"], dtype=feed["dtype"]).reshape(feed["shape"])


def run(case):
    graph_def = tf.compat.v1.GraphDef()
    with open(os.path.join(folder, case["file"]), "rb") as file:
        graph_def.ParseFromString(file.read())
    graph = tf.Graph()
    with graph.as_default():
        tf.import_graph_def(graph_def, name="")
    with tf.compat.v1.Session(graph=graph) as session:
        feeds = {name: value(feed) for name, feed in case["feeds"].items()}
        return session.run(case["fetches"], feeds)


with open(os.path.join(folder, "cases.json")) as file:
    cases = json.load(file)
outputs = [run(case) for case in cases]
print(json.dumps([[{"shape": o.shape, "data": o.ravel().tolist()} for o in outs] for outs in outputs]))
