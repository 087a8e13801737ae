"""Times a frozen graph in TensorFlow's Session on one thread, call by call as inference.mjs asks on stdin."""
import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow as tf

folder = sys.argv[1]
one_thread = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)


def plain(array):
    return [float(value) for value in np.asarray(array).ravel()]


for line in sys.stdin:
    request = json.loads(line)
    if "open" in request:
        definition = tf.compat.v1.GraphDef()
        with open(f"{folder}/{request['open']}/frozen.pb", "rb") as file:
            definition.ParseFromString(file.read())
        graph = tf.Graph()
        with graph.as_default():
            tf.import_graph_def(definition, name="")
        session = tf.compat.v1.Session(graph=graph, config=one_thread)
        inputs = request["inputs"]
        call = session.make_callable(request["fetches"], [each["tensor"] for each in inputs])
        feeds = [np.array(each["values"], dtype=each["dtype"]).reshape(each["shape"]) for each in inputs]
        answer = {}
    elif "run" in request:
        answer = {"outputs": [plain(output) for output in call(*feeds)]}
    else:
        start = time.perf_counter()
        for _ in range(request["time"]):
            call(*feeds)
        answer = {"us": 1e6 * (time.perf_counter() - start) / request["time"]}
    print(json.dumps(answer), flush=True)
